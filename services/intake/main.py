"""Composition root of intake: settings -> store -> repositories -> handlers -> edges; start, graceful stop."""

from __future__ import annotations

import gc
import os
import secrets
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI

from services.intake import consumer, schedule
from services.intake.domain.audit import REGISTRY
from services.intake.domain.entry import SYSTEM
from services.intake.domain.receipts import accepted_of
from services.intake.handlers.batch import SubmitBatch
from services.intake.handlers.cases import Cases
from services.intake.handlers.drafts import KeepDrafts
from services.intake.handlers.editions import FollowEditions
from services.intake.handlers.exports import ExportReports
from services.intake.handlers.file_reports import Memory, Submit
from services.intake.handlers.imports import AcceptImports, RunImports
from services.intake.handlers.kept_files import KeepEvidence
from services.intake.handlers.keys import UnitKeys
from services.intake.handlers.ledger import AskLedger
from services.intake.handlers.materialise import Materialise
from services.intake.handlers.mend import MendReceipts
from services.intake.handlers.plans import PublishPlans
from services.intake.handlers.receipts import Receipts
from services.intake.handlers.relief import GrantRelief
from services.intake.handlers.reports import SubmitReports
from services.intake.handlers.reviews import ReviewReports
from services.intake.handlers.sealing import SealYears
from services.intake.handlers.shedding import Shedding
from services.intake.handlers.templates import MakeTemplates
from services.intake.handlers.unit_changes import ChangeUnits
from services.intake.handlers.units import RegisterUnits
from services.intake.repository.changes import ChangedDocuments
from services.intake.repository.collections import COLLECTIONS, EMITTING
from services.intake.repository.drafts import Drafts
from services.intake.repository.evidence import EvidenceUses
from services.intake.repository.import_files import ImportFiles
from services.intake.repository.imports import Imports
from services.intake.repository.kept_files import KeptFiles
from services.intake.repository.keys import Keys
from services.intake.repository.ledger import Ledger
from services.intake.repository.markers import Markers
from services.intake.repository.outbox import Outbox
from services.intake.repository.plans import Plans
from services.intake.repository.receipts import ReceiptChain
from services.intake.repository.rehearsal import Rehearsed
from services.intake.repository.report_versions import ReportVersions
from services.intake.repository.seals import Seals
from services.intake.repository.unit_changes import UnitChanges
from services.intake.repository.units import Units
from services.intake.routes.access import KeyAuthenticator
from services.intake.routes.drafts import draft_routes
from services.intake.routes.files import evidence_routes, export_routes, template_routes
from services.intake.routes.imports import BATCH_BYTES_MAX, batch_routes, import_routes
from services.intake.routes.keys import key_routes
from services.intake.routes.obligations import obligation_routes
from services.intake.routes.plans import plan_routes
from services.intake.routes.receipts import receipt_routes
from services.intake.routes.relief import relief_routes
from services.intake.routes.report_history import history_routes
from services.intake.routes.reports import report_routes, submission_routes
from services.intake.routes.seals import seal_routes
from services.intake.routes.unit_changes import unit_change_routes
from services.intake.routes.units import unit_routes
from services.intake.settings import Settings
from shared.audit.log import AskAudit, Audit
from shared.audit.mend import Mend
from shared.clock import Clock
from shared.events.anchor import IntakeAnchorState
from shared.http import refusals
from shared.http.app import Limits, create_app
from shared.http.audit import audit_routes
from shared.http.idempotency import Idempotency
from shared.http.identity import Identity
from shared.http.rate_limits import RateLimits
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
from shared.store.audit_chain import AuditChain
from shared.store.documents import Documents
from shared.store.looked import LookedUntil
from shared.store.open import open_store
from shared.telemetry.service import Telemetry, start_telemetry

VERSION = "1"
DAY_MS = 86_400_000
BROKER_SECONDS_MAX = 1.0
"""How long reports wait for a broker that is away at start: they do not need it."""


class Handlers:
    """Repositories on one store, and the handlers on them."""

    def __init__(self, store: Documents, clock: Clock, *, horizon_days: int, evidence_dir: Path | None = None) -> None:
        self.receipts = Receipts(ReceiptChain(store))
        ledger = Ledger(store, accepted=lambda state: self.receipts.noted(accepted_of(state)))
        plans, units, versions = Plans(store), Units(store), ReportVersions(store)
        self.audit_chain = AuditChain(store, announces=IntakeAnchorState)
        audit = Audit(self.audit_chain)
        self.ask_audit = AskAudit(self.audit_chain)
        changes = ChangedDocuments(store)
        self.mend = Mend(
            changes=changes,
            looked=LookedUntil(store),
            lines=self.audit_chain,
            unwritten=frozenset({SYSTEM}),
            also=MendReceipts(changes=changes, receipts=self.receipts).since,
        )
        seals = Seals(store)
        self.materialise = Materialise(
            plans=plans,
            units=units,
            ledger=ledger,
            markers=Markers(store),
            seals=seals,
            audit=audit,
            horizon_days=horizon_days,
        )
        self.plans = PublishPlans(plans=plans, materialise=self.materialise, audit=audit, clock=clock)
        self.units = RegisterUnits(units=units, materialise=self.materialise, audit=audit, clock=clock)
        evidence = EvidenceUses(store)
        kept = KeptFiles(store, evidence_dir) if evidence_dir else None
        cases = Cases(plans=plans, units=units, ledger=ledger, evidence=evidence, kept=kept)
        self.submit = SubmitReports(
            cases=cases, ledger=ledger, versions=versions, evidence=evidence, audit=audit, clock=clock
        )
        self.review = ReviewReports(plans=plans, ledger=ledger, versions=versions, audit=audit, clock=clock)
        self.ask = AskLedger(ledger=ledger, versions=versions, units=units)
        self.change_units = ChangeUnits(
            units=units,
            changes=UnitChanges(store, clock, owner=secrets.token_hex(8)),
            materialise=self.materialise,
            audit=audit,
            clock=clock,
        )
        self.relief = GrantRelief(ledger=ledger, materialise=self.materialise, audit=audit, clock=clock)
        self.seals = SealYears(ledger=ledger, seals=seals, audit=audit, clock=clock)
        self.editions = FollowEditions(seals=self.seals)
        self.drafts = KeepDrafts(drafts=Drafts(store), audit=audit, clock=clock)
        self.keys = UnitKeys(keys=Keys(store), units=units, audit=audit, clock=clock)
        self.idempotency = Idempotency(store, clock)

        def rehearse() -> tuple[Submit, Memory]:
            """The same submission on the same cases, over what it remembers instead of writes."""
            held = Rehearsed(ledger, evidence)
            seen = Cases(plans=plans, units=units, ledger=held.ledger, evidence=held.evidence, kept=kept)
            submit = SubmitReports(
                cases=seen, ledger=ledger, versions=versions, evidence=evidence, audit=audit, clock=clock
            )
            return submit, held

        self.rehearse = rehearse
        self.audit = audit
        self.templates = MakeTemplates(plans=plans, units=units, ledger=ledger)
        self.exports = ExportReports(ledger=ledger)
        self.evidence = KeepEvidence(files=kept, units=units, audit=audit, clock=clock)
        self.batch = SubmitBatch(submit=self.submit, rehearse=rehearse, clock=clock)


class FileImports:
    """Imports: what accepts them and what carries them out."""

    def __init__(self, store: Documents, clock: Clock, handlers: Handlers, settings: Settings) -> None:
        folder = settings.import_dir or Path(tempfile.gettempdir()) / f"tiendo-imports-{os.getuid()}"
        jobs, files = Imports(store), ImportFiles(folder, rows_max=settings.import_rows_max)
        self.accept = AcceptImports(imports=jobs, files=files, audit=handlers.audit, clock=clock)
        self.run = RunImports(
            imports=jobs,
            files=files,
            submit=handlers.submit,
            rehearse=handlers.rehearse,
            clock=clock,
            owner=secrets.token_hex(8),
            workers=settings.import_workers,
        )


@dataclass(slots=True)
class Intake:
    """The composed service."""

    app: FastAPI
    handlers: Handlers
    store: Documents
    broker: Publishing
    schedule: Schedule
    telemetry: Telemetry
    shedding: Shedding
    imports: FileImports

    async def start(self) -> None:
        """Begin to publish and to materialise; a broker that is away is waited for in the background."""
        self.schedule.start()
        await self.broker.start(start_seconds_max=BROKER_SECONDS_MAX)

    async def stop(self) -> None:
        """Stop what was started, close the store. May be called without `start`."""
        self.telemetry.health.stop()
        await self.schedule.stop()
        await self.imports.run.stop()
        await self.broker.stop(finish_seconds_max=FINISH_SECONDS_MAX)
        await self.handlers.keys.aclose()
        await self.handlers.audit_chain.aclose()
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
    handlers = Handlers(store, clock, horizon_days=settings.horizon_days, evidence_dir=settings.evidence_dir)
    imports = FileImports(store, clock, handlers, settings)
    publishing = broker or broker_of(
        settings,
        service="intake",
        store=store,
        clock=clock,
        telemetry=telemetry,
        owned=INTAKE,
        emitting=EMITTING,
        subscriptions=consumer.subscriptions(handlers.editions),
    )
    relay = getattr(publishing, "relay", None)
    outbox = Outbox(store, lambda: relay.stuck if relay is not None else ())
    shedding = Shedding(outbox, seconds_max=settings.outbox_seconds_max)
    every = Schedule(
        clock=clock,
        every_seconds=settings.schedule_seconds,
        jobs=[
            *schedule.jobs(materialise=handlers.materialise, idempotency=handlers.idempotency),
            *schedule.ledger_jobs(units=handlers.change_units, relief=handlers.relief, seals=handlers.seals),
            *schedule.record_jobs(
                receipts=handlers.receipts, mend=handlers.mend, ask_audit=handlers.ask_audit, shedding=shedding
            ),
            *schedule.file_jobs(imports=imports.run),
        ],
    )

    def settled() -> Awaitable[dict[str, int]]:
        return settled_answer(publishing, every, dirty=handlers.receipts.waiting + imports.run.busy)

    app = _app(settings, clock, telemetry, handlers, imports, settled=settled, shedding=shedding)
    watch(telemetry, store=store, broker=publishing, schedule=every)
    return Intake(app, handlers, store, publishing, every, telemetry, shedding, imports)


def _app(
    settings: Settings,
    clock: Clock,
    telemetry: Telemetry,
    handlers: Handlers,
    imports: FileImports,
    *,
    settled: Callable[[], Awaitable[dict[str, int]]],
    shedding: Shedding,
) -> FastAPI:
    routers = [
        # First, because it is asked most: every router before it costs each report 10 us.
        submission_routes(
            handlers.submit, handlers.idempotency, metrics=telemetry.metrics, public_url=settings.public_url
        ),
        plan_routes(handlers.plans),
        unit_routes(handlers.units),
        report_routes(handlers.ask, handlers.review),
        history_routes(handlers.ask, handlers.review),
        draft_routes(
            handlers.ask, handlers.drafts, handlers.submit, handlers.idempotency, public_url=settings.public_url
        ),
        obligation_routes(
            handlers.ask, metrics=telemetry.metrics, clock=clock, due_soon_ms=settings.due_soon_days * DAY_MS
        ),
        relief_routes(handlers.ask, handlers.relief),
        seal_routes(handlers.ask, handlers.seals),
        unit_change_routes(handlers.change_units),
        receipt_routes(handlers.ask, handlers.receipts),
        key_routes(handlers.keys),
        audit_routes(handlers.ask_audit, beside_plans=frozenset({REGISTRY})),
        import_routes(imports.accept, public_url=settings.public_url),
        batch_routes(handlers.batch, handlers.idempotency, clock=clock, public_url=settings.public_url),
        template_routes(handlers.templates),
        export_routes(handlers.exports),
        evidence_routes(handlers.evidence),
    ]
    if settings.profile == "local":
        routers.append(internal_routes(settled))
    tokens = TokenAuthenticator(settings.token_secret.get_secret_value(), clock)
    gate = RateLimits(
        requests_per_minute=settings.key_requests_per_minute,
        burst_per_second=settings.key_requests_per_second,
        is_shedding=shedding.is_on,
    )
    app = create_app(
        title="Tiendo intake",
        version=VERSION,
        summary="Plans, units, obligations and reports.",
        routers=routers,
        telemetry=telemetry,
        limits=Limits.of(settings, _body_limits(settings)),
        identity=Identity([KeyAuthenticator(handlers.keys), tokens], gate=gate),
    )
    refusals.install(app)
    return app


def _body_limits(settings: Settings) -> dict[str, int]:
    return {
        "/v1/imports": settings.import_bytes_max,
        "/v1/reports/batch": BATCH_BYTES_MAX,
        "/v1/evidence": settings.evidence_bytes_max,
    }


async def run(settings: Settings, *, store: Documents | None = None) -> None:
    """Start, serve until a stop signal, stop in reverse. `store` replaces the one that the settings name."""
    await run_until_stopped(await compose(settings, store=store), settings)


def collect_less_often() -> None:
    """Reports make many short-lived objects and no cycles: looking for cycles every 700 of them costs a quarter of
    the processor time of an import (measured). Every 50,000 is often enough, and costs a few MiB."""
    gc.set_threshold(50_000, 20, 50)


def main() -> None:
    """Run with settings from the environment."""
    collect_less_often()
    run_loop(run(Settings()))


if __name__ == "__main__":
    main()
