"""The pull loop under a consumer: keeps one window of messages asked for, for as long as the consumer lives.

A lingering pull with a callback costs a quarter of repeated fetches and recovers at once after a broker restart. The
broker sends a heartbeat while it has nothing; silence, a reconnection, or word that the consumer or its stream is gone
make the loop prepare the consumer anew and ask again.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

import orjson
import structlog
from nats import errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from shared.errors import Permanent, TiendoError
from shared.nats.connection import Connection
from shared.nats.tasks import start_task, stop_task

log = structlog.get_logger(__name__)

ACK_PREFIX = "$JS.ACK."
HEARTBEAT = "100"
SILENT_HEARTBEATS_MAX = 2.5
RETRY_SECONDS = 0.5
LEAVE_SECONDS_MAX = 2.0
GONE_WORDS = ("deleted", "leadership", "shutdown", "no responders")


class PullLoop:
    """Asks for messages of one durable and hands each to `on_message`, which must be quick and must not raise.

    `prepare` makes sure that the durable exists (and raises one of our errors when it cannot); `held` says how many
    handed-over messages are still being worked on: asked for plus held never exceeds the window by much.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        stream: str,
        durable: str,
        prepare: Callable[[], Awaitable[object]],
        on_message: Callable[[Msg], Awaitable[None]],
        held: Callable[[], int],
        window: int = 256,
        expires_seconds: float = 30.0,
        heartbeat_seconds: float = 5.0,
    ) -> None:
        self.reason: str | None = "not pulling yet"
        """Why no messages can be had, or None."""
        self._connection = connection
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._prepare = prepare
        self._on_message = on_message
        self._held = held
        self._window = window
        self._expires_seconds = expires_seconds
        self._heartbeat_seconds = heartbeat_seconds
        self._asked = 0
        self._round = 0
        self._heard_at = 0.0
        self._broken = True
        self._stopping = False
        self._nudge = asyncio.Event()
        self._inbox = ""
        self._subscription: Subscription | None = None
        self._watching: asyncio.Task[None] | None = None
        connection.on_disconnect(self._interrupt)
        connection.on_reconnect(self._restart)

    async def start(self) -> None:
        """Subscribe to the inbox and start pulling; returns at once, whether or not the durable can be had yet."""
        self._inbox = self._connection.client.new_inbox()
        self._subscription = await self._connection.client.subscribe(f"{self._inbox}.*", cb=self._receive)
        self._watching = start_task(self._watch(), name=f"pull {self._subject}")

    async def stop(self) -> None:
        """Ask for nothing more; what the broker has already sent is still handed over. Bounded in time."""
        self._stopping = True
        await stop_task(self._watching)
        if self._subscription is not None and self._connection.is_connected:
            with contextlib.suppress(errors.Error, TimeoutError, OSError):
                leaving = self._subscription.drain()  # type: ignore[no-untyped-call]
                async with asyncio.timeout(LEAVE_SECONDS_MAX):
                    await leaving
        self._subscription = None

    async def top_up(self) -> None:
        """Ask for more when less than half of the window is asked for or held."""
        room = self._window - self._asked - self._held()
        if room >= self._window // 2 and not (self._broken or self._stopping):
            await self._ask(room)

    def _interrupt(self) -> None:
        self.reason = "not pulling since the connection was lost"

    def _restart(self) -> None:
        self._broken = True
        self._nudge.set()

    async def _ask(self, count: int) -> None:
        self._asked += count
        request = {
            "batch": count,
            "expires": round(self._expires_seconds * 1e9),
            "idle_heartbeat": round(self._heartbeat_seconds * 1e9),
        }
        # A request, not an event: if it is lost, silence brings the next one.
        with contextlib.suppress(errors.Error):
            await self._connection.client.publish(
                self._subject, orjson.dumps(request), reply=f"{self._inbox}.{self._round}"
            )

    async def _receive(self, message: Msg) -> None:
        self._heard_at = time.monotonic()
        if message.reply.startswith(ACK_PREFIX):
            self._asked = max(0, self._asked - 1)
            await self._on_message(message)
        else:
            self._hear_status(message)
        await self.top_up()

    def _hear_status(self, message: Msg) -> None:
        headers = message.headers or {}
        status, said = headers.get("Status", ""), headers.get("Description", "")
        if status == HEARTBEAT or message.subject.rsplit(".", 1)[-1] != str(self._round):
            return
        self._asked = max(0, self._asked - int(headers.get("Nats-Pending-Messages", self._asked)))
        if status in ("400", "503") or any(word in said.lower() for word in GONE_WORDS):
            self.reason = f"broker ended the pull: {status} {said}".rstrip()
            self._restart()

    async def _watch(self) -> None:
        while True:
            if self._broken and self._connection.is_connected:
                await self._begin_again()
            wait_seconds = RETRY_SECONDS if self._broken else self._heartbeat_seconds / 2
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_seconds):
                    await self._nudge.wait()
            self._nudge.clear()
            self._broken = self._broken or self._is_silent()

    def _is_silent(self) -> bool:
        """Asked for something and heard nothing, not even heartbeats. Who asked for nothing is told nothing."""
        bound_seconds = SILENT_HEARTBEATS_MAX * self._heartbeat_seconds
        return self._asked > 0 and time.monotonic() - self._heard_at > bound_seconds

    async def _begin_again(self) -> None:
        self._broken = False
        try:
            await self._prepare()
        except TiendoError as err:
            self._broken = True
            if self.reason != str(err):
                log.log(40 if isinstance(err, Permanent) else 30, "consumer_not_ready", reason=str(err))
            self.reason = str(err)
            return
        self._round += 1
        self._asked = 0
        self._heard_at = time.monotonic()
        self.reason = None
        await self.top_up()
