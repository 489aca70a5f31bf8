"""The e-mail channel: compose (pure), send (I/O), and the one classifier of what went wrong (pure)."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol

import aiosmtplib

from services.notify.channels import mime
from services.notify.channels.connections import IDLE_SECONDS_MAX, Connections
from services.notify.domain.contacts import is_address
from services.notify.domain.deliveries import Delivery, Outcome
from services.notify.domain.enclosures import Enclosure
from services.notify.domain.links import Links, MailLinks
from shared.clock import Clock

REASON_CHARACTERS_MAX = 200
PERMANENT_FROM = 500
TOO_LARGE = 552
"""Answer to the size that is announced with the sender: about the message, not about who sends it."""
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")
_ADDRESS_CODES = frozenset({550, 551, 553})
"""Answers to RCPT that mean the mailbox, where the server gives no enhanced status."""


@dataclass(frozen=True, slots=True)
class Server:
    """The SMTP server that takes our mail. One attempt lasts at most three times `timeout_seconds`.

    `sender`: a printable ASCII address. `bounce_address`: mailbox for bounces; each message then has a return address
    of its own within it, such as `bounces+<delivery>-<tag>@...`. `ca_file`: certificates (PEM) that sign the server's;
    None takes the system's.
    `kept_max`: connections that may stay open for `idle_seconds` until the next message.
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
    kept_max: int = 8
    idle_seconds: float = IDLE_SECONDS_MAX

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
    """Sends one delivery as one message. `links` and `footing`: how recipients manage theirs.

    Connections stay open for a moment after a message; `aclose` ends them.
    """

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
        self._connections = Connections(self._client, kept_max=server.kept_max, idle_seconds=server.idle_seconds)

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
        sender = return_address(delivery, self._server, self._links)
        try:
            async with asyncio.timeout(3 * self._server.timeout_seconds):
                said = await self._connections.send(sender, delivery.recipient, message)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return classify(error)
        return Outcome("sent", _short(f"accepted: {said}"))

    async def aclose(self) -> None:
        """End the connections that wait for a next message."""
        await self._connections.aclose()

    def _client(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            timeout=server.timeout_seconds,
            start_tls=server.start_tls,
            tls_context=self._tls,
        )


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
) -> bytes:
    """The message: plain text with an HTML alternative, its images beside that, documents attached.

    Its id is derived from the delivery's, so a repeat shows. What may be switched off says so by RFC 8058 headers.
    ValueError for what cannot stand in a message, such as a line break in a header.
    """
    text, html = delivery.text, delivery.html
    if links is not None and footing is not None:
        text = f"{text.rstrip()}\n\n{footing.text(links, delivery.language)}\n"
        html = _with_footing(html, footing.html(links, delivery.language))
    headers = [
        mime.mailbox("From", display=server.sender_name, address=server.sender),
        mime.plain("To", delivery.recipient.strip()),
        mime.worded("Subject", delivery.title),
        mime.plain("Date", format_datetime(datetime.fromtimestamp(now_ms / 1000, tz=UTC))),
        mime.plain("Message-ID", f"<{delivery.id}@{server.domain}>"),
        mime.plain("Auto-Submitted", "auto-generated"),
        mime.plain("List-Id", f"Tiendo {delivery.kind} <{delivery.kind}.tiendo.{server.domain}>"),
        mime.plain("Content-Language", delivery.language),
        mime.plain("X-Tiendo-Delivery", delivery.id),
    ]
    if links is not None and links.unsubscribe:
        headers.append(mime.plain("List-Unsubscribe", f"<{links.unsubscribe}>"))
        headers.append(mime.plain("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return mime.message(headers, _body(text, html, files))


def _body(text: str, html: str, files: Sequence[Enclosure]) -> mime.Mail:
    """Images go beside the HTML, where it finds them by their ids; the rest is attached."""
    shown = [_file(file) for file in files if file.content_id is not None]
    attached = [_file(file) for file in files if file.content_id is None]
    page = mime.text(html, "html")
    rich = mime.multipart("related", [page, *shown]) if shown else page
    both = mime.multipart("alternative", [mime.text(text, "plain"), rich])
    return mime.multipart("mixed", [both, *attached]) if attached else both


def _file(file: Enclosure) -> mime.Mail:
    return mime.file(file.body, media_type=file.media_type, name=file.name, content_id=file.content_id)


def _with_footing(html: str, foot: str) -> str:
    """The foot before the end of the body, or at the end of what has none."""
    body, end, rest = html.rpartition("</body>")
    return f"{body}{foot}{end}{rest}" if end else f"{html}{foot}"


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
        case aiosmtplib.SMTPSenderRefused() if error.code == TOO_LARGE:
            return Outcome("permanent", _short(f"refused: {error.code} {error.message}"))
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
            return _unforeseen(error)


def _unforeseen(error: BaseException) -> Outcome:
    """What stands between us and any server at all: ours to mend, so the mail waits."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Outcome("temporary", _short(f"certificate_not_trusted: {error.verify_message}"))
    if isinstance(error, ssl.SSLError):
        return Outcome("temporary", _short(f"encryption_failed: {error.reason}"))
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
