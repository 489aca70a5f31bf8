"""The e-mail channel: compose (pure), send (I/O), and the one classifier of what went wrong (pure)."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol

import aiosmtplib

from services.notify.domain.contacts import is_address
from services.notify.domain.deliveries import Delivery, Outcome
from services.notify.domain.enclosures import Enclosure
from services.notify.domain.links import Links, MailLinks
from shared.clock import Clock

REASON_CHARACTERS_MAX = 200
PERMANENT_FROM = 500
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")
_ADDRESS_CODES = frozenset({550, 551, 553})
"""Answers to RCPT that mean the mailbox, where the server gives no enhanced status."""


@dataclass(frozen=True, slots=True)
class Server:
    """The SMTP server that takes our mail. One attempt lasts at most three times `timeout_seconds`.

    `bounce_address`: mailbox for bounces; each message then has a return address of its own within it, such as
    `bounces+<delivery>-<tag>@...`. `ca_file`: certificates (PEM) that sign the server's; None takes the system's.
    """

    host: str
    port: int
    sender: str
    sender_name: str
    start_tls: bool = False
    username: str | None = None
    password: str | None = None
    timeout_seconds: float = 15.0
    bounce_address: str = ""
    ca_file: Path | None = None

    @property
    def domain(self) -> str:
        return self.sender.rpartition("@")[2]


class Enclosing(Protocol):
    """Finds what goes with a delivery: images that its HTML shows by content id, documents to attach."""

    async def of(self, delivery: Delivery) -> tuple[Enclosure, ...]: ...


class Footing(Protocol):
    """Writes what stands under a letter: how to change preferences, how to switch the kind off."""

    def html(self, links: MailLinks, language: str) -> str: ...
    def text(self, links: MailLinks, language: str) -> str: ...


class Email:
    """Sends one delivery as one message on its own connection. `links` and `footing`: how recipients manage theirs."""

    def __init__(
        self,
        server: Server,
        clock: Clock,
        enclosing: Enclosing | None = None,
        *,
        links: Links | None = None,
        footing: Footing | None = None,
    ) -> None:
        self._server = server
        self._clock = clock
        self._enclosing = enclosing
        self._links = links
        self._footing = footing
        self._tls = ssl.create_default_context(cafile=server.ca_file) if server.start_tls else None

    async def send(self, delivery: Delivery) -> Outcome:
        """`sent` once the server answered 250 to the end of the data. No answer is `temporary`: it may be repeated."""
        if not is_address(delivery.recipient):
            return Outcome("permanent", "address_not_valid")
        files = await self._enclosing.of(delivery) if self._enclosing else ()
        now_ms = self._clock.now_ms()
        try:
            message = compose(
                delivery,
                self._server,
                now_ms=now_ms,
                files=files,
                links=self._links.of(delivery, now_ms=now_ms) if self._links else None,
                footing=self._footing,
            )
        except ValueError:
            return Outcome("permanent", "message_not_valid")
        try:
            async with asyncio.timeout(3 * self._server.timeout_seconds):
                _, said = await aiosmtplib.send(
                    message,
                    sender=return_address(delivery, self._server, self._links),
                    recipients=[delivery.recipient],
                    hostname=self._server.host,
                    port=self._server.port,
                    username=self._server.username,
                    password=self._server.password,
                    timeout=self._server.timeout_seconds,
                    start_tls=self._server.start_tls,
                    tls_context=self._tls,
                )
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return classify(error)
        return Outcome("sent", _short(f"accepted: {said}"))


def return_address(delivery: Delivery, server: Server, links: Links | None) -> str:
    """The envelope sender: with a mailbox for bounces, one that names the delivery and proves that we made it."""
    if not server.bounce_address or links is None:
        return server.sender
    local, _, domain = server.bounce_address.rpartition("@")
    return f"{local}+{delivery.id.removeprefix('delivery-')}-{links.bounce_tag(delivery.id)}@{domain}"


def compose(
    delivery: Delivery,
    server: Server,
    *,
    now_ms: int,
    files: Sequence[Enclosure] = (),
    links: MailLinks | None = None,
    footing: Footing | None = None,
) -> EmailMessage:
    """The message: plain text with an HTML alternative, its images beside that, documents attached.

    Its id is derived from the delivery's, so a repeat shows. What may be switched off says so by RFC 8058 headers.
    """
    message = EmailMessage()
    message["From"] = Address(server.sender_name, addr_spec=server.sender)
    message["To"] = Address(addr_spec=delivery.recipient)
    message["Subject"] = delivery.title
    message["Date"] = format_datetime(datetime.fromtimestamp(now_ms / 1000, tz=UTC))
    message["Message-ID"] = f"<{delivery.id}@{server.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["List-Id"] = f"Tiendo {delivery.kind} <{delivery.kind}.tiendo.{server.domain}>"
    message["Content-Language"] = delivery.language
    message["X-Tiendo-Delivery"] = delivery.id
    text, html = delivery.text, delivery.html
    if links is not None and footing is not None:
        text = f"{text.rstrip()}\n\n{footing.text(links, delivery.language)}\n"
        html = _with_footing(html, footing.html(links, delivery.language))
    if links is not None and links.unsubscribe:
        message["List-Unsubscribe"] = f"<{links.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    _enclose(message, files)
    return message


def _with_footing(html: str, foot: str) -> str:
    """The foot before the end of the body, or at the end of what has none."""
    body, end, rest = html.rpartition("</body>")
    return f"{body}{foot}{end}{rest}" if end else f"{html}{foot}"


def _enclose(message: EmailMessage, files: Sequence[Enclosure]) -> None:
    """Images go into the HTML alternative, where it finds them by their ids; the rest is attached."""
    html = message.get_body(("html",))
    for file in files:
        main, _, sub = file.media_type.partition("/")
        if file.content_id is None:
            message.add_attachment(file.body, main, sub, filename=file.name)
        elif html is not None:
            cid, name = f"<{file.content_id}>", file.name
            html.add_related(file.body, main, sub, cid=cid, filename=name, disposition="inline")


def classify(error: BaseException) -> Outcome:  # noqa: PLR0911  # one table of cases reads better in one place
    """What an error of an attempt means. A refusal with 5xx is final; the rest may pass: busy, away, no answer.

    Refused credentials or a refused sender are ours to mend, not the recipient's fault: temporary, so that the mail
    leaves once mended. Only an answer about the mailbox itself speaks against the address (RFC 3463: 5.1.x, 5.2.1);
    policy (5.7.x), size (5.3.4) and content do not.
    """
    match error:
        case aiosmtplib.SMTPAuthenticationError():
            return Outcome("temporary", _short(f"authentication_refused: {error.code}"))
        case aiosmtplib.SMTPRecipientsRefused() if error.recipients:
            return classify(error.recipients[0])
        case aiosmtplib.SMTPSenderRefused():
            return Outcome("temporary", _short(f"sender_refused: {error.code} {error.message}"))
        case aiosmtplib.SMTPConnectResponseError() | aiosmtplib.SMTPHeloError():
            return Outcome("temporary", _short(f"server_not_serving: {error.code} {error.message}"))
        case aiosmtplib.SMTPResponseException() if error.code >= PERMANENT_FROM:
            reason = _short(f"refused: {error.code} {error.message}")
            return Outcome("permanent", reason, address_at_fault=_speaks_against_address(error))
        case aiosmtplib.SMTPResponseException():
            return Outcome("temporary", _short(f"try_later: {error.code} {error.message}"))
        case aiosmtplib.SMTPNotSupported():
            return Outcome("temporary", _short(f"not_supported: {error}"))
        case aiosmtplib.SMTPTimeoutError() | TimeoutError():
            return Outcome("temporary", "timeout")
        case aiosmtplib.SMTPConnectError() | ConnectionRefusedError():
            return Outcome("temporary", "server_away")
        case aiosmtplib.SMTPServerDisconnected() | ConnectionError():
            return Outcome("temporary", "connection_lost")
        case _:
            return Outcome("temporary", type(error).__name__)


def _speaks_against_address(error: aiosmtplib.SMTPResponseException) -> bool:
    enhanced = _ENHANCED.match(error.message.strip())
    if enhanced is not None:
        return enhanced[0].startswith("5.1.") or enhanced[0] == "5.2.1"
    return isinstance(error, aiosmtplib.SMTPRecipientRefused) and error.code in _ADDRESS_CODES


def _short(text: str) -> str:
    """One bounded line. A server's words may repeat the address; what is behind its @ is enough."""
    words = " ".join(text.split()).split(" ")
    return " ".join("<address>" if "@" in word else word for word in words)[:REASON_CHARACTERS_MAX]
