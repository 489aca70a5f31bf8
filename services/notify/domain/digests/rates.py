"""Reporting: what was expected, what came, when, and what changed since the last digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.notify.domain.digests.standing import Standing
from services.notify.domain.instants import days_between
from services.notify.domain.ledger import Amount, Rates, is_overdue, rates
from services.notify.domain.letters import form_names
from services.notify.domain.names import names_of
from shared.events.base import Names
from shared.events.obligation import ObligationState
from shared.events.unit import UnitState
from shared.plan.model import Plan


@dataclass(frozen=True, slots=True)
class PeriodLine:
    """One closed period of one form. `more`: reports received since the last digest; None when it was not in that."""

    form: str
    form_names: Names
    period: str
    rates: Rates
    due_at_ms: int
    more: Amount | None = None

    @property
    def key(self) -> str:
        return f"{self.form} {self.period}"


@dataclass(frozen=True, slots=True)
class OverdueLine:
    """One report that is owed and late, and by how many days."""

    unit: str
    unit_names: Names
    form_names: Names
    period: str
    due_at_ms: int
    days_late: int


def period_lines(plan: Plan, closed: Sequence[ObligationState], before: Standing) -> tuple[PeriodLine, ...]:
    """By due instant, then form."""
    by_period: dict[tuple[str, str], list[ObligationState]] = {}
    for state in closed:
        by_period.setdefault((state.form, state.period), []).append(state)
    lines = []
    for (form, period), states in by_period.items():
        found = rates(states)
        earlier = before.received.get(f"{form} {period}")
        more = None if earlier is None else round(found.received - earlier, 6)
        due_at_ms = max(state.due_at_ms for state in states)
        lines.append(PeriodLine(form, form_names(plan, form), period, found, due_at_ms, more))
    return tuple(sorted(lines, key=lambda line: (line.due_at_ms, line.form)))


def overdue_lines(
    plan: Plan, obligations: Sequence[ObligationState], units: Mapping[str, UnitState], now_ms: int
) -> list[OverdueLine]:
    """What is overdue in any year, the oldest first."""
    late = sorted(
        (state for state in obligations if is_overdue(state, now_ms)),
        key=lambda state: (state.due_at_ms, state.unit, state.obligation),
    )
    return [
        OverdueLine(
            unit=state.unit,
            unit_names=names_of(state.unit, units),
            form_names=form_names(plan, state.form),
            period=state.period,
            due_at_ms=state.due_at_ms,
            days_late=days_between(state.due_at_ms, now_ms, state.time_zone),
        )
        for state in late
    ]
