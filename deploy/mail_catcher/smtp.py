"""The SMTP side: accepts everything up to a size, keeps it, delivers nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from aiosmtpd.smtp import SMTP

from deploy.mail_catcher.store import MailStore

MESSAGE_BYTES_MAX = 10 * 1024 * 1024
RECIPIENTS_MAX = 100


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


async def listen(store: MailStore, *, host: str, port: int) -> asyncio.Server:
    """The listening server; close it to stop. OSError when the address is taken."""
    handler = Catch(store)
    return await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, data_size_limit=MESSAGE_BYTES_MAX, enable_SMTPUTF8=True, hostname="mail-catcher"),
        host,
        port,
    )
