"""A real SMTP server for tests: keeps what it accepts, and misbehaves on demand."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP

from tests.support.waiting import until


@dataclass(slots=True)
class Post:
    """What arrived, by recipient, and how the next messages are answered."""

    port: int = 0
    messages: list[tuple[str, EmailMessage]] = field(default_factory=list)
    rcpt_answers: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    """The answer to every message for an address: of several messages nobody knows which comes first."""
    mail_answers: list[str] = field(default_factory=list)
    data_answers: list[str] = field(default_factory=list)
    attempts: int = 0
    senders: list[str] = field(default_factory=list)
    sessions: list[SMTP] = field(default_factory=list, repr=False)

    def to(self, address: str) -> list[EmailMessage]:
        return [message for recipient, message in self.messages if recipient == address]

    @property
    def recipients(self) -> list[str]:
        return sorted(recipient for recipient, _ in self.messages)

    @property
    def open(self) -> list[SMTP]:
        """The conversations that are not over."""
        return [one for one in self.sessions if one.transport is not None and not one.transport.is_closing()]

    def cut(self) -> None:
        """Break every connection, as a crash or a network does."""
        for session in self.open:
            _cut(session)

    async def handle_MAIL(self, _server: SMTP, _session: Any, envelope: Any, address: str, options: Any) -> str:
        answer = self.mail_answers.pop(0) if self.mail_answers else "250 OK"
        if answer == "hang":
            await asyncio.sleep(30)
        if answer.startswith("250"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer

    async def handle_RCPT(self, _server: SMTP, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        self.attempts += 1
        if address in self.refused:
            return self.refused[address]
        if self.rcpt_answers:
            answer = self.rcpt_answers.pop(0)
            if not answer.startswith("250"):
                return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Any, envelope: Any) -> str:
        answer = self.data_answers.pop(0) if self.data_answers else "250 kept"
        if answer in ("drop", "keep and drop"):
            if answer == "keep and drop":
                self._keep(envelope)
            _cut(server)
            return "250 never read"
        if answer == "hang":
            await asyncio.sleep(30)
        if answer.startswith("250"):
            self._keep(envelope)
        return answer

    def _keep(self, envelope: Any) -> None:
        self.senders.append(str(envelope.mail_from))
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages += [(recipient, message) for recipient in envelope.rcpt_tos]


@contextlib.asynccontextmanager
async def post_office(**options: Any) -> AsyncIterator[Post]:
    """A server on a free port of the loopback, until the block ends. `options` are those of aiosmtpd's SMTP."""
    post = Post()

    def session() -> SMTP:
        post.sessions.append(SMTP(post, enable_SMTPUTF8=True, **options))
        return post.sessions[-1]

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
    post.port = server.sockets[0].getsockname()[1]
    try:
        yield post
    finally:
        server.close()
        post.cut()
        await until(lambda: not post.open)


def _cut(session: SMTP) -> None:
    """Break the connection, as a crash or a network does."""
    if isinstance(session.transport, asyncio.WriteTransport):
        session.transport.abort()


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    """The plain or HTML part of a message."""
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())
