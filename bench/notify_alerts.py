"""Alerts evaluated per second: signals of obligations by themselves, and with their alerts in the embedded store.

`alert_figures(folder, units)` gives both; `bench/notify.py` prints them beside the others.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from services.notify.domain.signals import of_obligation
from services.notify.handlers.watch import Watch
from services.notify.repository.collections import COLLECTIONS
from services.notify.wiring.books import Books
from shared.events.obligation import ObligationState
from shared.events.plan import PlanState
from shared.plan.calendar import obligation_instants
from shared.plan.load import load_plan, plan_document, plan_sha256
from shared.plan.model import Plan
from shared.plan.periods import Period
from shared.store.open import open_store

PLAN = Path(__file__).parents[1] / "deploy" / "plans" / "mic-2011-2015.yaml"


@dataclass(frozen=True, slots=True)
class AlertFigures:
    """Per second: signals decided in memory; obligations looked at, alerts opened; looked at again, nothing new."""

    decided: float
    opened: float
    unchanged: float


async def alert_figures(folder: Path, units: int = 1000) -> AlertFigures:
    """Every unit owes one overdue quarterly report. `folder` is empty; the store is left in it."""
    plan = load_plan(PLAN.read_text(encoding="utf-8"))
    states = [_obligation(plan, f"U{number:05}") for number in range(units)]
    now_ms = states[0].grace_end_ms + 1
    start = time.perf_counter()
    for state in states:
        of_obligation(plan, state, now_ms=now_ms)
    decided = units / (time.perf_counter() - start)
    store = await open_store(f"sqlite://{folder}/notify.sqlite3", database="notify", collections=COLLECTIONS)
    try:
        books = Books(store)
        await books.plans.add(_announced(plan))
        watch = Watch(
            plans=books.plans,
            units=books.units,
            obligations=books.ledger,
            reports=books.reports,
            scores=books.scores,
            alerts=books.alerts,
            marks=books.alerts,
            numbers=books.numbers,
        )
        opened = await _looked(books, watch, states, now_ms)
        again = [state.model_copy(update={"revision": 2}) for state in states]
        return AlertFigures(decided, opened, await _looked(books, watch, again, now_ms))
    finally:
        await store.aclose()


async def _looked(books: Books, watch: Watch, states: list[ObligationState], now_ms: int) -> float:
    for state in states:
        await books.ledger.put(state, first_check_at_ms=now_ms, check_at_ms=now_ms)
    start = time.perf_counter()
    looked = await watch.run(now_ms)
    assert looked == len(states)
    return looked / (time.perf_counter() - start)


def _announced(plan: Plan) -> PlanState:
    return PlanState(
        revision=1,
        plan=plan.code,
        version=plan.version,
        names=plan.names,
        effective_from=plan.effective.first.isoformat(),
        effective_to=None,
        sha256=plan_sha256(plan),
        published_at_ms=0,
        document=plan_document(plan),
    )


def _obligation(plan: Plan, unit: str) -> ObligationState:
    form = next(form for form in plan.forms if form.frequency == "quarterly")
    instants = obligation_instants(plan, form, Period.parse("2011-Q1"), plan.time_zone)
    return ObligationState(
        revision=1,
        obligation=f"obligation-{plan.code}-{form.code}-{unit}-2011-Q1",
        plan=plan.code,
        plan_version=plan.version,
        form=form.code,
        unit=unit,
        peer_group=plan.peer_groups[0].code,
        period="2011-Q1",
        year=2011,
        period_start=instants.first_day.isoformat(),
        period_last=instants.last_day.isoformat(),
        period_end_ms=instants.period_end_ms,
        open_at_ms=instants.open_at_ms,
        due_at_ms=instants.due_at_ms,
        grace_end_ms=instants.grace_end_ms,
        time_zone=plan.time_zone,
        outcome="PENDING",
        cause="materialised",
        changed_at_ms=0,
    )
