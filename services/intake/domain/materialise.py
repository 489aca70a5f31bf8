"""Which obligations a unit has under a plan, and how the ledger follows when plan or unit change. Pure.

A version of the plan, a unit whose peer group the plan and the form name, and a period whose last day the version is
in force on make one obligation, if the unit is valid in the period (the form's policy) and the period begins within
the horizon. What is past never moves: once a period has ended, and once a report was received, an obligation stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from services.intake.domain import tree
from services.intake.domain.entry import SYSTEM, Entry, obligation_id
from services.intake.domain.limits import planned_of
from services.intake.domain.transitions import CALCULATED, cancelled, recalculated
from services.intake.domain.versions import PublishedPlan, in_force
from shared.events.obligation import ObligationState, Tier
from shared.events.unit import UnitState
from shared.plan.calendar import Instants, obligation_instants, periods_in_force, unit_in_period
from shared.plan.deadlines import tier_due_ms
from shared.plan.model import Form, Plan
from shared.plan.periods import Period

DAY_MS = 86_400_000
NEVER_MS = 2**53
"""Later than any instant: nothing more will come into the horizon."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One period of one form under the version that governs it, in one time zone: the same for all units there."""

    version: PublishedPlan
    form: Form
    period: Period
    instants: Instants
    tiers: tuple[Tier, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a unit owes within the horizon, and the instant at which the next period comes into it."""

    obligations: tuple[ObligationState, ...]
    next_ms: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What brings the ledger to what is wanted. `replace` pairs the entry that was read with the new one."""

    insert: tuple[ObligationState, ...]
    replace: tuple[tuple[Entry, Entry], ...]


def horizon_day(now_ms: int, horizon_days: int) -> date:
    """The last day (UTC) on which a period may begin to be materialised now."""
    return datetime.fromtimestamp(now_ms / 1000, tz=UTC).date() + timedelta(days=horizon_days)


def slots(versions: Sequence[PublishedPlan], time_zone: str, until: date) -> tuple[Slot, ...]:
    """Every period of every form of all versions, up to some two years beyond `until`, in the order of their days."""
    found = [slot for version in versions for slot in _slots_of(version, versions, time_zone, until)]
    return tuple(sorted(found, key=lambda slot: (slot.instants.first_day, slot.form.code)))


def _slots_of(version: PublishedPlan, versions: Sequence[PublishedPlan], time_zone: str, until: date) -> Iterator[Slot]:
    plan = version.plan
    last = min(plan.effective.last or date.max, until)
    # A regime may put a period's days into a neighbouring year, so the years beside are looked at too.
    years = range(max(1, plan.effective.first.year - 1), min(9998, last.year + 2) + 1)
    for form in plan.forms:
        for year in years:
            for period in periods_in_force(plan, form, year):
                instants = obligation_instants(plan, form, period, time_zone)
                if in_force(versions, instants.last_day) is version:
                    yield Slot(version, form, period, instants, _tiers(plan, form, period, time_zone))


def _tiers(plan: Plan, form: Form, period: Period, time_zone: str) -> tuple[Tier, ...]:
    """All deadlines of the form's regime where there are several."""
    found = tier_due_ms(plan, form, period, time_zone)
    if len(found) < 2:
        return ()
    return tuple(Tier(tier=tier, due_at_ms=due_ms, counts=tier == form.tier) for tier, due_ms in found.items())


def wanted(slots: Iterable[Slot], unit: UnitState, *, now_ms: int, horizon_days: int) -> Wanted:
    """The obligations of the unit in these slots, as first written."""
    last_day = horizon_day(now_ms, horizon_days)
    obligations: list[ObligationState] = []
    next_ms = NEVER_MS
    for slot in slots:
        if not _owes(unit, slot):
            continue
        if slot.instants.first_day <= last_day:
            obligations.append(_obligation(slot, unit, now_ms))
        else:
            next_ms = min(next_ms, _enters_ms(slot.instants.first_day, horizon_days))
    return Wanted(tuple(obligations), next_ms)


def _enters_ms(first_day: date, horizon_days: int) -> int:
    """The first instant at which `horizon_day` reaches the day."""
    return _utc_ms(first_day) - horizon_days * DAY_MS


def _utc_ms(day: date) -> int:
    return round(datetime.combine(day, time(0), tzinfo=UTC).timestamp()) * 1000


def _owes(unit: UnitState, slot: Slot) -> bool:
    plan, form = slot.version.plan, slot.form
    if unit.peer_group not in {group.code for group in plan.peer_groups}:
        return False
    if form.applies_to and unit.peer_group not in form.applies_to:
        return False
    first, last = slot.instants.first_day, slot.instants.last_day
    return any(
        unit_in_period(_day(since), _day(until) if until else None, first, last, form.partial_period)
        for since, until in tree.intervals(unit)
    )


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _obligation(slot: Slot, unit: UnitState, now_ms: int) -> ObligationState:
    plan, instants, period = slot.version.plan, slot.instants, slot.period
    prorated = slot.form.partial_period == "prorate"
    return ObligationState(
        revision=1,
        obligation=obligation_id(plan=plan.code, form=slot.form.code, unit=unit.unit, period=period.code),
        plan=plan.code,
        plan_version=plan.version,
        form=slot.form.code,
        unit=unit.unit,
        peer_group=unit.peer_group,
        period=period.code,
        year=period.year,
        period_start=instants.first_day.isoformat(),
        period_last=instants.last_day.isoformat(),
        period_end_ms=instants.period_end_ms,
        open_at_ms=instants.open_at_ms,
        due_at_ms=instants.due_at_ms,
        grace_end_ms=instants.grace_end_ms,
        lock_at_ms=instants.lock_at_ms,
        time_zone=unit.time_zone,
        outcome="PENDING",
        cause="materialised",
        changed_at_ms=now_ms,
        tiers=slot.tiers,
        share=tree.share_in(unit, instants.first_day, instants.last_day) if prorated else 1.0,
    )


def reconcile(
    existing: Mapping[str, Entry],
    wanted: Sequence[ObligationState],
    unit: UnitState,
    now_ms: int,
    *,
    settled_to_ms: int = 0,
    sealed_years: frozenset[int] = frozenset(),
) -> Changes:
    """What to insert and what to replace. `existing` are the unit's entries under the plan, by id.

    Nothing is added to a sealed year, nor to ended periods that begin before `settled_to_ms`: those were complete.
    """
    by_id = {held.obligation: held for held in wanted}
    insert = tuple(
        held
        for id, held in by_id.items()
        if id not in existing
        and held.year not in sealed_years
        and not (held.period_end_ms <= now_ms and _start_ms(held) < settled_to_ms)
    )
    replace: list[tuple[Entry, Entry]] = []
    for id, entry in existing.items():
        if not _may_move(entry, now_ms):
            continue
        fresh = by_id.get(id)
        if fresh is not None and _differs(entry, fresh):
            replace.append((entry, recalculated(entry, fresh, now_ms=now_ms)))
        elif fresh is None and entry.obligation.outcome == "PENDING":
            replace.append((entry, cancelled(entry, reason=_why(entry, unit), now_ms=now_ms)))
    return Changes(insert, tuple(replace))


def _start_ms(held: ObligationState) -> int:
    return _utc_ms(_day(held.period_start))


def _may_move(entry: Entry, now_ms: int) -> bool:
    held = entry.obligation
    ours = held.outcome == "PENDING" or (held.outcome == "CANCELLED" and held.approver == SYSTEM)
    return ours and entry.report is None and held.period_end_ms > now_ms and held.sealed_at_ms is None


def _differs(entry: Entry, fresh: ObligationState) -> bool:
    held = planned_of(entry.obligation)
    return held.outcome == "CANCELLED" or any(getattr(held, name) != getattr(fresh, name) for name in CALCULATED)


def _why(entry: Entry, unit: UnitState) -> str:
    if unit.valid_to is not None and entry.obligation.period_last > unit.valid_to:
        return f"unit closed on {unit.valid_to}"
    if entry.obligation.period_start < unit.valid_from:
        return f"unit valid from {unit.valid_from}"
    return "no longer asked for by the plan version in force"
