"""The relay: publishes the events that wait in a service's documents, and takes out what the broker acknowledged.

Order of steps: list, journal, publish, mark; journaling and marking are one write each for all that a pass found.
A crash after the journal publishes later; a crash after publishing
publishes again under the same message id, which the broker or, later than its duplicate window, the consumers'
version check drops. Events of one document go out in order, different documents in parallel.

An event that can never be published (too large) stays in its document and is reported: in the log, in `stuck`, and
in the outbox's depth and age. The other events of its document and all other documents go on; each event carries
the whole state of its aggregate, so a later revision makes up for the one that is stuck.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from shared.clock import Clock
from shared.errors import Permanent, Transient
from shared.nats.publisher import IN_FLIGHT_MAX, Publisher
from shared.nats.tasks import start_task, stop_task
from shared.store.documents import FIND_LIMIT_MAX, Document, Documents, PublishedEvents
from shared.store.pending import OutgoingEvent, event_id_of, outgoing

log = structlog.get_logger(__name__)

PAGE_SIZE = 256
POLL_SECONDS = 1.0
BACKOFF_SECONDS_MAX = 5.0


class Journal(Protocol):
    """Keeps every event that was ever announced, so that a stream can be rebuilt from it."""

    async def record_many(self, events: Sequence[OutgoingEvent]) -> list[bool]:
        """Keep each event under its `at_ms`, unless its id is kept already: was it new?"""
        ...

    def replay(self) -> AsyncIterator[OutgoingEvent]:
        """Every kept event, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A document with the events that can be tried."""

    collection: str
    document: Document
    events: tuple[OutgoingEvent, ...]
    done: list[str]
    """Ids that the broker has acknowledged."""


class Relay:
    """Publishes pending events of some collections until stopped."""

    def __init__(
        self,
        store: Documents,
        collections: Sequence[str],
        publisher: Publisher,
        journal: Journal,
        clock: Clock,
        *,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self.published = 0
        """Events published and marked by this process; grows only."""
        self._store = store
        self._collections = tuple(collections)
        self._publisher = publisher
        self._journal = journal
        self._clock = clock
        self._poll_seconds = poll_seconds
        self.stuck: dict[str, str] = {}
        """Event ids that cannot be published, and why."""
        self._journaled: set[str] = set()
        self._depth = 0
        self._oldest_ms = 0
        self._trouble: str | None = None
        self._task: asyncio.Task[None] | None = None
        self._reconnected = asyncio.Event()
        publisher.connection.on_reconnect(self._reconnected.set)

    def start(self) -> None:
        self._task = start_task(self._run(), name="relay")

    async def stop(self) -> None:
        """Stop between or within steps: what was published but not marked is published again after the next start."""
        await stop_task(self._task)

    def depth(self) -> int:
        """Documents that carried unpublished events when last looked (per collection at most a page)."""
        return self._depth

    def oldest_age_seconds(self) -> float:
        """How long the oldest of them has waited; 0 when there is none."""
        return max(0.0, (self._clock.now_ms() - self._oldest_ms) / 1000) if self._depth else 0.0

    async def depth_now(self) -> int:
        """Documents that carry unpublished events, asked of the store: exact up to FIND_LIMIT_MAX a collection."""
        found = [await self._store.list_pending(name, limit=FIND_LIMIT_MAX) for name in self._collections]
        return sum(len(documents) for documents in found)

    async def settled(self) -> bool:
        """Whether no event waits, asked of the store."""
        return await self.depth_now() == 0

    def reasons(self) -> list[str]:
        """Why events do not go out; empty when they do."""
        ended = ["relay: ended unexpectedly"] if self._task is not None and self._task.done() else []
        return ended + ([f"relay: {self._trouble}"] if self._trouble else [])

    async def _run(self) -> None:
        backoff_seconds = 0.1
        while True:
            self._store.has_pending.clear()
            self._reconnected.clear()
            try:
                moved = await self.publish_waiting()
            except Transient as err:
                self._tell_trouble(str(err))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(backoff_seconds):
                        await self._reconnected.wait()
                backoff_seconds = min(backoff_seconds * 2, BACKOFF_SECONDS_MAX)
                continue
            self._tell_trouble(None)
            backoff_seconds = 0.1
            if not moved:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._poll_seconds):
                        await self._store.has_pending.wait()

    def _tell_trouble(self, trouble: str | None) -> None:
        if trouble and self._trouble is None:
            log.warning("relay_held_up", reason=trouble)
        elif trouble is None and self._trouble:
            log.info("relay_recovered")
        self._trouble = trouble

    async def publish_waiting(self) -> int:
        """One pass over a page of each collection; the number of documents that got something published.

        `Transient` when the store or the broker does not take it: what was acknowledged before is marked all the same.
        """
        listed = await asyncio.gather(*(self._list(name) for name in self._collections))
        found = [one for waiting in listed for one in waiting]
        self._look(found)
        waiting = [one for one in found if one.events]
        if not waiting:
            return 0
        await self._record(waiting)
        try:
            await self._publish(waiting)
        finally:
            await self._mark([one for one in waiting if one.done])
        return sum(1 for one in waiting if one.done)

    async def _list(self, collection: str) -> list[_Waiting]:
        # Room for what is stuck, so that it cannot crowd out the rest.
        limit = min(PAGE_SIZE + len(self.stuck), FIND_LIMIT_MAX)
        documents = await self._store.list_pending(collection, limit=limit)
        return [_Waiting(collection, document, self._events(document), []) for document in documents]

    def _events(self, document: Document) -> tuple[OutgoingEvent, ...]:
        events = map(outgoing, document["pending"])
        return tuple(event for event in events if event.id not in self.stuck)

    def _look(self, waiting: Sequence[_Waiting]) -> None:
        self._depth = len(waiting)
        self._oldest_ms = min((int(one.document["pending_ms"]) for one in waiting), default=0)
        if not self.stuck and not self._journaled:
            return
        present = {event_id_of(event) for one in waiting for event in one.document["pending"]}
        self.stuck = {id: why for id, why in self.stuck.items() if id in present}
        self._journaled &= present

    async def _record(self, waiting: Sequence[_Waiting]) -> None:
        """Journal before the first publish: whatever a consumer has seen can be rebuilt."""
        fresh = [event for one in waiting for event in one.events if event.id not in self._journaled]
        if fresh:
            now_ms = self._clock.now_ms()
            await self._journal.record_many([e if e.at_ms else replace(e, at_ms=now_ms) for e in fresh])
            self._journaled.update(event.id for event in fresh)

    async def _publish(self, waiting: Sequence[_Waiting]) -> None:
        """Each document's events in order, many documents at once. The first error is raised when all have ended."""
        left = iter(waiting)
        lines = [self._one_after_the_other(left) for _ in range(min(IN_FLIGHT_MAX, len(waiting)))]
        for outcome in await asyncio.gather(*lines, return_exceptions=True):
            if outcome is not None:
                raise outcome

    async def _one_after_the_other(self, waiting: Iterator[_Waiting]) -> None:
        """Documents from the common iterator until it is empty. An error ends this line; the others go on."""
        for one in waiting:
            for event in one.events:
                if await self._publish_one(event):
                    one.done.append(event.id)

    async def _publish_one(self, event: OutgoingEvent) -> bool:
        try:
            await self._publisher.publish_event(event)
        except Permanent as err:
            self.stuck[event.id] = str(err)
            log.error("event_cannot_be_published", event_id=event.id, subject=event.subject, reason=str(err))
            return False
        return True

    async def _mark(self, done: Sequence[_Waiting]) -> None:
        by_collection: dict[str, list[_Waiting]] = {}
        for one in done:
            by_collection.setdefault(one.collection, []).append(one)
        for collection, ones in by_collection.items():
            marks = [PublishedEvents(one.document["_id"], one.document["rev"], tuple(one.done)) for one in ones]
            for one, marked in zip(ones, await self._store.mark_published(collection, marks), strict=True):
                if marked:  # else it moved on: it is listed again, and published again under the same ids
                    self._journaled.difference_update(one.done)
                    self.published += len(one.done)
