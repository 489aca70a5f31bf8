"""The SMTP side: accepts everything up to a size, keeps it, delivers nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from aiosmtpd.smtp import SMTP

from deploy.mail_catcher.store import MailStore

MESSAGE_BYTES_MAX = 10 * 1024 * 1024
RECIPIENTS_MAX = 100
CLOSE_SECONDS_MAX = 2.0


class Catch:
    """aiosmtpd's handler: one kept message per accepted transaction."""

    def __init__(self, store: MailStore) -> None:
        self._store = store

    async def handle_RCPT(self, _server: SMTP, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if len(envelope.rcpt_tos) >= RECIPIENTS_MAX:
            return "452 too many recipients"
        if not address.isprintable():
            return "553 not an address"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Any) -> str:
        id = await asyncio.to_thread(self._store.keep, envelope.original_content, list(envelope.rcpt_tos))
        return f"250 kept as {id}"


class Listener:
    """The listening server with its open conversations."""

    def __init__(self, store: MailStore) -> None:
        self._catch = Catch(store)
        self._open: set[SMTP] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port it listens on, also when a free one was asked for."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self, *, host: str, port: int) -> None:
        """Begin to listen. OSError when the address is taken."""
        self._server = await asyncio.get_running_loop().create_server(self._conversation, host, port)

    async def aclose(self) -> None:
        """Stop listening and cut off who is still talking: their messages were not accepted."""
        assert self._server is not None
        self._server.close()
        for one in self._open:
            if isinstance(one.transport, asyncio.WriteTransport):
                one.transport.abort()
        async with asyncio.timeout(CLOSE_SECONDS_MAX):
            while any(one.transport is not None for one in self._open):  # noqa: ASYNC110  aiosmtpd tells nobody
                await asyncio.sleep(0.01)

    def _conversation(self) -> SMTP:
        self._open = {one for one in self._open if one.transport is not None}
        one = SMTP(self._catch, data_size_limit=MESSAGE_BYTES_MAX, enable_SMTPUTF8=True, hostname="mail-catcher")
        self._open.add(one)
        return one
