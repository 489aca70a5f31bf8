"""The one connection of a process to the broker: its options, what happens on it, and how it ends.

Options follow measurements: reconnect for ever, every 0.25 s; notice a dead peer by pings of 5 s. Permission errors
arrive only in the error callback, so the last one is kept and shown as a readiness reason.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from nats import errors
from nats.aio.client import Client
from nats.js import JetStreamContext

from shared.errors import Transient

log = structlog.get_logger(__name__)

RECONNECT_WAIT_SECONDS = 0.25
PING_INTERVAL_SECONDS = 5
FLUSH_SECONDS_MAX = 1
CLOSE_SECONDS_MAX = 3.0


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are to the broker: user and password, a token, or credentials; a TLS context where it asks for one."""

    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    credentials: Path | None = None
    tls: ssl.SSLContext | None = None


@dataclass(slots=True)
class ConnectionCounts:
    """What happened on a connection since it was made."""

    disconnects: int = 0
    reconnects: int = 0
    errors: int = 0


class Connection:
    """A broker connection that comes and goes. Made closed; `open` connects, `aclose` ends it and never hangs."""

    def __init__(self, *, url: str, name: str, identity: Identity | None = None) -> None:
        self.name = name
        self.inbox_prefix = f"_INBOX_{name}"
        self.counts = ConnectionCounts()
        self.refused: str | None = None
        """The last permission that the broker refused on this connection, or None."""
        self._url = url
        self._identity = identity or Identity()
        self._client: Client | None = None
        self._closing = False
        self._reconnect_callbacks: list[Callable[[], None]] = []
        self._disconnect_callbacks: list[Callable[[], None]] = []

    @property
    def client(self) -> Client:
        """The driver's client; `Transient` before `open` and after `aclose`."""
        if self._client is None:
            raise Transient("not connected to the broker yet")
        return self._client

    @property
    def jetstream(self) -> JetStreamContext:
        """The driver's JetStream publishing context."""
        return self.client.jetstream()

    @property
    def is_connected(self) -> bool:
        return self._client is not None and self._client.is_connected

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """Have `callback` called after every reconnection. It must be quick and must not raise."""
        self._reconnect_callbacks.append(callback)

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Have `callback` called whenever the connection is lost. It must be quick and must not raise."""
        self._disconnect_callbacks.append(callback)

    async def open(self, *, connect_seconds_max: float) -> None:
        """Connect; `Transient` when the broker does not answer in time."""
        client = Client()
        try:
            async with asyncio.timeout(connect_seconds_max):
                await client.connect(**self._options())
        except (TimeoutError, OSError, errors.Error) as err:
            with contextlib.suppress(errors.Error, TimeoutError, OSError):
                await client.close()
            raise Transient(f"broker at {self._url} does not answer: {err or 'time is over'}") from err
        self._client = client

    async def aclose(self) -> None:
        """Send what is buffered while the broker listens, then close. Bounded in time; may be called twice."""
        self._closing = True
        client = self._client
        if client is None or client.is_closed:
            return
        if client.is_connected:
            with contextlib.suppress(errors.Error, TimeoutError, OSError):
                await client.flush(timeout=FLUSH_SECONDS_MAX)
        with contextlib.suppress(errors.Error, TimeoutError, OSError):
            async with asyncio.timeout(CLOSE_SECONDS_MAX):
                await client.close()

    def _options(self) -> dict[str, Any]:
        who = self._identity
        options: dict[str, Any] = {
            "servers": self._url,
            "name": self.name,
            "inbox_prefix": self.inbox_prefix,
            "max_reconnect_attempts": -1,
            "reconnect_time_wait": RECONNECT_WAIT_SECONDS,
            "ping_interval": PING_INTERVAL_SECONDS,
            "error_cb": self._on_error,
            "disconnected_cb": self._on_disconnect,
            "reconnected_cb": self._on_reconnect,
            "user": who.user,
            "password": who.password,
            "token": who.token,
            "tls": who.tls,
        }
        if who.credentials is not None:
            options["user_credentials"] = str(who.credentials)
        return {key: value for key, value in options.items() if value is not None}

    async def _on_error(self, error: Exception) -> None:
        self.counts.errors += 1
        text = str(error)
        if "permissions violation" in text.lower():
            self.refused = text
        if not self._closing:
            log.warning("broker_error", connection=self.name, error=text or type(error).__name__)

    async def _on_disconnect(self) -> None:
        self.counts.disconnects += 1
        if not self._closing:
            log.warning("broker_disconnected", connection=self.name)
        for callback in self._disconnect_callbacks:
            callback()

    async def _on_reconnect(self) -> None:
        self.counts.reconnects += 1
        self.refused = None
        log.info("broker_reconnected", connection=self.name, reconnects=self.counts.reconnects)
        for callback in self._reconnect_callbacks:
            callback()


async def connect(
    *, url: str, name: str, identity: Identity | None = None, connect_seconds_max: float = 5.0
) -> Connection:
    """A connected `Connection`; `Transient` when the broker does not answer in time."""
    connection = Connection(url=url, name=name, identity=identity)
    await connection.open(connect_seconds_max=connect_seconds_max)
    return connection
