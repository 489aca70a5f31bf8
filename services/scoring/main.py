"""Composition root of scoring: settings -> store -> repositories -> handlers -> edges; start, graceful stop."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import FastAPI

from services.scoring import consumer, schedule
from services.scoring.domain.debounce import Debounce
from services.scoring.handlers.answer import Answer
from services.scoring.handlers.keep import Keep
from services.scoring.handlers.recompute import Compute, Recompute
from services.scoring.repository.collections import COLLECTIONS, EMITTING
from services.scoring.repository.ledger import Ledger
from services.scoring.repository.marks import Marks
from services.scoring.repository.observations import Observations
from services.scoring.repository.plans import Plans
from services.scoring.repository.results import Results
from services.scoring.repository.units import Units
from services.scoring.routes.evaluations import evaluation_routes
from services.scoring.settings import Settings
from shared.clock import Clock, SystemClock
from shared.events.envelope import Envelope
from shared.http.app import Limits, create_app
from shared.http.identity import Identity
from shared.http.server import run as run_loop
from shared.http.tokens import TokenAuthenticator
from shared.nats.broker import Broker
from shared.nats.streams import SCORING
from shared.schedule import Schedule
from shared.service import (
    FINISH_SECONDS_MAX,
    broker_of,
    check,
    internal_routes,
    run_until_stopped,
    settled_answer,
    watch,
)
from shared.store.documents import Documents
from shared.store.open import open_store
from shared.telemetry.service import Telemetry, start_telemetry

VERSION = "1"


@dataclass(slots=True)
class Handlers:
    """Handlers over one store."""

    keep: Keep
    recompute: Recompute
    answer: Answer
    marks: Marks


@dataclass(slots=True)
class Scoring:
    """The composed service."""

    app: FastAPI
    handlers: Handlers
    loop: schedule.RecomputeLoop
    store: Documents
    broker: Broker
    schedule: Schedule
    telemetry: Telemetry

    async def start(self) -> None:
        """Begin to recompute and to consume; a broker that is away is waited for in the background."""
        self.loop.start()
        self.schedule.start()
        await self.broker.start()

    async def stop(self) -> None:
        """Stop consuming, stop recomputing, close the store. May be called without `start`."""
        self.telemetry.health.stop()
        await self.broker.stop(finish_seconds_max=FINISH_SECONDS_MAX)
        await self.schedule.stop()
        await self.loop.stop()
        await self.store.aclose()
        await self.telemetry.aclose()


def handlers(store: Documents, *, clock: Clock, lease_seconds: float, lease_clock: Clock | None = None) -> Handlers:
    """The handlers of one instance over a store. Leases run on real time, whatever the platform's clock is."""
    plans, units, ledger, observations = Plans(store), Units(store), Ledger(store), Observations(store)
    results = Results(store)
    marks = Marks(
        store,
        owner=secrets.token_hex(8),
        lease_ms=round(lease_seconds * 1000),
        lease_clock=lease_clock or SystemClock(),
    )
    computing = Compute(plans=plans, ledger=ledger, observations=observations, clock=clock)
    recompute = Recompute(computing=computing, marks=marks, results=results, clock=clock)
    return Handlers(
        keep=Keep(plans=plans, units=units, ledger=ledger, observations=observations, marks=marks),
        recompute=recompute,
        answer=Answer(results=results, units=units, computing=computing, last=recompute.last),
        marks=marks,
    )


async def compose(settings: Settings, *, clock: Clock | None = None, store: Documents | None = None) -> Scoring:
    """The service, not yet started. `clock` and `store` replace those that the settings name."""
    clock = clock or settings.clock()
    telemetry = start_telemetry(settings, service="scoring", clock=clock, version=VERSION)
    store = store or await open_store(settings.store_url, database="scoring", collections=COLLECTIONS)
    made = handlers(store, clock=clock, lease_seconds=settings.lease_seconds)
    loop = schedule.RecomputeLoop(
        waiting=made.marks.waiting,
        run=made.recompute.run,
        debounce=Debounce(settings.debounce_seconds, settings.pause_cost_factor, settings.pause_seconds_max),
        told=_telling(telemetry),
    )
    broker = broker_of(
        settings,
        service="scoring",
        store=store,
        clock=clock,
        telemetry=telemetry,
        owned=SCORING,
        emitting=EMITTING,
        subscriptions={
            pattern: _noticed(handler, loop) for pattern, handler in consumer.subscriptions(made.keep).items()
        },
    )
    every = Schedule(
        clock=clock, every_seconds=settings.schedule_seconds, jobs=schedule.jobs(mark_due=made.marks.mark_ticked)
    )
    app = _app(settings, clock, telemetry, made, _settled(broker, every, made.marks, loop))
    watch(telemetry, store=store, broker=broker, schedule=every)
    telemetry.health.add(
        check(
            "recompute",
            lambda: [f"{what}: {fault}" for what, fault in loop.faults.items()],
            "read the log: an evaluation cannot be computed",
        )
    )
    return Scoring(app, made, loop, store, broker, every, telemetry)


def _telling(telemetry: Telemetry) -> Callable[[str, float], None]:
    def told(outcome: str, seconds: float) -> None:
        telemetry.metrics.evaluations_computed.labels(outcome=outcome).inc()
        telemetry.metrics.evaluation_seconds.observe(seconds)

    return told


def _noticed(
    handler: Callable[[Envelope], Awaitable[None]], loop: schedule.RecomputeLoop
) -> Callable[[Envelope], Awaitable[None]]:
    """The handler, after which the loop looks at the marks."""

    async def handled(envelope: Envelope) -> None:
        await handler(envelope)
        loop.notice()

    return handled


def _app(
    settings: Settings,
    clock: Clock,
    telemetry: Telemetry,
    made: Handlers,
    settled: Callable[[], Awaitable[dict[str, int]]],
) -> FastAPI:
    routers = [evaluation_routes(made.answer)]
    if settings.profile == "local":
        routers.append(internal_routes(settled))
    return create_app(
        title="Tiendo scoring",
        version=VERSION,
        summary="Annual evaluations: index, rank, band of every unit, and where each number comes from.",
        routers=routers,
        telemetry=telemetry,
        limits=Limits.of(settings),
        identity=Identity([TokenAuthenticator(settings.token_secret.get_secret_value(), clock)]),
    )


def _settled(
    broker: Broker, every: Schedule, marks: Marks, loop: schedule.RecomputeLoop
) -> Callable[[], Awaitable[dict[str, int]]]:
    async def answer() -> dict[str, int]:
        runs = loop.runs
        found = await settled_answer(broker, every, dirty=await marks.unfinished())
        # A recomputation that ended in between may have left events behind the look at the outbox.
        return {**found, "dirty": found["dirty"] + await marks.unfinished() + int(loop.runs != runs)}

    return answer


async def run(settings: Settings, *, store: Documents | None = None) -> None:
    """Start, serve until a stop signal, stop in reverse. `store` replaces the one that the settings name."""
    await run_until_stopped(await compose(settings, store=store), settings)


def main() -> None:
    """Run with settings from the environment."""
    run_loop(run(Settings()))


if __name__ == "__main__":
    main()
