"""The relay: what waits in documents reaches the broker, in order, at least once, and nothing blocks the rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson
import pytest

from shared.clock import SystemClock
from shared.errors import Transient
from shared.nats.connection import Connection
from shared.nats.publisher import Published, Publisher
from shared.nats.relay import Relay
from shared.nats.streams import stream_info
from shared.store.documents import PublishedEvents
from shared.store.embedded import EmbeddedDocuments
from shared.store.journal import Journal
from shared.store.pending import OutgoingEvent
from tests.contract.nats.world import (
    REPORTS,
    STREAM,
    Seen,
    consumer,
    document,
    ensure_streams,
    event,
    until_answer,
)
from tests.support.waiting import until

pytestmark = pytest.mark.anyio


def _relay(store: EmbeddedDocuments, publisher: Publisher, journal: Any = None) -> Relay:
    return Relay(store, [REPORTS.name], publisher, journal or Journal(store), SystemClock())


async def _messages(connection: Connection) -> int:
    return int((await stream_info(connection, STREAM.name))["state"]["messages"])


async def test_pending_events_are_journaled_published_in_order_and_marked(
    connection: Connection, store: EmbeddedDocuments
) -> None:
    await ensure_streams(connection)
    relay = _relay(store, Publisher(connection))
    relay.start()
    for number in range(20):
        await store.insert(REPORTS.name, document(number, unit=f"u{number}", events=3))
    await until_answer(relay.settled)
    seen = Seen()
    running = consumer(connection, store, seen)
    await running.start()
    await until(lambda: len(seen.ids) == 60)
    for number in range(20):
        mine = [id for id in seen.ids if id.startswith(f"report-u{number}-{number}@")]
        assert mine == [f"report-u{number}-{number}@{revision}" for revision in (1, 2, 3)]
    assert len([one async for one in Journal(store).replay()]) == 60
    assert relay.published == 60
    await until(lambda: relay.depth() == 0)
    assert relay.oldest_age_seconds() == 0
    await running.stop()
    await relay.stop()


class _CrashesAfterPublishing(Publisher):
    """The process dies between the broker's acknowledgement and the mark."""

    async def publish_event(self, event: OutgoingEvent, *, message_id: str | None = None) -> Published:
        await super().publish_event(event, message_id=message_id)
        raise asyncio.CancelledError


async def test_a_crash_between_publish_and_mark_repeats_harmlessly(
    connection: Connection, store: EmbeddedDocuments
) -> None:
    await ensure_streams(connection)
    await store.insert(REPORTS.name, document(1))
    with pytest.raises(asyncio.CancelledError):
        await _relay(store, _CrashesAfterPublishing(connection)).publish_waiting()
    assert await _messages(connection) == 1
    after = _relay(store, Publisher(connection))
    assert not await after.settled()
    assert await after.publish_waiting() == 1
    assert await after.settled()
    assert await _messages(connection) == 1


class _LostJournal:
    async def record_many(self, events: Any) -> list[bool]:
        raise Transient("journal away")

    async def replay(self) -> AsyncIterator[OutgoingEvent]:
        return
        yield


async def test_nothing_is_published_that_is_not_journaled(connection: Connection, store: EmbeddedDocuments) -> None:
    await ensure_streams(connection)
    await store.insert(REPORTS.name, document(1))
    with pytest.raises(Transient):
        await _relay(store, Publisher(connection), _LostJournal()).publish_waiting()
    assert await _messages(connection) == 0


async def test_an_event_too_large_is_reported_and_blocks_nobody(
    connection: Connection, store: EmbeddedDocuments
) -> None:
    await ensure_streams(connection)
    relay = _relay(store, Publisher(connection))
    await store.insert(REPORTS.name, document(0, padding="x" * 300_000))
    for number in range(1, 5):
        await store.insert(REPORTS.name, document(number))
    relay.start()
    await until(lambda: relay.published == 4)
    await until(lambda: relay.depth() == 1)
    assert list(relay.stuck) == [event(0).id]
    assert not await relay.settled()
    await relay.stop()


async def test_a_document_that_moves_on_meanwhile_is_published_again(
    connection: Connection, store: EmbeddedDocuments
) -> None:
    await ensure_streams(connection)
    await store.insert(REPORTS.name, document(1))

    class Slow(Publisher):
        async def publish_event(self, event: OutgoingEvent, *, message_id: str | None = None) -> Published:
            done = await super().publish_event(event, message_id=message_id)
            held = await store.get(REPORTS.name, "report-u1-1")
            assert held is not None
            if held["rev"] == 1:
                await store.replace(REPORTS.name, held)
            return done

    relay = _relay(store, Slow(connection))
    await relay.publish_waiting()
    assert not await relay.settled()
    await relay.publish_waiting()
    assert await relay.settled()
    assert await _messages(connection) == 1


async def test_events_in_the_form_of_earlier_versions_are_published_and_rebuilt(
    connection: Connection, store: EmbeddedDocuments
) -> None:
    await ensure_streams(connection)
    old, new = event(1), event(2)
    waiting = {"subject": old.subject, "envelope": orjson.loads(old.body), "at_ms": 5}
    await store.insert(REPORTS.name, {"_id": "report-u1-1", "number": 1, "pending": [waiting], "pending_ms": 5})
    fresh = document(2)
    await store.insert(REPORTS.name, fresh)
    relay = _relay(store, Publisher(connection))
    assert await relay.publish_waiting() == 2
    assert await relay.settled()
    seen = Seen()
    running = consumer(connection, store, seen)
    await running.start()
    await until(lambda: set(seen.ids) == {old.id, new.id})
    kept = {one.id: one async for one in Journal(store).replay()}
    assert orjson.loads(kept[old.id].body) == orjson.loads(old.body)
    assert kept[new.id].body == fresh["pending"][0]["body"]
    await running.stop()


async def test_the_bytes_that_waited_are_the_bytes_that_are_published(
    connection: Connection, store: EmbeddedDocuments
) -> None:
    await ensure_streams(connection)
    odd = '{"id": "odd@1",   "data": {"n": 1.50, "name": "\u0110à Nẵng"}}'
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    waits = {"subject": event(1).subject, "id": "odd@1", "body": odd, "traceparent": traceparent, "at_ms": 5}
    await store.insert(REPORTS.name, {"_id": "report-u1-1", "number": 1, "pending": [waits], "pending_ms": 5})
    assert await _relay(store, Publisher(connection)).publish_waiting() == 1
    message = await connection.jetstream.get_msg(STREAM.name, 1)
    assert message.data == odd.encode()
    assert message.headers is not None
    assert (message.headers["Nats-Msg-Id"], message.headers["traceparent"]) == ("odd@1", traceparent)


async def test_many_documents_are_marked_in_one_write(connection: Connection, store: EmbeddedDocuments) -> None:
    await ensure_streams(connection)
    await store.insert_many(REPORTS.name, [document(number, events=2) for number in range(150)])

    class Counting(EmbeddedDocuments):
        writes = 0

        async def mark_published(self, collection: str, marks: Sequence[PublishedEvents]) -> list[bool]:
            Counting.writes += 1
            return await super().mark_published(collection, marks)

    counted = Counting(store._declared, store._tables, store._writer, store._readers, store._points)
    relay = _relay(counted, Publisher(connection))
    assert await relay.publish_waiting() == 150
    assert (Counting.writes, relay.published) == (1, 300)
    assert await relay.settled()
    assert await _messages(connection) == 300


async def test_what_was_acknowledged_before_an_error_is_marked(
    connection: Connection, store: EmbeddedDocuments
) -> None:
    await ensure_streams(connection)
    await store.insert_many(REPORTS.name, [document(number) for number in range(3)])

    class Fails(Publisher):
        async def publish_event(self, event: OutgoingEvent, *, message_id: str | None = None) -> Published:
            if event.id.startswith("report-u1-1@"):
                raise Transient("away")
            return await super().publish_event(event, message_id=message_id)

    with pytest.raises(Transient, match="away"):
        await _relay(store, Fails(connection)).publish_waiting()
    left = await store.list_pending(REPORTS.name, limit=9)
    assert [held["_id"] for held in left] == ["report-u1-1"]
