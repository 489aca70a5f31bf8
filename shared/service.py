"""What every composition root does the same way: its side of the broker, health, the barrier, running until a stop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from fastapi import APIRouter, FastAPI
from starlette.responses import Response

from shared.clock import Clock
from shared.errors import Transient
from shared.http.answers import json_answer
from shared.http.server import serve
from shared.nats.broker import Broker, Settled
from shared.nats.connection import Identity
from shared.nats.consumer import Handler
from shared.nats.streams import StreamSpec
from shared.schedule import Schedule
from shared.settings import ServiceSettings
from shared.store.documents import Documents
from shared.store.journal import Journal
from shared.telemetry.health import Check
from shared.telemetry.metrics import Metrics
from shared.telemetry.service import Telemetry

FINISH_SECONDS_MAX = 1.5
"""How long consumers may finish what they hold when a service stops."""

SettledAnswer = Callable[[], Awaitable[dict[str, int]]]


class Publishing(Protocol):
    """What a service needs of the broker: `Broker`, or nothing at all in a test without one."""

    async def start(self, *, start_seconds_max: float = ...) -> None: ...
    async def stop(self, *, finish_seconds_max: float = ...) -> None: ...
    def ready(self) -> list[str]: ...
    async def settled(self) -> Settled: ...


class Service(Protocol):
    """A composed service."""

    @property
    def app(self) -> FastAPI: ...
    async def start(self) -> None: ...
    async def stop(self) -> None: ...


class BrokerMetrics:
    """What consumers tell, as metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def handled(self, *, consumer: str, event_type: str, outcome: str, seconds: float) -> None:
        self._metrics.consumer_handled.labels(consumer=consumer, outcome=outcome).inc()
        if outcome == "dead_letter":
            self._metrics.dead_letters.labels(consumer=consumer, event_type=event_type).inc()

    def behind(self, *, consumer: str, seconds: float) -> None:
        self._metrics.consumer_behind_seconds.labels(consumer=consumer).set(seconds)


def broker_of(
    settings: ServiceSettings,
    *,
    service: str,
    store: Documents,
    clock: Clock,
    telemetry: Telemetry,
    owned: StreamSpec | None = None,
    emitting: Sequence[str] = (),
    subscriptions: Mapping[str, Handler] | None = None,
) -> Broker:
    """The service's side of the broker, with its own identity where the settings give one.

    Only in the local profile does a service create its stream; elsewhere `deploy.nats.provision` does.
    """
    identity = None
    if settings.nats_user and settings.nats_password:
        identity = Identity(settings.nats_user, settings.nats_password.get_secret_value())
    broker = Broker(
        url=settings.nats_url,
        service_name=service,
        store=store,
        journal=Journal(store),
        clock=clock,
        owned_stream=owned,
        emitting_collections=emitting,
        subscriptions=subscriptions or {},
        identity=identity,
        may_create_streams=settings.profile == "local",
        metrics=BrokerMetrics(telemetry.metrics),
        tracer=telemetry.tracing.tracer,
        ack_wait_seconds=settings.ack_wait_seconds,
    )
    telemetry.metrics.outbox_depth.set_function(broker.relay.depth)
    telemetry.metrics.outbox_oldest_age_seconds.set_function(broker.relay.oldest_age_seconds)
    return broker


def check(name: str, reasons: Callable[[], list[str]], mend: str) -> Check:
    """A readiness check that fails with the reasons given, while there are any."""

    async def probe() -> None:
        if found := reasons():
            raise Transient("; ".join(found))

    return Check(name, probe, mend)


def watch(telemetry: Telemetry, *, store: Documents, broker: Publishing, schedule: Schedule) -> None:
    """Readiness asks the store, the broker and the last pass of the schedule."""
    telemetry.health.add(Check("store", store.ping, "check TIENDO_STORE_URL and that the store runs"))
    telemetry.health.add(
        check("broker", broker.ready, "check TIENDO_NATS_URL and that the broker runs; nothing accepted is lost")
    )
    telemetry.health.add(
        check(
            "schedule",
            lambda: [f"{job}: {fault}" for job, fault in sorted(schedule.faults.items())],
            "read the log line schedule.job_failed",
        )
    )


async def settled_answer(broker: Publishing, schedule: Schedule, *, dirty: int = 0) -> dict[str, int]:
    """What the barrier is told. What could not be found out counts as work: it must not open on ignorance."""
    passed_ms = schedule.passed_ms
    found = await broker.settled()
    return {
        "schedule_ms": passed_ms,
        "outbox": found.outbox,
        "unprocessed": found.unprocessed,
        "dirty": dirty + len(found.unknown),
    }


def internal_routes(settled: SettledAnswer) -> APIRouter:
    """`/internal/settled`: what is still under way, for a simulator that steps the clock. Local profile only."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/internal/settled")
    async def answer() -> Response:
        return json_answer(await settled())

    return routes


async def run_until_stopped(service: Service, settings: ServiceSettings) -> None:
    """Start, serve until SIGTERM or SIGINT, stop in reverse."""
    try:
        await service.start()
        await serve(
            service.app, host=settings.host, port=settings.port, stop_timeout_seconds=settings.stop_timeout_seconds
        )
    finally:
        await service.stop()
