"""The channels against real servers: STARTTLS and AUTH, signed webhooks, chat by the library."""

from __future__ import annotations

import logging
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import aiosmtplib
import orjson
import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks import Webhook as Signer

from services.notify.channels import apprise, email, webhook
from services.notify.channels.email import Email, Server
from services.notify.channels.webhook import Rules, Webhook, networks
from services.notify.domain.contacts import Target
from services.notify.domain.deliveries import Delivery, Outcome
from shared.clock import FixedClock
from tests.services.notify.post import post_office
from tests.services.notify.receiver import receiver
from tests.services.notify.test_deliveries import NOW, delivery

# The chat library imports a module that a later Python will drop; no call of ours.
pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")]

SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
LOOPBACK = Rules(timeout_seconds=30.0, private_networks=networks(["127.0.0.0/8"]))


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail of the tests")])
    now = datetime.now(tz=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "mail.crt", folder / "mail.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


def authenticator(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
    return AuthResult(success=(given.login, given.password) == (b"tiendo", b"right"), handled=False)


@pytest.mark.parametrize(
    ("password", "trusted", "result"),
    [
        ("right", True, Outcome("sent", "accepted: kept")),
        ("wrong", True, Outcome("temporary", "authentication_refused: 535")),
        ("right", False, None),
    ],
)
async def test_mail_leaves_over_starttls_after_signing_in(
    tmp_path: Path, password: str, trusted: bool, result: Outcome | None
) -> None:
    crt, key = certificate(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(crt, key)
    options = {"tls_context": tls, "require_starttls": True, "auth_required": True, "authenticator": authenticator}
    async with post_office(**options) as post:
        server = Server(
            host="127.0.0.1", port=post.port, sender="tiendo@tiendo.example", sender_name="T", start_tls=True,
            username="tiendo", password=password, timeout_seconds=30.0, ca_file=crt if trusted else None,
        )  # fmt: skip
        mail = Email(server, FixedClock(NOW))
        outcome = await mail.send(delivery())
        await mail.aclose()
        if result is None:
            assert outcome.result == "temporary", "a certificate that nobody signed is not believed"
            assert outcome.reason.startswith("certificate_not_trusted: self"), outcome.reason
        else:
            assert outcome == result
        assert len(post.messages) == (1 if outcome.result == "sent" else 0)


@pytest.mark.parametrize(
    ("code", "said", "result", "at_fault"),
    [
        (550, "no such user", "permanent", True),
        (550, "5.1.1 unknown", "permanent", True),
        (550, "5.7.1 rejected by policy", "permanent", False),
        (552, "5.2.2 mailbox full", "permanent", False),
        (554, "5.2.1 mailbox disabled", "permanent", True),
        (451, "4.7.1 greylisted", "temporary", False),
        (450, "4.2.1 busy", "temporary", False),
    ],
)
def test_answers_about_a_mailbox_by_code_and_enhanced_status(code: int, said: str, result: str, at_fault: bool) -> None:
    refused = aiosmtplib.SMTPRecipientRefused(code, said, "an@cvt.example")
    outcome = email.classify(aiosmtplib.SMTPRecipientsRefused([refused]))
    assert (outcome.result, outcome.address_at_fault) == (result, at_fault)


def test_spam_and_a_refused_sender_do_not_speak_against_the_address() -> None:
    spam = email.classify(aiosmtplib.SMTPDataError(554, "spam"))
    assert (spam.result, spam.address_at_fault) == ("permanent", False)
    assert email.classify(aiosmtplib.SMTPSenderRefused(550, "not you", "x@y.example")).result == "temporary"


def hooked(url: str, secret: str = SECRET) -> Delivery:
    return replace(delivery(), channel="webhook", target=Target("webhook", url, secret))


async def test_a_webhook_is_signed_and_its_id_is_the_deliverys() -> None:
    async with receiver() as one:
        outcome = await Webhook(LOOPBACK, FixedClock(NOW)).send(hooked(one.url))
    assert outcome == Outcome("delivered", "answered: 200")
    [got] = one.requests
    assert got.line == "POST /hook?key=very-secret HTTP/1.1"
    assert got.headers["host"] == f"127.0.0.1:{one.port}"
    assert got.headers["webhook-id"] == delivery().id
    at = datetime.fromtimestamp(int(got.headers["webhook-timestamp"]), tz=UTC)
    assert int(at.timestamp()) == NOW // 1000
    assert got.headers["webhook-signature"] == Signer(SECRET).sign(delivery().id, at, got.body.decode())
    told = orjson.loads(got.body)
    assert (told["type"], told["data"]["title"]) == ("notice.reminder", "Một báo cáo sắp đến hạn")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("410 Gone", Outcome("permanent", "gone: 410", address_at_fault=True)),
        ("429 Slow|retry-after: 90", Outcome("temporary", "answered: 429", retry_after_ms=90_000)),
        ("503 Away|retry-after: 999999", Outcome("temporary", "answered: 503", retry_after_ms=86_400_000)),
        ("503 Away|retry-after: soon", Outcome("temporary", "answered: 503")),
        ("429 Slow|retry-after: Fri, 11 Mar 2011 02:10:00 GMT",
         Outcome("temporary", "answered: 429", retry_after_ms=600_000)),
        ("302 Found|location: http://127.0.0.1:1/", Outcome("temporary", "redirect_not_followed: 302")),
        ("308 Moved|location: http://127.0.0.1:1/",
         Outcome("permanent", "redirect_not_followed: 308", address_at_fault=True)),
        ("422 No", Outcome("permanent", "refused: 422")),
        ("404 No", Outcome("temporary", "answered: 404")),
        ("500 Oh", Outcome("temporary", "answered: 500")),
        ("hang", Outcome("temporary", "timeout")),
        ("drop", Outcome("temporary", "connection_lost")),
    ],
)  # fmt: skip
async def test_what_a_receiver_does_is_classified(answer: str, expected: Outcome) -> None:
    async with receiver() as one:
        one.answers = [answer]
        # Only who hangs is waited for to the end; on a busy machine the others take as long as they take.
        rules = replace(LOOPBACK, timeout_seconds=1.0 if answer == "hang" else 30.0)
        assert await Webhook(rules, FixedClock(NOW)).send(hooked(one.url)) == expected
        assert len(one.requests) == 1


async def test_a_receiver_that_is_away_may_come_back() -> None:
    outcome = await Webhook(LOOPBACK, FixedClock(NOW)).send(hooked("http://127.0.0.1:1/"))
    assert outcome == Outcome("temporary", "server_away")


async def test_private_addresses_are_called_only_where_they_are_allowed() -> None:
    async with receiver() as one:
        for rules in (Rules(30.0), Rules(30.0, networks(["10.0.0.0/8"]))):
            outcome = await Webhook(rules, FixedClock(NOW)).send(hooked(one.url))
            assert outcome == Outcome("permanent", "address_not_public", address_at_fault=True)
        by_name = one.url.replace("127.0.0.1", "localhost")
        assert (await Webhook(Rules(30.0), FixedClock(NOW)).send(hooked(by_name))).reason == "address_not_public"
        assert one.requests == []


@pytest.mark.parametrize(
    ("url", "secret"),
    [("ftp://a.example/", SECRET), ("https://", SECRET), ("https://a.example/", "whsec_"),
     ("https://u:p@a.example/", SECRET), ("https://a.example:99999/", SECRET)],
)  # fmt: skip
def test_a_target_that_cannot_be_called_is_refused(url: str, secret: str) -> None:
    assert webhook.fault_of(Target("webhook", url, secret)) is not None


def test_a_body_is_bounded() -> None:
    long = replace(delivery(), text="x" * 1_000_000, covers=tuple(f"reminder-{n}" for n in range(5000)))
    assert len(webhook.compose(long)) < 40_000


CHAT = apprise.Apprise(apprise.Service(frozenset({"json"}), timeout_seconds=30.0))


def chatted(url: str) -> Delivery:
    return replace(delivery(), channel="chat", target=Target("chat", url))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("200 OK", Outcome("sent", "accepted")),
        ("404 No", Outcome("permanent", "refused: 404", address_at_fault=True)),
        ("400 No", Outcome("permanent", "refused: 400")),
        ("500 Oh", Outcome("temporary", "not_accepted: 500")),
        ("drop", Outcome("temporary", "not_accepted")),
    ],
)
async def test_a_chat_service_gets_one_call_and_its_secrets_are_not_told(
    answer: str, expected: Outcome, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with receiver() as one:
        one.answers = [answer]
        made = chatted(f"json://bot:geheim-token@127.0.0.1:{one.port}/room?retry=0")
        assert await CHAT.send(made) == expected
        assert len(one.requests) == 1
    assert "geheim" not in caplog.text
    assert "geheim" not in repr(made)
    assert made.target is not None
    assert made.target.shown == "json://…"


async def test_only_services_that_are_allowed_are_called() -> None:
    for url in ("syslog://", "json//x", "file:///etc/passwd", "xml://127.0.0.1/"):
        outcome = await CHAT.send(chatted(url))
        assert outcome == Outcome("permanent", "target_not_valid", address_at_fault=True)


def test_a_chat_message_is_bounded() -> None:
    title, text = apprise.compose(replace(delivery(), text="x" * 10_000), characters_max=300)
    assert len(title) + len(text) <= 300
    assert text.endswith("…")
