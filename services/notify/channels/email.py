"""The e-mail channel: compose (pure), send (I/O), and the one classifier of what went wrong (pure)."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

import aiosmtplib

from services.notify.domain.contacts import is_address
from services.notify.domain.deliveries import Delivery, Outcome
from shared.clock import Clock

REASON_CHARACTERS_MAX = 200
PERMANENT_FROM = 500


@dataclass(frozen=True, slots=True)
class Server:
    """The SMTP server that takes our mail. One attempt lasts at most three times `timeout_seconds`."""

    host: str
    port: int
    sender: str
    sender_name: str
    start_tls: bool = False
    username: str | None = None
    password: str | None = None
    timeout_seconds: float = 15.0

    @property
    def domain(self) -> str:
        return self.sender.rpartition("@")[2]


class Email:
    """Sends one delivery as one message on its own connection."""

    def __init__(self, server: Server, clock: Clock) -> None:
        self._server = server
        self._clock = clock
        self._tls = ssl.create_default_context() if server.start_tls else None

    async def send(self, delivery: Delivery) -> Outcome:
        """`sent` once the server answered 250 to the end of the data. No answer is `temporary`: it may be repeated."""
        if not is_address(delivery.recipient):
            return Outcome("permanent", "address_not_valid")
        message = compose(delivery, self._server, now_ms=self._clock.now_ms())
        try:
            async with asyncio.timeout(3 * self._server.timeout_seconds):
                _, said = await aiosmtplib.send(
                    message,
                    sender=self._server.sender,
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


def compose(delivery: Delivery, server: Server, *, now_ms: int) -> EmailMessage:
    """The message: plain text with an HTML alternative. Its id is derived from the delivery's, so a repeat shows."""
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
    message.set_content(delivery.text, cte="quoted-printable")
    message.add_alternative(delivery.html, subtype="html", cte="quoted-printable")
    return message


def classify(error: BaseException) -> Outcome:  # noqa: PLR0911  # one table of cases reads better in one place
    """What an error of an attempt means. A refusal with 5xx is final; the rest may pass: busy, away, no answer.

    Refused credentials are ours to mend, not the recipient's fault: temporary, so that the mail leaves once mended.
    """
    match error:
        case aiosmtplib.SMTPAuthenticationError():
            return Outcome("temporary", _short(f"authentication_refused: {error.code}"))
        case aiosmtplib.SMTPRecipientsRefused() if error.recipients:
            return classify(error.recipients[0])
        case aiosmtplib.SMTPConnectResponseError() | aiosmtplib.SMTPHeloError():
            return Outcome("temporary", _short(f"server_not_serving: {error.code} {error.message}"))
        case aiosmtplib.SMTPResponseException() if error.code >= PERMANENT_FROM:
            return Outcome("permanent", _short(f"refused: {error.code} {error.message}"))
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


def _short(text: str) -> str:
    """One bounded line. A server's words may repeat the address; what is behind its @ is enough."""
    words = " ".join(text.split()).split(" ")
    return " ".join("<address>" if "@" in word else word for word in words)[:REASON_CHARACTERS_MAX]
