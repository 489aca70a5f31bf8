"""The broker is killed, wiped, away: nothing acknowledged is lost, and consumers converge."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from shared.errors import Transient
from shared.nats.broker import Broker
from shared.nats.connection import Connection, connect
from shared.nats.jetstream_api import api_request
from shared.nats.publisher import Publisher
from shared.nats.rebuild import KNOWN_STREAMS, StreamKeeper
from shared.nats.streams import stream_info
from shared.store.embedded import EmbeddedDocuments
from shared.store.journal import Journal
from tests.contract.nats.world import (
    COLLECTIONS,
    LIMITS,
    REPORTS,
    STREAM,
    Seen,
    broker,
    consumer,
    document,
    ensure_streams,
    event,
    until_answer,
)
from tests.support.nats_server import NatsServer
from tests.support.waiting import until

pytestmark = pytest.mark.anyio


async def test_kill_9_during_publishing_loses_nothing_acknowledged_and_the_consumer_recovers(
    server: NatsServer, connection: Connection, store: EmbeddedDocuments
) -> None:
    await ensure_streams(connection)
    seen = Seen()
    running = consumer(connection, store, seen)
    await running.start()
    publisher = Publisher(connection)
    acknowledged: list[str] = []

    async def publish(number: int) -> None:
        one = event(number, unit=f"u{number % 20}")
        try:
            await publisher.publish_event(one)
        except Transient:
            return
        acknowledged.append(one.id)

    publishing = asyncio.gather(*(publish(number) for number in range(3000)))
    for count in (300, 1500):
        await until(lambda count=count: len(acknowledged) >= count)  # type: ignore[misc]
        server.kill()
        server.start()
    await publishing
    assert len(acknowledged) == 3000, "a short outage is ridden out"
    await until(lambda: set(acknowledged) <= set(seen.ids))
    await until(lambda: running.reason is None)
    await running.stop()


async def test_a_wiped_broker_is_rebuilt_from_the_journal_and_every_consumer_sees_everything_again(
    server: NatsServer, store: EmbeddedDocuments, tmp_path: Path
) -> None:
    other_store = await EmbeddedDocuments.connect(tmp_path / "other.sqlite3", COLLECTIONS)
    owner = broker(server.url, store, {}, service="intake")
    seen = Seen()
    other = broker(
        server.url,
        other_store,
        {"tiendo.report.>": seen},
        owned_stream=None,
        emitting_collections=[],
    )
    await asyncio.gather(owner.start(), other.start())
    for number in range(50):
        await store.insert(REPORTS.name, document(number))
    everything = {event(number).id for number in range(50)}
    await until(lambda: set(seen.ids) == everything)

    server.kill()
    server.wipe()
    seen.ids.clear()
    await store.insert(REPORTS.name, document(50))
    server.start()
    await until(lambda: set(seen.ids) == everything | {event(50).id})
    await until(lambda: owner.ready() == [] and other.ready() == [])
    assert owner.keeper.rebuilds == 2, "the first creation, and this one"
    await until_answer(lambda: _settled(owner, other))
    await asyncio.gather(owner.stop(), other.stop())
    await other_store.aclose()


async def _settled(*brokers: object) -> bool:
    return all([(await one.settled()).is_settled for one in brokers])  # type: ignore[attr-defined]


async def test_a_stream_deleted_under_a_living_broker_is_made_again(
    server: NatsServer, connection: Connection, store: EmbeddedDocuments
) -> None:
    seen = Seen()
    service = broker(server.url, store, {"tiendo.report.>": seen})
    await service.start()
    await store.insert(REPORTS.name, document(1))
    await until(lambda: seen.ids == [event(1).id])
    await api_request(connection, f"STREAM.DELETE.{STREAM.name}")
    await until(lambda: len(seen.ids) == 2)
    await until(lambda: service.ready() == [])
    await service.stop()


async def test_a_truncated_stream_gets_the_journal_again_and_nobody_misses_what_follows(
    server: NatsServer, store: EmbeddedDocuments, tmp_path: Path
) -> None:
    """What a power failure leaves: the stream's files as they were, the consumer's state newer than they are."""
    seen = Seen()

    async def publish(numbers: range) -> None:
        """Run the service for some reports, then stop it and the broker."""
        server.start()
        service = broker(server.url, store, {"tiendo.report.>": seen})
        await service.start()
        for number in numbers:
            await store.insert(REPORTS.name, document(number))
        await until(lambda: {event(number).id for number in numbers} <= set(seen.ids))
        await until_answer(lambda: _settled(service))
        await until_answer(lambda: _knows(store, numbers.stop))
        await service.stop()
        server.stop()

    server.stop()
    await publish(range(5))
    messages = next(server.store_dir.rglob(f"{STREAM.name}/msgs"))
    shutil.copytree(messages, tmp_path / "earlier")
    await publish(range(5, 10))
    shutil.rmtree(messages)
    shutil.copytree(tmp_path / "earlier", messages)
    seen.ids.clear()
    await publish(range(10, 12))
    server.start()
    connection = await connect(url=server.url, name="test")
    assert (await stream_info(connection, STREAM.name))["state"]["messages"] >= 12
    await connection.aclose()


async def _knows(store: EmbeddedDocuments, sequence: int) -> bool:
    held = await store.get(KNOWN_STREAMS.name, f"stream-{STREAM.name}")
    return held is not None and held["last_sequence"] >= sequence


async def test_a_stream_made_anew_gets_the_journal_even_when_it_is_longer_than_it_was(
    connection: Connection, store: EmbeddedDocuments
) -> None:
    publisher = Publisher(connection)
    journal = Journal(store)
    keeper = StreamKeeper(connection, STREAM, journal, publisher, store)
    for one in (event(1), event(2), event(3)):
        await journal.record_many([one])
    await keeper.check()
    await api_request(connection, f"STREAM.DELETE.{STREAM.name}")
    await ensure_streams(connection)
    for number in (3, 4, 5, 6, 7):
        await publisher.publish_event(event(number))
    assert await keeper.check()
    assert (await stream_info(connection, STREAM.name))["state"]["messages"] == 7
    assert not await keeper.check()


async def test_a_consumer_goes_on_at_once_after_a_restart_without_waiting_for_silence(
    server: NatsServer, connection: Connection, store: EmbeddedDocuments
) -> None:
    await ensure_streams(connection)
    running = consumer(connection, store, seen := Seen(), limits=replace(LIMITS, heartbeat_seconds=14.0))
    await running.start()
    publisher = Publisher(connection)
    await publisher.publish_event(event(1))
    await until(lambda: event(1).id in seen.ids)
    server.kill()
    server.start()
    await publisher.publish_event(event(2))
    await until(lambda: event(2).id in seen.ids, within_seconds=6)
    await running.stop()


async def test_an_acknowledged_sequence_that_is_gone_is_noticed(
    connection: Connection, store: EmbeddedDocuments
) -> None:
    publisher = Publisher(connection)
    journal = Journal(store)
    keeper = StreamKeeper(connection, STREAM, journal, publisher, store)
    assert await keeper.check()
    one = event(1)
    await journal.record_many([one])
    publisher.last_sequences[STREAM.name] = 1
    assert await keeper.check()
    assert (await stream_info(connection, STREAM.name))["state"]["messages"] == 1
    assert not await keeper.check()


async def test_a_crash_in_the_middle_of_a_rebuild_starts_it_over(
    connection: Connection, store: EmbeddedDocuments
) -> None:
    journal = Journal(store)
    events = [event(number) for number in range(600)]
    await journal.record_many(events)

    class Dies(Publisher):
        async def publish_in_order(self, batch: object) -> None:
            if self.last_sequences:
                raise Transient("killed")
            await super().publish_in_order(batch)  # type: ignore[arg-type]

    with pytest.raises(Transient):
        await StreamKeeper(connection, STREAM, journal, Dies(connection), store).check()
    keeper = StreamKeeper(connection, STREAM, journal, Publisher(connection), store)
    assert await keeper.check()
    assert (await stream_info(connection, STREAM.name))["state"]["messages"] == 600
    assert not await keeper.check()


async def test_a_stream_that_is_not_as_declared_keeps_the_service_from_being_ready(
    server: NatsServer, connection: Connection, store: EmbeddedDocuments
) -> None:
    await ensure_streams(connection, replace(STREAM, duplicate_window_seconds=60))
    service = broker(server.url, store, {"tiendo.report.>": Seen()})
    await service.start()
    await until(lambda: any("duplicate_window: declared 600000000000" in reason for reason in service.ready()))
    await service.stop()


async def test_a_service_starts_without_a_broker_and_catches_up_when_it_comes(
    tmp_path: Path, store: EmbeddedDocuments
) -> None:
    server = NatsServer(tmp_path / "late")
    seen = Seen()
    service = broker(server.url, store, {"tiendo.report.>": seen})
    await service.start(start_seconds_max=0.2)
    assert service.ready() == ["broker: not connected yet"]
    await store.insert(REPORTS.name, document(1))
    server.start()
    await until(lambda: seen.ids == [event(1).id])
    await until(lambda: service.ready() == [])
    server.kill()
    await until(lambda: "broker: not connected" in service.ready())
    assert not (await service.settled()).is_settled
    await service.stop(finish_seconds_max=0.2)


async def test_a_service_that_lost_its_store_sees_every_event_again(
    server: NatsServer, store: EmbeddedDocuments, tmp_path: Path
) -> None:
    """Its durable outlived the store and is past everything; a new store must not start where the old one stood."""
    owner = broker(server.url, store, {}, service="intake")
    await owner.start()
    for number in range(20):
        await store.insert(REPORTS.name, document(number))
    everything = {event(number).id for number in range(20)}
    counts: list[int] = []
    for name in ("first", "first", "second"):
        reader_store = await EmbeddedDocuments.connect(tmp_path / f"{name}.sqlite3", COLLECTIONS)
        seen = Seen()
        reader = broker(server.url, reader_store, {"tiendo.report.>": seen}, owned_stream=None, emitting_collections=[])
        await reader.start()
        if not counts or name == "second":
            await until(lambda seen=seen: set(seen.ids) == everything)  # type: ignore[misc]
        await until_answer(lambda reader=reader: is_settled(reader))  # type: ignore[misc]
        counts.append(len(set(seen.ids)))
        await reader.stop()
        await reader_store.aclose()
    assert counts == [20, 0, 20]
    await owner.stop()


async def is_settled(reader: Broker) -> bool:
    return (await reader.settled()).is_settled
