"""Whom to inspect: risk points, reports that no reminder brought in, the random draw, nobody forgotten. Pure.

A unit stands on the list for at least one named reason; who stands there for none is not listed.
"""

from __future__ import annotations

import calendar
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.notify.domain.alerts import Alert, Candidate
from services.notify.domain.inspections.machine import UNDER_WAY
from services.notify.domain.instants import local_day
from shared.events.inspection import InspectionCause, InspectionState
from shared.events.unit import UnitState
from shared.plan.calendar import rung_fire_ms, working_days_of
from shared.plan.model import Plan

ALERTS_KEPT_MAX = 50


@dataclass(frozen=True, slots=True)
class Proposal:
    """One unit to inspect and why. `visited_on`: last visit (ISO day); `under_way`: the inspection that is open."""

    unit: str
    causes: tuple[InspectionCause, ...]
    points: int
    rules: tuple[str, ...]
    alerts: tuple[str, ...]
    draw: str | None
    visited_on: str | None
    inspect_by: str
    under_way: str | None


@dataclass(frozen=True, slots=True)
class Inspected:
    """What is known of the inspections of one unit: the last visit, the one under way, the draws that were acted on."""

    visited_on: str | None = None
    under_way: str | None = None
    draws: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Lot:
    """A draw that was made: its id and the units that it took."""

    draw: str
    units: frozenset[str]


def proposals(
    plan: Plan,
    units: Mapping[str, UnitState],
    candidates: Iterable[Candidate],
    inspected: Mapping[str, Inspected],
    lots: Sequence[Lot],
    *,
    today: str,
    overdue: Collection[str] = (),
) -> list[Proposal]:
    """Every unit that is to be inspected, most risk points first, then by code. `today`: ISO day in the plan's zone.

    `overdue`: units that have not reported although the last rung of the ladder has fired.
    """
    points = {candidate.unit: candidate for candidate in candidates}
    found = []
    for unit in eligible(plan, units, today):
        known = inspected.get(unit.unit, Inspected())
        lot = next((lot.draw for lot in lots if unit.unit in lot.units and lot.draw not in known.draws), None)
        by = inspect_by(plan, unit, known.visited_on)
        causes = _causes(
            points.get(unit.unit), is_overdue=unit.unit in overdue, is_late=today > by, is_drawn=lot is not None
        )
        if causes:
            found.append(_proposal(unit.unit, causes, points.get(unit.unit), known, draw=lot, by=by))
    return sorted(found, key=lambda one: (-one.points, one.unit))


def long_overdue(plan: Plan, alerts: Iterable[Alert], now_ms: int) -> frozenset[str]:
    """Units with an open alert about a report that is owed although the last rung of its ladder has fired."""
    return frozenset(
        alert.unit
        for alert in alerts
        if alert.is_open and not alert.muted_by and alert.signal == "report_overdue" and _is_after(plan, alert, now_ms)
    )


def _is_after(plan: Plan, alert: Alert, now_ms: int) -> bool:
    form = next((form for form in plan.forms if form.code == alert.form), None)
    if form is None or form.ladder is None or "due_at_ms" not in alert.detail:
        return False
    ladder = plan.ladder(form.ladder)
    last = max(ladder.rungs, key=lambda rung: rung.working_days)
    due = local_day(int(alert.detail["due_at_ms"]), plan.time_zone)
    fires_ms = rung_fire_ms(ladder, last, due, plan.time_zone, working_days_of(plan.holidays))
    return last.working_days > 0 and now_ms >= fires_ms


def eligible(plan: Plan, units: Mapping[str, UnitState], today: str) -> list[UnitState]:
    """The units of the plan's peer groups that exist on the day, by code."""
    groups = {group.code for group in plan.peer_groups}
    found = [unit for unit in units.values() if unit.peer_group in groups and exists_on(unit, today)]
    return sorted(found, key=lambda unit: unit.unit)


def exists_on(unit: UnitState, day: str) -> bool:
    """Whether the unit is valid on an ISO day."""
    return unit.valid_from <= day and (unit.valid_to is None or day <= unit.valid_to)


def inspect_by(plan: Plan, unit: UnitState, visited_on: str | None) -> str:
    """The last day (ISO) to visit the unit: so many months after the last visit, else after unit and plan began."""
    began = max(plan.effective.first.isoformat(), unit.valid_from)
    since = date.fromisoformat(visited_on or began)
    return _months_after(since, plan.inspection_process.every_months).isoformat()


def inspected_of(states: Iterable[InspectionState]) -> dict[str, Inspected]:
    """Unit -> what its inspections say. A cancelled one is as if it had not been proposed."""
    found: dict[str, Inspected] = {}
    for state in states:
        if state.phase == "CANCELLED":
            continue
        held = found.get(state.unit, Inspected())
        found[state.unit] = Inspected(
            visited_on=max(held.visited_on or "", state.visited_on or "") or None,
            under_way=state.inspection if state.phase in UNDER_WAY else held.under_way,
            draws=held.draws | ({state.draw} if state.draw else set()),
        )
    return found


def _causes(
    candidate: Candidate | None, *, is_overdue: bool, is_late: bool, is_drawn: bool
) -> tuple[InspectionCause, ...]:
    by_points: dict[str, InspectionCause] = {"leadership": "leadership", "inspection": "risk_points"}
    named = by_points.get(candidate.proposal) if candidate else None
    found: list[InspectionCause] = [named] if named else []
    if is_overdue:
        found.append("long_overdue")
    if is_late:
        found.append("not_inspected_for_24_months")
    if is_drawn:
        found.append("drawn")
    return tuple(found)


def _proposal(
    unit: str,
    causes: tuple[InspectionCause, ...],
    candidate: Candidate | None,
    known: Inspected,
    *,
    draw: str | None,
    by: str,
) -> Proposal:
    return Proposal(
        unit=unit,
        causes=causes,
        points=candidate.points if candidate else 0,
        rules=candidate.rules if candidate else (),
        alerts=candidate.alerts[:ALERTS_KEPT_MAX] if candidate else (),
        draw=draw,
        visited_on=known.visited_on,
        inspect_by=by,
        under_way=known.under_way,
    )


def _months_after(day: date, months: int) -> date:
    """The same day of a later month; the last day of a shorter one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
