"""Composition root of scoring: settings -> store -> repositories -> handlers -> edges; start, graceful stop."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache

from fastapi import FastAPI
from opentelemetry.trace import SpanKind

from services.scoring import consumer, schedule
from services.scoring.domain.debounce import Debounce
from services.scoring.domain.evaluations import Mark
from services.scoring.handlers.answer import Answer
from services.scoring.handlers.appraise import Appraise
from services.scoring.handlers.ask_editions import AskEditions
from services.scoring.handlers.clarify import Clarify
from services.scoring.handlers.compute import Compute, Editions, Rounds
from services.scoring.handlers.desk import Desk
from services.scoring.handlers.edition_content import ComposeContent
from services.scoring.handlers.edition_follow import FollowEditions
from services.scoring.handlers.edition_results import SealedResults
from services.scoring.handlers.editions import SealEditions
from services.scoring.handlers.explanations import Explanations
from services.scoring.handlers.files import Files
from services.scoring.handlers.jobs import AskAnalyses
from services.scoring.handlers.keep import Keep
from services.scoring.handlers.numbers import Numbers
from services.scoring.handlers.paces import Paces
from services.scoring.handlers.past import Past
from services.scoring.handlers.pinned import Pinned
from services.scoring.handlers.provisionals import KeepProvisionals
from services.scoring.handlers.publish_editions import PublishEditions
from services.scoring.handlers.reading import LISTS, NoteReading
from services.scoring.handlers.recompute import Recompute
from services.scoring.handlers.round import RunRound
from services.scoring.handlers.round_case import RoundCases
from services.scoring.handlers.standing_editions import StandingEditions
from services.scoring.handlers.totals import Totals
from services.scoring.handlers.verify_editions import VerifyEditions
from services.scoring.handlers.work import Work
from services.scoring.repository.appraisal_notes import AppraisalNotes
from services.scoring.repository.appraisals import Appraisals
from services.scoring.repository.changes import ChangedInRounds
from services.scoring.repository.clarifications import Clarifications
from services.scoring.repository.collections import COLLECTIONS, EMITTING
from services.scoring.repository.edition_parts import EditionParts
from services.scoring.repository.editions import Editions as EditionStore
from services.scoring.repository.findings import Findings
from services.scoring.repository.jobs import Jobs
from services.scoring.repository.ledger import Ledger
from services.scoring.repository.marks import Marks
from services.scoring.repository.observations import Observations
from services.scoring.repository.plans import Plans
from services.scoring.repository.proposals import Corrections, Proposals
from services.scoring.repository.provisionals import Provisionals
from services.scoring.repository.results import Results
from services.scoring.repository.rounds import Rounds as RoundStore
from services.scoring.repository.rounds_view import RoundViews
from services.scoring.repository.units import Units
from services.scoring.routes.analyses import analysis_routes, what_if_routes
from services.scoring.routes.appraisals import appraisal_routes
from services.scoring.routes.clarifications import clarification_routes
from services.scoring.routes.editions import edition_routes
from services.scoring.routes.evaluations import evaluation_routes
from services.scoring.routes.explanations import explanation_routes
from services.scoring.routes.files import file_routes
from services.scoring.routes.reading import noted_routes
from services.scoring.routes.rounds import round_routes
from services.scoring.routes.sealing import sealing_routes
from services.scoring.routes.totals import total_routes
from services.scoring.schedule import AnalysisLoop
from services.scoring.settings import Settings
from shared.audit.log import AskAudit, Audit
from shared.audit.mend import Mend
from shared.clock import Clock, SystemClock
from shared.code_version import code_version
from shared.events.envelope import Envelope
from shared.http import refusals
from shared.http.app import Limits, create_app
from shared.http.audit import audit_routes
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
from shared.store.audit_chain import AuditChain
from shared.store.documents import Documents
from shared.store.looked import LookedUntil
from shared.store.open import open_store
from shared.telemetry.service import Telemetry, start_telemetry

VERSION = "1"


class RoundWork:
    """Rounds: what runs them, what is appraised and contested in them, and the audit log."""

    def __init__(
        self,
        store: Documents,
        *,
        plans: Plans,
        units: Units,
        reports: Observations,
        numbers: Numbers,
        marks: Marks,
        clock: Clock,
    ) -> None:
        self.audit_chain = AuditChain(store)
        self.ask_audit = AskAudit(self.audit_chain)
        self.audit = audit = Audit(self.audit_chain)
        self.mend = Mend(changes=ChangedInRounds(store), looked=LookedUntil(store), lines=self.audit_chain)
        self.views = RoundViews(store)
        self.reading = NoteReading(rounds=self.views, audit=audit, clock=clock)
        rounds, appraisals, clarifications = RoundStore(store), Appraisals(store), Clarifications(store)
        cases = RoundCases(rounds=rounds, reports=reports, units=units, numbers=numbers)
        self.desk = Desk(cases=cases, appraisals=appraisals, clarifications=clarifications, clock=clock)
        self.run = RunRound(
            rounds=rounds,
            decided=self.views,
            plans=plans,
            unappraised=self.desk.unappraised,
            marks=marks,
            audit=audit,
            clock=clock,
        )
        self.appraise = Appraise(cases=cases, appraisals=appraisals, marks=marks, audit=audit, clock=clock)
        self.clarify = Clarify(cases=cases, clarifications=clarifications, marks=marks, audit=audit, clock=clock)


@lru_cache(maxsize=1)
def code() -> str:
    """The code that computes, as editions name it."""
    return code_version(("services.scoring.domain", "shared.plan"), libraries=("numpy",))


class EditionWork:
    """Editions: what makes them, shows them, proves them."""

    def __init__(self, store: Documents, *, computing: Compute, rounds: RoundWork, marks: Marks, clock: Clock) -> None:
        editions, parts, snapshots = EditionStore(store), EditionParts(store), Provisionals(store)
        results = SealedResults(parts)
        self.standing = StandingEditions(editions=editions, results=results)
        corrections, audit = Corrections(store), rounds.audit
        self.follow = FollowEditions(editions=editions, rounds=rounds.views, steps=rounds.run, marks=marks)
        self.seal = SealEditions(
            editions=editions,
            parts=parts,
            proposals=Proposals(store),
            corrections=corrections,
            rounds=rounds.views,
            composing=ComposeContent(computing=computing, results=results, provisionals=snapshots, code_version=code()),
            results=results,
            follow=self.follow,
            audit=audit,
            clock=clock,
        )
        self.publish = PublishEditions(
            editions=editions,
            corrections=corrections,
            rounds=rounds.views,
            steps=rounds.run,
            marks=marks,
            follow=self.follow,
            audit=audit,
            clock=clock,
        )
        self.provisionals = KeepProvisionals(
            rounds=RoundStore(store),
            computing=computing,
            snapshots=snapshots,
            parts=parts,
            clock=clock,
            code_version=code(),
        )
        self.ask = AskEditions(editions=editions, snapshots=snapshots, results=results, parts=parts)
        self.verify = VerifyEditions(editions=editions, parts=parts, computing=computing, code_version=code())


class AnalysisWork:
    """Analyses: what asks for them, and what computes them."""

    def __init__(
        self,
        store: Documents,
        *,
        plans: Plans,
        ledger: Ledger,
        results: Results,
        recompute: Recompute,
        computing: Compute,
        audit: Audit,
        clock: Clock,
        lease_seconds: float,
        lease_clock: Clock,
    ) -> None:
        jobs = Jobs(store, owner=secrets.token_hex(8), lease_ms=round(lease_seconds * 1000), lease_clock=lease_clock)
        pinned = Pinned(results=results, computing=computing, plans=plans, ledger=ledger, last=recompute.last)
        self.pinned = pinned
        self.ask = AskAnalyses(jobs=jobs, pinned=pinned, audit=audit, clock=clock)
        self.work = Work(jobs=jobs, pinned=pinned, clock=clock)
        self.paces = Paces(pinned=pinned)


@dataclass(slots=True)
class Handlers:
    """Handlers over one store."""

    keep: Keep
    recompute: Recompute
    answer: Answer
    marks: Marks
    computing: Compute
    past: Past
    explanations: Explanations
    files: Files
    totals: Totals
    round: RoundWork
    editions: EditionWork
    analyses: AnalysisWork


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


def handlers(
    store: Documents,
    *,
    clock: Clock,
    lease_seconds: float,
    lease_clock: Clock | None = None,
    rounds: Rounds | None = None,
    editions: Editions | None = None,
) -> Handlers:
    """The handlers of one instance over a store. Leases run on real time, whatever the platform's clock is.

    `rounds` and `editions` take the place of those in the store.
    """
    plans, units, ledger, observations = Plans(store), Units(store), Ledger(store), Observations(store)
    findings, results = Findings(store), Results(store)
    marks = Marks(
        store,
        owner=secrets.token_hex(8),
        lease_ms=round(lease_seconds * 1000),
        lease_clock=lease_clock or SystemClock(),
    )
    editions = editions or StandingEditions(editions=EditionStore(store), results=SealedResults(EditionParts(store)))
    computing = Compute(
        plans=plans,
        ledger=ledger,
        observations=observations,
        findings=findings,
        clock=clock,
        rounds=rounds or RoundViews(store),
        editions=editions,
    )
    recompute = Recompute(computing=computing, marks=marks, results=results, clock=clock, editions=editions)
    numbers = Numbers(computing=computing, last=recompute.last, marks=marks, results=results, clock=clock)
    round_work = RoundWork(
        store, plans=plans, units=units, reports=observations, numbers=numbers, marks=marks, clock=clock
    )
    explanations = Explanations(
        results=results,
        units=units,
        computing=computing,
        last=recompute.last,
        clock=clock,
        notes=AppraisalNotes(store),
    )
    return Handlers(
        keep=Keep(plans=plans, units=units, ledger=ledger, observations=observations, findings=findings, marks=marks),
        recompute=recompute,
        answer=Answer(results=results, units=units),
        marks=marks,
        computing=computing,
        past=Past(computing=computing, units=units),
        explanations=explanations,
        files=Files(results=results, units=units, plans=plans, explanations=explanations),
        totals=Totals(computing=computing, units=units),
        round=round_work,
        editions=EditionWork(store, computing=computing, rounds=round_work, marks=marks, clock=clock),
        analyses=AnalysisWork(
            store,
            plans=plans,
            ledger=ledger,
            results=results,
            recompute=recompute,
            computing=computing,
            audit=round_work.audit,
            clock=clock,
            lease_seconds=lease_seconds,
            lease_clock=lease_clock or SystemClock(),
        ),
    )


async def compose(settings: Settings, *, clock: Clock | None = None, store: Documents | None = None) -> Scoring:
    """The service, not yet started. `clock` and `store` replace those that the settings name."""
    clock = clock or settings.clock()
    telemetry = start_telemetry(settings, service="scoring", clock=clock, version=VERSION)
    store = store or await open_store(settings.store_url, database="scoring", collections=COLLECTIONS)
    made = handlers(store, clock=clock, lease_seconds=settings.lease_seconds)
    loop = schedule.RecomputeLoop(
        waiting=made.marks.waiting,
        run=_traced(made.recompute.run, telemetry),
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
        clock=clock,
        every_seconds=settings.schedule_seconds,
        jobs=[
            *schedule.jobs(mark_due=made.marks.mark_ticked),
            *schedule.round_jobs(
                step_due=made.round.run.due,
                anchor_due=made.round.ask_audit.anchor_due,
                mend_due=made.round.mend.due,
            ),
            *schedule.edition_jobs(
                snapshots_due=made.editions.provisionals.due,
                seals_due=made.editions.seal.due,
                follow_due=made.editions.follow.due,
            ),
        ],
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
    analyses = AnalysisLoop(run_next=made.analyses.work.run_next, close=made.analyses.work.close)
    made.analyses.ask.asked = analyses.notice
    return Scoring(app, made, loop, store, broker, every, telemetry, analyses)


def _traced(run: schedule.Run, telemetry: Telemetry) -> schedule.Run:
    """Each recomputation in a span of its own, linked to what caused it; its trace goes on in what it announces."""

    async def traced(mark: Mark) -> str:
        links = (mark.cause,) if mark.cause else ()
        with telemetry.tracing.span_from(
            None, "recompute", kind=SpanKind.INTERNAL, links=links, plan=mark.plan, year=mark.year
        ) as span:
            outcome = await run(mark)
            span.set_attribute("outcome", outcome)
            return outcome

    return traced


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
    work = made.round
    scores = [total_routes(made.totals, clock), evaluation_routes(made.answer, made.past, clock)]
    scores += [explanation_routes(made.explanations, clock), file_routes(made.files)]
    scores += [analysis_routes(made.analyses.ask), what_if_routes(made.analyses.ask, made.analyses.paces)]
    routers = [
        noted_routes(work.reading, scores),
        round_routes(work.run, work.desk),
        appraisal_routes(work.appraise, work.desk, work.reading),
        clarification_routes(work.clarify),
        noted_routes(work.reading, [edition_routes(made.editions.ask, made.editions.verify)]),
        sealing_routes(made.editions.ask, made.editions.seal, made.editions.publish, work.audit, clock),
        audit_routes(work.ask_audit, beside_plans=frozenset({LISTS})),
    ]
    if settings.profile == "local":
        routers.append(internal_routes(settled))
    app = create_app(
        title="Tiendo scoring",
        version=VERSION,
        summary="Annual evaluations: index, rank, band of every unit, and where each number comes from.",
        routers=routers,
        telemetry=telemetry,
        limits=Limits.of(settings),
        identity=Identity([TokenAuthenticator(settings.token_secret.get_secret_value(), clock)]),
    )
    refusals.install(app)
    return app


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
