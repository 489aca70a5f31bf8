"""Composition root of intake: settings -> store -> repositories -> handlers -> edges; start, graceful stop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import FastAPI

from services.intake import schedule
from services.intake.handlers.audit import Audit
from services.intake.handlers.cases import Cases
from services.intake.handlers.keys import UnitKeys
from services.intake.handlers.ledger import AskLedger
from services.intake.handlers.materialise import Materialise
from services.intake.handlers.plans import PublishPlans
from services.intake.handlers.reports import SubmitReports
from services.intake.handlers.reviews import ReviewReports
from services.intake.handlers.units import RegisterUnits
from services.intake.repository.audit import AuditChain
from services.intake.repository.collections import COLLECTIONS, EMITTING
from services.intake.repository.evidence import EvidenceUses
from services.intake.repository.keys import Keys
from services.intake.repository.ledger import Ledger
from services.intake.repository.markers import Markers
from services.intake.repository.plans import Plans
from services.intake.repository.report_versions import ReportVersions
from services.intake.repository.units import Units
from services.intake.routes import refusals
from services.intake.routes.access import KeyAuthenticator
from services.intake.routes.keys import key_routes
from services.intake.routes.obligations import obligation_routes
from services.intake.routes.plans import plan_routes
from services.intake.routes.reports import report_routes, submission_routes
from services.intake.routes.units import unit_routes
from services.intake.settings import Settings
from shared.clock import Clock
from shared.http.app import Limits, create_app
from shared.http.idempotency import Idempotency
from shared.http.identity import Identity
from shared.http.server import run as run_loop
from shared.http.tokens import TokenAuthenticator
from shared.nats.streams import INTAKE
from shared.schedule import Schedule
from shared.service import (
    FINISH_SECONDS_MAX,
    Publishing,
    broker_of,
    internal_routes,
    run_until_stopped,
    settled_answer,
    watch,
)
from shared.store.documents import Documents
from shared.store.open import open_store
from shared.telemetry.service import Telemetry, start_telemetry

VERSION = "1"
DAY_MS = 86_400_000
BROKER_SECONDS_MAX = 1.0
"""How long reports wait for a broker that is away at start: they do not need it."""


class Handlers:
    """Repositories on one store, and the handlers on them."""

    def __init__(self, store: Documents, clock: Clock, *, horizon_days: int) -> None:
        plans, units, ledger = Plans(store), Units(store), Ledger(store)
        versions, audit = ReportVersions(store), Audit(AuditChain(store))
        self.materialise = Materialise(
            plans=plans, units=units, ledger=ledger, markers=Markers(store), audit=audit, horizon_days=horizon_days
        )
        self.plans = PublishPlans(plans=plans, materialise=self.materialise, audit=audit, clock=clock)
        self.units = RegisterUnits(units=units, materialise=self.materialise, audit=audit, clock=clock)
        evidence = EvidenceUses(store)
        cases = Cases(plans=plans, units=units, ledger=ledger, evidence=evidence)
        self.submit = SubmitReports(
            cases=cases, ledger=ledger, versions=versions, evidence=evidence, audit=audit, clock=clock
        )
        self.review = ReviewReports(plans=plans, ledger=ledger, audit=audit, clock=clock)
        self.ask = AskLedger(ledger=ledger, versions=versions)
        self.keys = UnitKeys(keys=Keys(store), units=units, audit=audit, clock=clock)
        self.idempotency = Idempotency(store, clock)


@dataclass(slots=True)
class Intake:
    """The composed service."""

    app: FastAPI
    handlers: Handlers
    store: Documents
    broker: Publishing
    schedule: Schedule
    telemetry: Telemetry

    async def start(self) -> None:
        """Begin to publish and to materialise; a broker that is away is waited for in the background."""
        self.schedule.start()
        await self.broker.start(start_seconds_max=BROKER_SECONDS_MAX)

    async def stop(self) -> None:
        """Stop what was started, close the store. May be called without `start`."""
        self.telemetry.health.stop()
        await self.schedule.stop()
        await self.broker.stop(finish_seconds_max=FINISH_SECONDS_MAX)
        await self.handlers.keys.aclose()
        await self.store.aclose()
        await self.telemetry.aclose()


async def compose(
    settings: Settings,
    *,
    clock: Clock | None = None,
    broker: Publishing | None = None,
    store: Documents | None = None,
) -> Intake:
    """The service, not yet started. `clock`, `broker` and `store` replace the ones that the settings name."""
    clock = clock or settings.clock()
    telemetry = start_telemetry(settings, service="intake", clock=clock, version=VERSION)
    store = store or await open_store(settings.store_url, database="intake", collections=COLLECTIONS)
    handlers = Handlers(store, clock, horizon_days=settings.horizon_days)
    publishing = broker or broker_of(
        settings, service="intake", store=store, clock=clock, telemetry=telemetry, owned=INTAKE, emitting=EMITTING
    )
    every = Schedule(
        clock=clock,
        every_seconds=settings.schedule_seconds,
        jobs=schedule.jobs(materialise=handlers.materialise, idempotency=handlers.idempotency),
    )
    app = _app(settings, clock, telemetry, handlers, lambda: settled_answer(publishing, every))
    watch(telemetry, store=store, broker=publishing, schedule=every)
    return Intake(app, handlers, store, publishing, every, telemetry)


def _app(
    settings: Settings,
    clock: Clock,
    telemetry: Telemetry,
    handlers: Handlers,
    settled: Callable[[], Awaitable[dict[str, int]]],
) -> FastAPI:
    routers = [
        plan_routes(handlers.plans),
        unit_routes(handlers.units),
        submission_routes(
            handlers.submit, handlers.idempotency, metrics=telemetry.metrics, public_url=settings.public_url
        ),
        report_routes(handlers.ask, handlers.review),
        obligation_routes(handlers.ask, clock=clock, due_soon_ms=settings.due_soon_days * DAY_MS),
        key_routes(handlers.keys),
    ]
    if settings.profile == "local":
        routers.append(internal_routes(settled))
    tokens = TokenAuthenticator(settings.token_secret.get_secret_value(), clock)
    app = create_app(
        title="Tiendo intake",
        version=VERSION,
        summary="Plans, units, obligations and reports.",
        routers=routers,
        telemetry=telemetry,
        limits=Limits.of(settings),
        identity=Identity([KeyAuthenticator(handlers.keys), tokens]),
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
