"""Keeping a service's own stream whole: the journal is the truth, the stream a copy that can be made again.

The keeper remembers in the store which incarnation of the stream (its creation time) received the whole journal, and
the last sequence that it knew. A stream that is missing, was made anew, or is shorter than it was gets every
journaled event again, under its own event id; only then is the new incarnation remembered, so that a crash in the
middle starts over. Consumers see events again and drop what they have by its version.

Consumers of other services' streams survive by themselves: their pull loop makes the durable anew once the owner
has made the stream.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

import structlog

from shared.errors import TiendoError, Transient
from shared.nats.connection import Connection
from shared.nats.jetstream_api import Absent
from shared.nats.publisher import Publisher
from shared.nats.relay import Journal
from shared.nats.streams import COMMON, StreamSpec, ensure_stream
from shared.nats.tasks import start_task, stop_task
from shared.store.documents import Collection, Documents
from shared.store.pending import OutgoingEvent

log = structlog.get_logger(__name__)

KNOWN_STREAMS = Collection("known_streams")
CHECK_SECONDS = 5.0
REPLAY_BATCH = 256


@dataclass(frozen=True, slots=True)
class _Known:
    """The incarnation of a stream that received the whole journal, and its highest sequence known."""

    created: str
    last_sequence: int


class StreamKeeper:
    """Makes sure of one owned stream (None: owns nothing) and of the common streams, at start and while we run."""

    def __init__(
        self,
        connection: Connection,
        spec: StreamSpec | None,
        journal: Journal,
        publisher: Publisher,
        store: Documents,
        *,
        may_create: bool = True,
        common: tuple[StreamSpec, ...] = COMMON,
        check_seconds: float = CHECK_SECONDS,
    ) -> None:
        self.reason: str | None = "streams not checked yet"
        """Why the streams are not known to be whole, or None."""
        self.rebuilds = 0
        """How often this process replayed the journal."""
        self._connection = connection
        self._spec = spec
        self._journal = journal
        self._publisher = publisher
        self._store = store
        self._may_create = may_create
        self._common = common
        self._check_seconds = check_seconds
        self._nudge = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        connection.on_disconnect(self._doubt)
        connection.on_reconnect(self._doubt)

    def start(self) -> None:
        self._task = start_task(self._run(), name="stream keeper")

    async def stop(self) -> None:
        await stop_task(self._task)

    @property
    def has_ended(self) -> bool:
        """Whether the task died although nobody stopped it."""
        return self._task is not None and self._task.done()

    async def check(self) -> bool:
        """Make the streams whole; True when the journal had to be replayed. Our errors when it cannot be done."""
        for spec in self._common:
            await ensure_stream(self._connection, spec, may_create=self._may_create)
        rebuilt = self._spec is not None and await self._check_own(self._spec)
        self.reason = None
        return rebuilt

    def _doubt(self) -> None:
        self.reason = "streams not checked since the connection was lost"
        self._nudge.set()

    async def _run(self) -> None:
        while True:
            self._nudge.clear()
            wait_seconds = self._check_seconds
            if self._connection.is_connected:
                try:
                    await self.check()
                except TiendoError as err:
                    if self.reason != str(err):
                        log.warning("stream_not_whole", reason=str(err))
                    self.reason = str(err)
                    wait_seconds = min(1.0, wait_seconds)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_seconds):
                    await self._nudge.wait()

    async def _check_own(self, spec: StreamSpec) -> bool:
        acknowledged = self._publisher.last_sequences.get(spec.name, 0)  # before asking: the stream only grows
        known = await self._known(spec.name)
        info = await ensure_stream(self._connection, spec, may_create=self._may_create)
        created, last_sequence = str(info["created"]), int(info["state"]["last_seq"])
        is_same = known is not None and known.created == created
        if known is not None and is_same and last_sequence >= max(known.last_sequence, acknowledged):
            if last_sequence > known.last_sequence:
                await self._remember(spec.name, _Known(created, last_sequence))
            return False
        self.reason = f"stream {spec.name} is being rebuilt from the journal"
        self._publisher.last_sequences.pop(spec.name, None)
        count = await self._replay()
        await self._confirm(spec, created)
        self.rebuilds += 1
        log.warning("stream_rebuilt", stream=spec.name, created=created, events=count, truncated=is_same)
        return True

    async def _replay(self) -> int:
        batch: list[OutgoingEvent] = []
        count = 0
        async for event in self._journal.replay():
            batch.append(event)
            if len(batch) == REPLAY_BATCH:
                await self._publisher.publish_in_order(batch)
                count += len(batch)
                batch = []
        await self._publisher.publish_in_order(batch)
        return count + len(batch)

    async def _confirm(self, spec: StreamSpec, created: str) -> None:
        """Remember the incarnation, unless the stream was lost again while we filled it."""
        try:
            info = await ensure_stream(self._connection, spec, may_create=False)
        except Absent as err:
            raise Transient(f"stream {spec.name} vanished while it was rebuilt") from err
        if str(info["created"]) != created:
            raise Transient(f"stream {spec.name} was made anew while it was rebuilt")
        await self._remember(spec.name, _Known(created, int(info["state"]["last_seq"])))

    async def _known(self, stream: str) -> _Known | None:
        held = await self._store.get(KNOWN_STREAMS.name, f"stream-{stream}")
        return _Known(held["created"], held["last_sequence"]) if held else None

    async def _remember(self, stream: str, known: _Known) -> None:
        id = f"stream-{stream}"
        held = await self._store.get(KNOWN_STREAMS.name, id)
        fresh = {"_id": id, "created": known.created, "last_sequence": known.last_sequence}
        if held is None:
            await self._store.insert(KNOWN_STREAMS.name, fresh)
        else:
            # When another instance was faster, the next check compares with what it remembered.
            await self._store.replace(KNOWN_STREAMS.name, {**held, **fresh})
