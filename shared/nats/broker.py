"""All that one service has to do with the broker, composed: connection, keeper of its stream, relay, consumers.

A service constructs one `Broker` in its `main`, starts it, and stops it. A broker that is away does not keep the
service from starting: events wait in the documents, and `ready` says what is missing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from opentelemetry.trace import Tracer

from shared.clock import Clock
from shared.errors import TiendoError, Transient
from shared.nats.attempts import ATTEMPTS, StoredAttempts
from shared.nats.connection import Connection, Identity
from shared.nats.consumer import Consumer, ConsumerLimits, ConsumerMetrics, Handler, Progress
from shared.nats.dead_letter import DeadLetterBox
from shared.nats.jetstream_api import Absent, api_request
from shared.nats.publisher import Publisher
from shared.nats.rebuild import CHECK_SECONDS, KNOWN_STREAMS, StreamKeeper
from shared.nats.relay import Journal, Relay
from shared.nats.settle import RetryPolicy
from shared.nats.streams import COMMON, OWNED, ConsumerSpec, StreamSpec, durable_name, owner_of
from shared.nats.tasks import start_task, stop_task
from shared.store.documents import Collection, Documents

log = structlog.get_logger(__name__)

BROKER_COLLECTIONS: tuple[Collection, ...] = (ATTEMPTS, KNOWN_STREAMS)
"""Collections that a service declares besides its own, for `Broker` to write in."""

CONNECT_SECONDS_MAX = 5.0
START_SECONDS_MAX = 5.0


@dataclass(frozen=True, slots=True)
class Settled:
    """How much of a service's work is under way.

    `outbox`: documents with unpublished events; `unprocessed`: messages not yet acknowledged by its consumers;
    `unknown`: what could not be found out. `activity` only grows while work is done.
    """

    outbox: int
    unprocessed: int
    activity: int
    unknown: tuple[str, ...] = ()

    @property
    def is_settled(self) -> bool:
        """Nothing was under way in this service at some instant during the question.

        Several services are settled together when each says so twice in a row with unchanged `activity`, the second
        round having begun after the first ended.
        """
        return self.outbox == 0 and self.unprocessed == 0 and not self.unknown


class Broker:
    """One service's side of the broker.

    `subscriptions` maps a subject pattern (`tiendo.report.>`) to its handler: one durable each, `<service>-report`, on
    the stream that owns the pattern. `owned_stream` None: the service emits nothing.
    """

    def __init__(
        self,
        *,
        url: str,
        service_name: str,
        store: Documents,
        journal: Journal,
        clock: Clock,
        owned_stream: StreamSpec | None,
        emitting_collections: Sequence[str],
        subscriptions: Mapping[str, Handler],
        identity: Identity | None = None,
        may_create_streams: bool = True,
        policy: RetryPolicy | None = None,
        limits: ConsumerLimits | None = None,
        metrics: ConsumerMetrics | None = None,
        tracer: Tracer | None = None,
        owned_streams: Sequence[StreamSpec] = OWNED,
        common_streams: tuple[StreamSpec, ...] = COMMON,
        ack_wait_seconds: float = 30.0,
        check_seconds: float = CHECK_SECONDS,
    ) -> None:
        self._store = store
        self.connection = Connection(url=url, name=service_name, identity=identity)
        self.publisher = Publisher(self.connection)
        self.keeper = StreamKeeper(
            self.connection,
            owned_stream,
            journal,
            self.publisher,
            store,
            may_create=may_create_streams,
            common=common_streams,
            check_seconds=check_seconds,
        )
        self.relay = Relay(store, emitting_collections, self.publisher, journal, clock)
        self.consumers = [
            Consumer(
                self.connection,
                _spec(service_name, pattern, owned_streams, ack_wait_seconds),
                handler,
                attempts=StoredAttempts(store),
                dead_letters=DeadLetterBox(self.publisher),
                clock=clock,
                policy=policy,
                limits=limits,
                metrics=metrics,
                tracer=tracer,
            )
            for pattern, handler in subscriptions.items()
        ]
        self._starting: asyncio.Task[None] | None = None
        self._started = asyncio.Event()

    async def start(self, *, start_seconds_max: float = START_SECONDS_MAX) -> None:
        """Begin to connect; returns when connected or when the time is over. Goes on trying in the background."""
        self._starting = start_task(self._start(), name="broker start")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(start_seconds_max):
                await self._started.wait()

    async def stop(self, *, finish_seconds_max: float = 10.0) -> None:
        """Stop consuming (finishing what is held), then relaying, then close. Bounded in time."""
        await stop_task(self._starting)
        await asyncio.gather(*(consumer.stop(finish_seconds_max=finish_seconds_max) for consumer in self.consumers))
        await self.relay.stop()
        await self.keeper.stop()
        await self.connection.aclose()

    def ready(self) -> list[str]:
        """Why this service is not ready as far as the broker goes; empty when it is."""
        if not self._started.is_set():
            return ["broker: not connected yet"]
        found = [] if self.connection.is_connected else ["broker: not connected"]
        if self.connection.refused:
            found.append(f"broker: {self.connection.refused}")
        if self.keeper.reason or self.keeper.has_ended:
            found.append(f"streams: {self.keeper.reason or 'keeper ended unexpectedly'}")
        found += self.relay.reasons()
        return found + [consumer.reason for consumer in self.consumers if consumer.reason]

    async def settled(self) -> Settled:
        """What is under way in this service, exactly: asked of broker and store, never of a cache.

        The consumers are asked before and after the outbox. If nothing was unprocessed and nothing was delivered in
        between, no handler can have written an event that the look at the outbox missed.
        """
        unknown = self.ready()
        try:
            before = await self._progress()
            outbox = await self.relay.depth_now()
            after = await self._progress()
        except TiendoError as err:
            return Settled(0, 0, 0, (*unknown, str(err)))
        unprocessed = max(sum(one.unprocessed for one in before), sum(one.unprocessed for one in after))
        if before != after:
            unprocessed = max(unprocessed, 1)
        activity = self.relay.published + sum(one.delivered for one in after)
        return Settled(outbox, unprocessed, activity, tuple(unknown))

    async def _forget_if_store_is_new(self, consumer: Consumer) -> None:
        """A durable that outlived our store would skip what the store has lost: make it anew, from the beginning.

        The store remembers each durable that it has seen. Repeating this after a crash only replays events, which is
        harmless.
        """
        marker = f"durable-{consumer.spec.name}"
        while True:
            try:
                if await self._store.get(KNOWN_STREAMS.name, marker) is None:
                    with contextlib.suppress(Absent):
                        path = f"CONSUMER.DELETE.{consumer.spec.stream}.{consumer.spec.name}"
                        await api_request(self.connection, path)
                    await self._store.insert(KNOWN_STREAMS.name, {"_id": marker})
            except Transient as err:
                log.warning("durable_not_checked", consumer=consumer.spec.name, reason=str(err))
                await asyncio.sleep(0.5)
            else:
                return

    async def _progress(self) -> list[Progress]:
        return list(await asyncio.gather(*(consumer.progress() for consumer in self.consumers)))

    async def _start(self) -> None:
        while not self.connection.is_connected:
            try:
                await self.connection.open(connect_seconds_max=CONNECT_SECONDS_MAX)
            except Transient as err:
                log.warning("broker_not_reached", reason=str(err))
                await asyncio.sleep(0.5)
        for consumer in self.consumers:
            await self._forget_if_store_is_new(consumer)
        self.keeper.start()
        self.relay.start()
        for consumer in self.consumers:
            await consumer.start()
        self._started.set()


def _spec(service: str, pattern: str, streams: Sequence[StreamSpec], ack_wait_seconds: float) -> ConsumerSpec:
    stream = owner_of(pattern, streams)
    return ConsumerSpec(
        durable_name(service, pattern),
        stream.name,
        pattern,
        ack_wait_seconds=ack_wait_seconds,
        replicas=stream.replicas,
    )
