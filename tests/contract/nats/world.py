"""What the broker tests share: small streams, events, a handler that remembers, waiting for a condition."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from shared.clock import SystemClock
from shared.errors import Transient
from shared.events.envelope import Envelope, broker_subject, event_id
from shared.nats.attempts import StoredAttempts
from shared.nats.broker import BROKER_COLLECTIONS, Broker
from shared.nats.connection import Connection
from shared.nats.consumer import Consumer, ConsumerLimits, Handler
from shared.nats.dead_letter import DeadLetterBox
from shared.nats.publisher import Publisher
from shared.nats.settle import RetryPolicy
from shared.nats.streams import COMMON, INTAKE, MIB, ConsumerSpec, StreamSpec, ensure_stream
from shared.store.documents import Collection, Documents
from shared.store.journal import JOURNAL, Journal
from shared.store.pending import OutgoingEvent, PendingEvent, with_pending

REPORTS = Collection("reports", emits=True)
COLLECTIONS = (REPORTS, JOURNAL, *BROKER_COLLECTIONS)
STREAM = replace(INTAKE, bytes_max=64 * MIB)
SPEC = ConsumerSpec("scoring-report", STREAM.name, "tiendo.report.>", ack_wait_seconds=3.0)
FAST = RetryPolicy((0.05, 0.1, 0.15))
LIMITS = ConsumerLimits(heartbeat_seconds=0.5)


async def until_answer(question: Callable[[], Awaitable[object]], *, seconds: float = 15.0) -> None:
    """Return once the question is answered with a yes; that it cannot be answered yet is no yes."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(Transient):
            if await question():
                return
        assert time.monotonic() < deadline, f"no yes in {seconds} s"
        await asyncio.sleep(0.02)


def event(number: int, *, unit: str = "u1", revision: int = 1, **more: Any) -> OutgoingEvent:
    """`report.changed.v1` of one report."""
    aggregate = f"report-{unit}-{number}"
    envelope = Envelope(
        id=event_id(aggregate, revision),
        source="/tiendo/intake",
        type="report.changed.v1",
        subject=aggregate,
        time="2011-03-16T17:00:00.000Z",
        revision=revision,
        data={"number": number},
        **more,
    )
    return outgoing_of(envelope, broker_subject(envelope.type, unit))


def document(number: int, *, unit: str = "u1", events: int = 1, padding: str = "") -> dict[str, Any]:
    """A report whose revisions 1 to `events` wait to be published."""
    outgoing = [event(number, unit=unit, revision=revision + 1) for revision in range(events)]
    pending = [_padded(one, padding) for one in outgoing]
    content = {"_id": f"report-{unit}-{number}", "number": number}
    return with_pending(content, pending, now_ms=SystemClock().now_ms())


def outgoing_of(envelope: Envelope, subject: str) -> OutgoingEvent:
    """An event as its service would have it published."""
    body = envelope.model_dump_json(exclude_none=True)
    return OutgoingEvent(subject, envelope.id, body, envelope.traceparent, at_ms=1)


def _padded(event: OutgoingEvent, padding: str) -> PendingEvent:
    body = orjson.dumps({**orjson.loads(event.body), "padding": padding}).decode()
    return PendingEvent(subject=event.subject, id=event.id, body=body)


@dataclass
class Seen:
    """A handler that remembers what it was given; `fail` raises for chosen event ids."""

    ids: list[str] = field(default_factory=list)
    fail: Callable[[Envelope, int], None] = lambda envelope, attempt: None

    async def __call__(self, envelope: Envelope) -> None:
        self.ids.append(envelope.id)
        self.fail(envelope, self.ids.count(envelope.id))


async def ensure_streams(connection: Connection, stream: StreamSpec = STREAM) -> None:
    for spec in (stream, *COMMON):
        await ensure_stream(connection, spec)


def consumer(connection: Connection, store: Documents, handler: Handler, **more: Any) -> Consumer:
    """A consumer of reports with short delays."""
    settings: dict[str, Any] = {"policy": FAST, "limits": LIMITS, **more}
    spec = settings.pop("spec", SPEC)
    return Consumer(
        connection,
        spec,
        handler,
        attempts=StoredAttempts(store),
        dead_letters=DeadLetterBox(Publisher(connection)),
        clock=SystemClock(),
        **settings,
    )


def broker(
    url: str, store: Documents, subscriptions: Mapping[str, Handler], *, service: str = "scoring", **more: Any
) -> Broker:
    """A service that owns INTAKE, emits reports, and consumes what it likes."""
    settings: dict[str, Any] = {
        "owned_stream": STREAM,
        "emitting_collections": [REPORTS.name],
        "policy": FAST,
        "limits": LIMITS,
        "check_seconds": 0.2,
        "ack_wait_seconds": 3.0,
        **more,
    }
    return Broker(
        url=url,
        service_name=service,
        store=store,
        journal=Journal(store),
        clock=SystemClock(),
        subscriptions=subscriptions,
        **settings,
    )
