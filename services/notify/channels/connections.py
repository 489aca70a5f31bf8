"""Connections to the SMTP server that stay open between messages: a few, not for long, each for so many messages.

A connection serves one message at a time. The server may close one that waits whenever it likes, which is not the
message's fault: what fails on a kept connection before the message itself was begun (MAIL, RCPT) is asked once more on
a new one. From DATA on nothing is repeated here: the server may have taken it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import aiosmtplib

IDLE_SECONDS_MAX = 10.0
QUIT_SECONDS_MAX = 2.0
MESSAGES_MAX = 100
"""Messages for which one connection is used: many servers end it themselves after some more."""
SERVICE_CLOSES = 421


class _Stale(Exception):
    """A kept connection was over before the message was begun."""


@dataclass(slots=True, eq=False)
class _Connection:
    client: aiosmtplib.SMTP
    messages: int = 0
    end: asyncio.TimerHandle | None = None


class Connections:
    """Sends messages over connections that it keeps, at most `kept_max` of them while they wait.

    Nothing is opened before it is needed. `aclose` ends those that wait; whoever sends after it opens new ones.
    """

    def __init__(
        self, new: Callable[[], aiosmtplib.SMTP], *, kept_max: int, idle_seconds: float = IDLE_SECONDS_MAX
    ) -> None:
        """`new` makes a client with its address, secrets and timeout, not connected yet."""
        self._new = new
        self._kept_max = kept_max
        self._idle_seconds = idle_seconds
        self._waiting: list[_Connection] = []
        self._ending: set[asyncio.Task[None]] = set()

    async def send(self, sender: str, recipient: str, message: bytes) -> str:
        """What the server said when it took the message: lines that end with CRLF, the last one too.

        Raises what aiosmtplib raises, and OSError.
        """
        kept = self._take()
        if kept is not None:
            with contextlib.suppress(_Stale):
                return await self._send_on(kept, sender, recipient, message)
            self._drop()  # those that waited as long as this one
        fresh = _Connection(self._new())
        await fresh.client.connect()
        return await self._send_on(fresh, sender, recipient, message)

    async def aclose(self) -> None:
        """End what waits; connections in use are ended by their messages."""
        self._drop()
        await asyncio.gather(*self._ending)

    async def _send_on(self, connection: _Connection, sender: str, recipient: str, message: bytes) -> str:
        client = connection.client
        async with self._mending(connection):
            async with _envelope(is_kept=connection.messages > 0):
                await _greet(client)
                size = [f"SIZE={len(message)}"] if client.supports_extension("size") else []
                await client.mail(sender, options=size)
                await client.rcpt(recipient)
            answer = await client.data(message)
        self._keep(connection)
        return answer.message

    @contextlib.asynccontextmanager
    async def _mending(self, connection: _Connection) -> AsyncIterator[None]:
        """A refusal leaves a connection that can be used again; anything else leaves none."""
        try:
            yield
        except aiosmtplib.SMTPResponseException as refusal:
            if refusal.code != SERVICE_CLOSES and await _is_reset(connection.client):
                self._keep(connection)
            else:
                connection.client.close()
            raise
        except BaseException:
            connection.client.close()
            raise

    def _take(self) -> _Connection | None:
        """The one that waited least, if one is still open."""
        while self._waiting:
            connection = self._waiting.pop()
            _cancel(connection)
            if connection.client.is_connected:
                return connection
        return None

    def _keep(self, connection: _Connection) -> None:
        connection.messages += 1
        if connection.messages >= MESSAGES_MAX or len(self._waiting) >= self._kept_max:
            self._end(connection)
            return
        connection.end = asyncio.get_running_loop().call_later(self._idle_seconds, self._end, connection)
        self._waiting.append(connection)

    def _drop(self) -> None:
        for connection in tuple(self._waiting):
            self._end(connection)

    def _end(self, connection: _Connection) -> None:
        """Take leave of the server, without anybody waiting for its answer."""
        _cancel(connection)
        if connection in self._waiting:
            self._waiting.remove(connection)
        task = asyncio.create_task(_quit(connection.client), name="smtp quit")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


@contextlib.asynccontextmanager
async def _envelope(*, is_kept: bool) -> AsyncIterator[None]:
    """Until the message itself is begun, a lost connection that was kept says nothing about the message."""
    try:
        yield
    except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, ConnectionError) as lost:
        if is_kept:
            raise _Stale from lost
        raise
    except aiosmtplib.SMTPResponseException as refusal:
        if is_kept and refusal.code == SERVICE_CLOSES:
            raise _Stale from refusal
        raise


async def _greet(client: aiosmtplib.SMTP) -> None:
    """Learn what the server can, once a connection. One that knows no EHLO is greeted by HELO when it is used."""
    if client.is_ehlo_or_helo_needed:
        try:
            await client.ehlo()
        except aiosmtplib.SMTPHeloError:
            if not client.is_connected:
                raise


async def _is_reset(client: aiosmtplib.SMTP) -> bool:
    """Whether the server has forgotten the envelope that it refused."""
    try:
        await client.rset()
    except (aiosmtplib.SMTPException, OSError):
        return False
    except BaseException:
        client.close()
        raise
    return True


async def _quit(client: aiosmtplib.SMTP) -> None:
    try:
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await client.quit(timeout=QUIT_SECONDS_MAX)
    finally:
        client.close()


def _cancel(connection: _Connection) -> None:
    if connection.end is not None:
        connection.end.cancel()
        connection.end = None
