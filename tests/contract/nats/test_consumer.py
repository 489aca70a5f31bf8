"""Consumers against a real broker: delivery, retries, dead letters, order, stopping."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from structlog.contextvars import get_contextvars

from shared.clock import SystemClock
from shared.errors import Permanent, Transient
from shared.events.envelope import Envelope
from shared.nats.attempts import ATTEMPTS, StoredAttempts
from shared.nats.connection import Connection
from shared.nats.consumer import ConsumerLimits
from shared.nats.dead_letter import discard, list_dead_letters, replay, replay_all
from shared.nats.jetstream_api import api_request
from shared.nats.publisher import Publisher
from shared.store.embedded import EmbeddedDocuments
from shared.telemetry.tracing import Tracing, current_trace_id
from tests.contract.nats.world import LIMITS, SPEC, STREAM, Seen, consumer, ensure_streams, event, until_answer
from tests.support.waiting import until

pytestmark = pytest.mark.anyio


async def _idle(running: object) -> bool:
    return (await running.progress()).unprocessed == 0  # type: ignore[attr-defined,no-any-return]


async def test_every_published_event_reaches_the_handler_once(connection: Connection, store: EmbeddedDocuments) -> None:
    await ensure_streams(connection)
    seen = Seen()
    running = consumer(connection, store, seen)
    await running.start()
    await Publisher(connection).publish_in_order(event(n, unit=f"u{n % 7}") for n in range(500))
    await until_answer(lambda: _idle(running))
    await running.stop()
    assert len(seen.ids) == len(set(seen.ids)) == 500
    assert running.seconds_behind == 0


async def test_a_transient_failure_comes_back_after_its_delay_and_is_forgotten_when_it_succeeds(
    connection: Connection, store: EmbeddedDocuments
) -> None:
    await ensure_streams(connection)
    at: list[float] = []

    def fail(envelope: Envelope, attempt: int) -> None:
        at.append(time.monotonic())
        if attempt < 3:
            raise Transient("lease held")

    running = consumer(connection, store, seen := Seen(fail=fail))
    await running.start()
    await Publisher(connection).publish_event(event(1))
    await until(lambda: len(seen.ids) == 3)
    await until_answer(lambda: _idle(running))
    assert at[1] - at[0] >= 0.05
    assert at[2] - at[1] >= 0.1
    assert await StoredAttempts(store).failing(SPEC.name) == set()
    await running.stop()


async def test_attempts_are_counted_across_restarts_of_the_consumer(
    connection: Connection, store: EmbeddedDocuments
) -> None:
    await ensure_streams(connection)
    await StoredAttempts(store).failed(SPEC.name, event(1).id, at_ms=1_000, error="earlier")
    await StoredAttempts(store).failed(SPEC.name, event(1).id, at_ms=2_000, error="earlier")

    def fail(envelope: Envelope, attempt: int) -> None:
        raise Transient("still away")

    running = consumer(connection, store, seen := Seen(fail=fail))
    await running.start()
    await Publisher(connection).publish_event(event(1))
    await until_answer(lambda: _idle(running))
    await running.stop()
    assert len(seen.ids) == 2, "the third and the fourth of four attempts"
    [letter] = (await list_dead_letters(connection)).letters
    assert (letter.attempts, letter.first_failed_ms) == (4, 1_000)
    assert (await store.find(ATTEMPTS.name, {"consumer": SPEC.name})).documents == []


async def test_a_poison_message_becomes_a_dead_letter_that_says_everything(
    connection: Connection, store: EmbeddedDocuments
) -> None:
    await ensure_streams(connection)
    publisher = Publisher(connection)
    running = consumer(connection, store, Seen())
    await running.start()
    before_ms = SystemClock().now_ms()
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    body = "không phải JSON".encode()
    place = await publisher.publish(
        "tiendo.report.changed.v1.u1", body, message_id="m1", headers={"traceparent": trace}
    )
    await until_answer(lambda: _idle(running))
    await running.stop()
    [letter] = (await list_dead_letters(connection)).letters
    assert letter.body == body
    assert letter.reason.startswith("permanent: ValidationError")
    assert (letter.consumer, letter.subject) == (SPEC.name, "tiendo.report.changed.v1.u1")
    assert (letter.stream, letter.stream_sequence) == (STREAM.name, place.sequence)
    assert (letter.message_id, letter.error_type, letter.attempts) == ("m1", "ValidationError", 1)
    assert before_ms <= letter.first_failed_ms == letter.last_failed_ms <= SystemClock().now_ms()
    assert letter.traceparent == trace


async def test_a_replayed_dead_letter_reaches_the_handler_with_its_event_id(
    connection: Connection, store: EmbeddedDocuments
) -> None:
    await ensure_streams(connection)
    publisher = Publisher(connection)
    mended = False

    def fail(envelope: Envelope, attempt: int) -> None:
        if not mended:
            raise Permanent("đơn vị chưa có")

    running = consumer(connection, store, seen := Seen(fail=fail))
    await running.start()
    await publisher.publish_event(event(1))
    await until_answer(lambda: _idle(running))
    [letter] = (await list_dead_letters(connection)).letters
    assert letter.reason == "permanent: Permanent: đơn vị chưa có"
    mended = True
    assert letter.sequence is not None
    await replay(publisher, letter.sequence, clock=SystemClock())
    await until(lambda: len(seen.ids) == 2)
    assert seen.ids == [event(1).id] * 2
    assert (await list_dead_letters(connection)).letters == []
    assert len((await list_dead_letters(connection, include_handled=True)).letters) == 1
    await running.stop()


async def test_dead_letters_are_paged_filtered_discarded_and_replayed_together(
    connection: Connection, store: EmbeddedDocuments
) -> None:
    await ensure_streams(connection)
    publisher = Publisher(connection)
    mended = False

    def fail(envelope: Envelope, attempt: int) -> None:
        if not mended:
            raise Permanent("no")

    running = consumer(connection, store, seen := Seen(fail=fail))
    await running.start()
    await publisher.publish_in_order(event(n) for n in range(5))
    await until_answer(lambda: _idle(running))
    first = await list_dead_letters(connection, limit=2)
    second = await list_dead_letters(connection, limit=2, cursor=first.cursor)
    assert [one.sequence for one in first.letters + second.letters] == [1, 2, 3, 4]
    assert (await list_dead_letters(connection, consumer="notify-report")).letters == []
    await discard(publisher, 1, reason="a test of the unit", clock=SystemClock())
    mended = True
    assert await replay_all(publisher, clock=SystemClock(), consumer=SPEC.name) == 4
    await until(lambda: len(seen.ids) == 9)
    assert (await list_dead_letters(connection)).letters == []
    with pytest.raises(Permanent, match="no dead letter 99"):
        await discard(publisher, 99, reason="none", clock=SystemClock())
    await running.stop()


async def test_events_of_one_key_stay_in_order_while_keys_run_in_parallel(
    connection: Connection, store: EmbeddedDocuments
) -> None:
    await ensure_streams(connection)
    running_now: dict[str, int] = {}
    order: dict[str, list[int]] = {}
    together = 0

    async def handler(envelope: Envelope) -> None:
        nonlocal together
        unit = envelope.subject.split("-")[1]
        running_now[unit] = running_now.get(unit, 0) + 1
        assert running_now[unit] == 1, "two events of one key at once"
        together = max(together, sum(running_now.values()))
        await asyncio.sleep(0.001)
        order.setdefault(unit, []).append(envelope.data["number"])
        running_now[unit] -= 1

    await Publisher(connection).publish_in_order(event(n, unit=f"u{n % 10}") for n in range(200))
    running = consumer(connection, store, handler)
    await running.start()
    await until_answer(lambda: _idle(running))
    await running.stop()
    assert sum(map(len, order.values())) == 200
    assert all(numbers == sorted(numbers) for numbers in order.values())
    assert together > 1


async def test_stop_finishes_what_is_in_work_and_gives_the_rest_back(
    connection: Connection, store: EmbeddedDocuments
) -> None:
    await ensure_streams(connection)
    begun, go_on = asyncio.Event(), asyncio.Event()
    finished: list[str] = []

    async def handler(envelope: Envelope) -> None:
        if envelope.data["number"] == 0:
            begun.set()
            await go_on.wait()
        elif not go_on.is_set():
            await asyncio.Event().wait()
        finished.append(envelope.id)

    publisher = Publisher(connection)
    running = consumer(connection, store, handler, limits=replace(LIMITS, lanes=2))
    await publisher.publish_event(event(0, unit="a"))
    await publisher.publish_event(event(1, unit="b"))
    await running.start()
    await begun.wait()
    stopping = asyncio.create_task(running.stop(finish_seconds_max=0.5))
    go_on.set()
    await stopping
    assert event(0, unit="a").id in finished, "what could finish did"
    second = consumer(connection, store, seen := Seen())
    await second.start()
    await until_answer(lambda: _idle(second))
    await second.stop()
    assert sorted({*finished, *seen.ids}) == sorted([event(0, unit="a").id, event(1, unit="b").id])


async def test_a_long_handler_is_not_delivered_twice(connection: Connection, store: EmbeddedDocuments) -> None:
    await ensure_streams(connection)
    calls = 0

    async def handler(envelope: Envelope) -> None:
        nonlocal calls
        calls += 1
        await asyncio.sleep(1.5)

    spec = replace(SPEC, ack_wait_seconds=0.5)
    running = consumer(connection, store, handler, spec=spec)
    await running.start()
    await Publisher(connection).publish_event(event(1))
    await until_answer(lambda: _idle(running))
    info = await api_request(connection, f"CONSUMER.INFO.{SPEC.stream}.{SPEC.name}")
    assert (calls, info["delivered"]["consumer_seq"]) == (1, 1)
    await running.stop()


async def test_a_handler_without_end_is_cut_off_and_tried_again(
    connection: Connection, store: EmbeddedDocuments
) -> None:
    await ensure_streams(connection)
    calls = 0

    async def handler(envelope: Envelope) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            await asyncio.Event().wait()

    limits = replace(LIMITS, handler_seconds_max=0.1)
    running = consumer(connection, store, handler, limits=limits)
    await running.start()
    await Publisher(connection).publish_event(event(1))
    await until_answer(lambda: _idle(running))
    assert calls == 2
    await running.stop()


async def test_consuming_stops_when_too_many_messages_are_invalid(
    connection: Connection, store: EmbeddedDocuments
) -> None:
    await ensure_streams(connection)
    publisher = Publisher(connection)
    limits = ConsumerLimits(lanes=1, heartbeat_seconds=0.5, invalid_max=3, invalid_window=10)
    running = consumer(connection, store, Seen(), limits=limits)
    await running.start()
    for number in range(20):
        await publisher.publish(f"tiendo.report.changed.v1.u{number}", b"?", message_id=f"m{number}")
    await until(lambda: running.reason is not None and "were invalid" in running.reason)
    await running.stop()
    assert len((await list_dead_letters(connection)).letters) == 4


async def test_a_deleted_consumer_is_made_again(connection: Connection, store: EmbeddedDocuments) -> None:
    await ensure_streams(connection)
    publisher = Publisher(connection)
    running = consumer(connection, store, seen := Seen())
    await running.start()
    await publisher.publish_event(event(1))
    await until(lambda: seen.ids == [event(1).id])
    await until_answer(lambda: _idle(running))
    await api_request(connection, f"CONSUMER.DELETE.{SPEC.stream}.{SPEC.name}")
    await publisher.publish_event(event(2))
    await until(lambda: event(2).id in seen.ids)
    await running.stop()


async def test_the_handler_runs_in_the_trace_and_correlation_of_its_event(
    connection: Connection, store: EmbeddedDocuments
) -> None:
    await ensure_streams(connection)
    exporter = InMemorySpanExporter()
    tracing = Tracing(service="scoring", exporter=exporter)
    trace = "0af7651916cd43dd8448eb211c80319c"
    found: dict[str, object] = {}

    async def handler(envelope: Envelope) -> None:
        found.update(get_contextvars(), trace=current_trace_id())

    running = consumer(connection, store, handler, tracer=tracing.tracer)
    await running.start()
    one = event(1, traceparent=f"00-{trace}-b7ad6b7169203331-01", correlationid="request-7")
    await Publisher(connection).publish_event(one)
    await until_answer(lambda: _idle(running))
    await running.stop()
    assert found == {
        "trace": trace,
        "correlation_id": "request-7",
        "event_id": one.id,
        "event_type": "report.changed.v1",
        "consumer": SPEC.name,
    }
    [span] = exporter.get_finished_spans()
    assert (span.name, span.parent and f"{span.parent.span_id:x}") == (
        "consume report.changed.v1",
        "b7ad6b7169203331",
    )
    assert get_contextvars() == {}
    await tracing.aclose()


async def test_two_instances_share_the_work_of_one_durable(connection: Connection, store: EmbeddedDocuments) -> None:
    await ensure_streams(connection)
    limits = replace(LIMITS, window=4)
    seen = (Seen(), Seen())
    both = [consumer(connection, store, one, limits=limits) for one in seen]
    for running in both:
        await running.start()
    await until(lambda: all(running.reason is None for running in both))
    await Publisher(connection).publish_in_order(event(n, unit=f"u{n}") for n in range(200))
    await until_answer(lambda: _idle(both[0]))
    for running in both:
        await running.stop()
    assert len(seen[0].ids) + len(seen[1].ids) == 200
    assert set(seen[0].ids).isdisjoint(seen[1].ids)
    assert seen[0].ids
    assert seen[1].ids


async def test_age_of_the_oldest_unacknowledged_and_outcomes_are_told(
    connection: Connection, store: EmbeddedDocuments
) -> None:
    await ensure_streams(connection)
    outcomes: list[tuple[str, str]] = []
    ages: list[float] = []

    class Told:
        def handled(self, *, consumer: str, event_type: str, outcome: str, seconds: float) -> None:
            outcomes.append((event_type, outcome))

        def behind(self, *, consumer: str, seconds: float) -> None:
            ages.append(seconds)

    def fail(envelope: Envelope, attempt: int) -> None:
        if attempt == 1:
            raise Transient("once")

    running = consumer(connection, store, Seen(fail=fail), metrics=Told())
    await running.start()
    await Publisher(connection).publish_event(event(1))
    await until_answer(lambda: _idle(running))
    await running.stop()
    assert outcomes == [("report.changed.v1", "retry"), ("report.changed.v1", "ack")]
    assert ages[0] > 0, "it waits for its retry"
    assert ages[-1] == 0
