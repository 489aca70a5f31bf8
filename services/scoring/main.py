"""Composition root of scoring: settings -> store -> handlers (see `wiring`) -> edges; start, graceful stop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import FastAPI

from services.scoring import consumer, schedule
from services.scoring.domain.debounce import Debounce
from services.scoring.repository.collections import COLLECTIONS, EMITTING
from services.scoring.schedule import AnalysisLoop
from services.scoring.settings import Settings
from services.scoring.wiring.edge import routers
from services.scoring.wiring.handlers import Handlers, handlers
from services.scoring.wiring.loop import jobs_of, noticed, settled, telling, traced_runs
from shared.clock import Clock
from shared.http import refusals
from shared.http.app import Limits, create_app
from shared.http.identity import Identity
from shared.http.server import run as run_loop
from shared.http.tokens import TokenAuthenticator
from shared.nats.broker import Broker
from shared.nats.streams import SCORING
from shared.schedule import Schedule
from shared.service import FINISH_SECONDS_MAX, broker_of, check, internal_routes, run_until_stopped, watch
from shared.store.documents import Documents
from shared.store.open import open_store
from shared.telemetry.service import Telemetry, start_telemetry

VERSION = "1"


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
    analyses: AnalysisLoop

    async def start(self) -> None:
        """Begin to recompute and to consume; a broker that is away is waited for in the background."""
        self.loop.start()
        self.analyses.start()
        self.schedule.start()
        await self.broker.start()

    async def stop(self) -> None:
        """Stop consuming, stop recomputing, close the store. May be called without `start`."""
        self.telemetry.health.stop()
        await self.broker.stop(finish_seconds_max=FINISH_SECONDS_MAX)
        await self.schedule.stop()
        await self.loop.stop()
        await self.analyses.stop()
        await self.handlers.round.audit_chain.aclose()
        await self.store.aclose()
        await self.telemetry.aclose()


async def compose(settings: Settings, *, clock: Clock | None = None, store: Documents | None = None) -> Scoring:
    """The service, not yet started. `clock` and `store` replace those that the settings name."""
    clock = clock or settings.clock()
    telemetry = start_telemetry(settings, service="scoring", clock=clock, version=VERSION)
    store = store or await open_store(settings.store_url, database="scoring", collections=COLLECTIONS)
    made = handlers(store, clock=clock, lease_seconds=settings.lease_seconds)
    loop = schedule.RecomputeLoop(
        waiting=made.marks.waiting,
        run=traced_runs(made.recompute.run, telemetry),
        debounce=Debounce(settings.debounce_seconds, settings.pause_cost_factor, settings.pause_seconds_max),
        told=telling(telemetry),
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
            pattern: noticed(handler, loop) for pattern, handler in consumer.subscriptions(made.keep).items()
        },
    )
    every = Schedule(clock=clock, every_seconds=settings.schedule_seconds, jobs=jobs_of(made))
    app = _app(settings, clock, telemetry, made, settled(broker, every, made.marks, loop))
    watch(telemetry, store=store, broker=broker, schedule=every)
    telemetry.health.add(
        check(
            "recompute",
            lambda: [f"{what}: {fault}" for what, fault in loop.faults.items()],
            "read the log: an evaluation cannot be computed",
        )
    )
    analyses = AnalysisLoop(run_next=made.analyses.work.run_next, close=made.analyses.work.close)
    made.analyses.ask.asked = analyses.notice
    return Scoring(app, made, loop, store, broker, every, telemetry, analyses)


def _app(
    settings: Settings,
    clock: Clock,
    telemetry: Telemetry,
    made: Handlers,
    answer_settled: Callable[[], Awaitable[dict[str, int]]],
) -> FastAPI:
    internal = [internal_routes(answer_settled)] if settings.profile == "local" else []
    app = create_app(
        title="Tiendo scoring",
        version=VERSION,
        summary="Annual evaluations: index, rank, band of every unit, and where each number comes from.",
        routers=[*routers(made, clock), *internal],
        telemetry=telemetry,
        limits=Limits.of(settings),
        identity=Identity([TokenAuthenticator(settings.token_secret.get_secret_value(), clock)]),
    )
    refusals.install(app)
    return app


async def run(settings: Settings, *, store: Documents | None = None) -> None:
    """Start, serve until a stop signal, stop in reverse. `store` replaces the one that the settings name."""
    await run_until_stopped(await compose(settings, store=store), settings)


def main() -> None:
    """Run with settings from the environment."""
    run_loop(run(Settings()))


if __name__ == "__main__":
    main()
