"""Everything that can be asked of scoring, over one store."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from services.scoring.handlers.answer import Answer
from services.scoring.handlers.compute import Compute, Editions, Rounds
from services.scoring.handlers.edition_results import SealedResults
from services.scoring.handlers.explanations import Explanations
from services.scoring.handlers.files import Files
from services.scoring.handlers.keep import Keep
from services.scoring.handlers.numbers import Numbers
from services.scoring.handlers.past import Past
from services.scoring.handlers.recompute import Recompute
from services.scoring.handlers.standing_editions import StandingEditions
from services.scoring.handlers.totals import Totals
from services.scoring.repository.appraisal_notes import AppraisalNotes
from services.scoring.repository.edition_parts import EditionParts
from services.scoring.repository.editions import Editions as EditionStore
from services.scoring.repository.findings import Findings
from services.scoring.repository.ledger import Ledger
from services.scoring.repository.marks import Marks
from services.scoring.repository.observations import Observations
from services.scoring.repository.plans import Plans
from services.scoring.repository.results import Results
from services.scoring.repository.rounds_view import RoundViews
from services.scoring.repository.units import Units
from services.scoring.wiring.analyses import AnalysisWork
from services.scoring.wiring.editions import EditionWork
from services.scoring.wiring.rounds import RoundWork
from shared.clock import Clock, SystemClock
from shared.store.documents import Documents


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
