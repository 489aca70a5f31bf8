"""The obligation clock: the instants of a period, the state at an instant, when reminders fire.

All limits (`due_at_ms`, `grace_end_ms`, `lock_at_ms`) are the LAST millisecond that still counts, so an instant equal
to a limit is within it: a report due on 16 March may arrive until 23:59:59.999 of that day in the unit's zone. Days
are stepped as calendar days in that zone and only then turned into UTC, so a day of 23 or 25 hours is one day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from shared.plan.model import DueRule, Form, Ladder, Plan, Rung, WorkingDaysAfter
from shared.plan.periods import Period, day_of, period_days, periods_of_year
from shared.plan.working_days import WorkingDays, add_working_days, working_days_of

__all__ = [
    "ClockState",
    "Instants",
    "Limits",
    "PartialPeriod",
    "WorkingDays",
    "add_working_days",
    "at_time_ms",
    "clock_state",
    "due_day",
    "next_transition_ms",
    "obligation_instants",
    "periods_in_force",
    "rung_fire_ms",
    "share_of_period",
    "start_of_day_ms",
    "unit_in_period",
    "working_days_of",
]

ClockState = Literal["SCHEDULED", "OPEN", "DUE_SOON", "GRACE", "OVERDUE", "LOCKED"]
PartialPeriod = Literal["full_period_only", "prorate", "any_day"]


class Limits(Protocol):
    """The instants that decide a clock state; `Instants` has them, and so has the state of an obligation."""

    @property
    def open_at_ms(self) -> int: ...
    @property
    def due_at_ms(self) -> int: ...
    @property
    def grace_end_ms(self) -> int: ...
    @property
    def lock_at_ms(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Instants:
    """When a period is and when its report is owed. `*_ms` are epoch milliseconds (UTC).

    `period_end_ms` is the start of the day after the last day (half-open), `open_at_ms` the first instant that is
    open, the others the last instant within the limit. `lock_at_ms` None means never.
    """

    first_day: date
    last_day: date
    due_day: date
    period_end_ms: int
    open_at_ms: int
    due_at_ms: int
    grace_end_ms: int
    lock_at_ms: int | None


def at_time_ms(day: date, at: time, zone: ZoneInfo) -> int:
    """The instant of a local time of a day; a time that a zone skips is the instant of the skip."""
    return round(datetime.combine(day, at, tzinfo=zone).timestamp()) * 1000


def start_of_day_ms(day: date, zone: ZoneInfo) -> int:
    """The first instant of a day in a zone."""
    return at_time_ms(day, time(0), zone)


def periods_in_force(plan: Plan, form: Form, year: int) -> tuple[Period, ...]:
    """The form's periods of the year that this plan version governs: those whose last day is in its effective range."""
    regime = plan.regime(form.regime)
    last_in_force = plan.effective.last or date.max
    return tuple(
        period
        for period in periods_of_year(form.frequency, year)
        if plan.effective.first <= period_days(regime, period)[1] <= last_in_force
    )


def due_day(plan: Plan, form: Form, period: Period) -> date:
    """The day at whose end the report is due. KeyError when the regime has no rule for the tier and frequency."""
    regime = plan.regime(form.regime)
    rule = regime.deadlines[form.tier][form.frequency]
    _, last_day = period_days(regime, period)
    return _due_day(rule, last_day=last_day, period=period, working=working_days_of(plan.holidays))


def _due_day(rule: DueRule, *, last_day: date, period: Period, working: WorkingDays) -> date:
    if isinstance(rule, WorkingDaysAfter):
        return working.add(last_day, rule.days)
    named = day_of(rule.on, year=period.year, month=period.last_month)
    day = named - timedelta(days=1) if rule.kind == "before" else named
    if rule.if_day_off == "next_working_day":
        return working.on_or_after(day)
    if rule.if_day_off == "previous_working_day":
        return working.on_or_before(day)
    return day


def obligation_instants(plan: Plan, form: Form, period: Period, time_zone: str) -> Instants:
    """The instants of one obligation in the unit's zone (an IANA name). KeyError where the regime has no rule."""
    zone = ZoneInfo(time_zone)
    first_day, last_day = period_days(plan.regime(form.regime), period)
    due = due_day(plan, form, period)
    lock_at_ms = None if form.lock_days is None else _end_of_day_ms(last_day + timedelta(days=form.lock_days), zone)
    after_last = last_day + timedelta(days=1)
    return Instants(
        first_day=first_day,
        last_day=last_day,
        due_day=due,
        period_end_ms=start_of_day_ms(after_last, zone),
        open_at_ms=start_of_day_ms(after_last - timedelta(days=form.open_days_before_close), zone),
        due_at_ms=_end_of_day_ms(due, zone),
        grace_end_ms=_end_of_day_ms(due + timedelta(days=form.grace_days), zone),
        lock_at_ms=lock_at_ms,
    )


def _end_of_day_ms(day: date, zone: ZoneInfo) -> int:
    return start_of_day_ms(day + timedelta(days=1), zone) - 1


def clock_state(now_ms: int, instants: Limits, due_soon_ms: int) -> ClockState:
    """The state at `now_ms`: the last `due_soon_ms` milliseconds up to the due instant are DUE_SOON.

    An instant equal to a limit is within it. A lock that has passed wins over everything else.
    """
    if instants.lock_at_ms is not None and now_ms > instants.lock_at_ms:
        return "LOCKED"
    if now_ms < instants.open_at_ms:
        return "SCHEDULED"
    if now_ms <= instants.due_at_ms:
        return "DUE_SOON" if now_ms >= instants.due_at_ms - due_soon_ms else "OPEN"
    return "GRACE" if now_ms <= instants.grace_end_ms else "OVERDUE"


def next_transition_ms(now_ms: int, instants: Limits, due_soon_ms: int) -> int | None:
    """The first instant after `now_ms` at which the clock state is another; None when it stays as it is for ever."""
    turns = [
        instants.open_at_ms,
        instants.due_at_ms - due_soon_ms,
        instants.due_at_ms + 1,
        instants.grace_end_ms + 1,
    ]
    if instants.lock_at_ms is not None:
        turns.append(instants.lock_at_ms + 1)
    state = clock_state(now_ms, instants, due_soon_ms)
    later = sorted(turn for turn in turns if turn > now_ms)
    return next((turn for turn in later if clock_state(turn, instants, due_soon_ms) != state), None)


def unit_in_period(
    valid_from: date, valid_to: date | None, first_day: date, last_day: date, policy: PartialPeriod
) -> bool:
    """Does a unit that is valid in [valid_from, valid_to] owe the report of [first_day, last_day]? All days inclusive.

    `full_period_only`: valid on every day of it; `prorate` and `any_day`: valid on one day at least.
    """
    until = valid_to or date.max
    if policy == "full_period_only":
        return valid_from <= first_day and until >= last_day
    return valid_from <= last_day and until >= first_day


def share_of_period(valid_from: date, valid_to: date | None, first_day: date, last_day: date) -> float:
    """The share of the period's days, in [0, 1], on which the unit is valid: the factor of the `prorate` policy."""
    days = (min(valid_to or date.max, last_day) - max(valid_from, first_day)).days + 1
    return max(days, 0) / ((last_day - first_day).days + 1)


def rung_fire_ms(ladder: Ladder, rung: Rung, due: date, time_zone: str, working: WorkingDays) -> int:
    """When a rung fires: at `ladder.at` in the zone, on the n-th working day before or after the due day.

    Rung 0 fires on the due day, or on the last working day before it when the due day is off.
    """
    day = working.add(due, rung.working_days) if rung.working_days else working.on_or_before(due)
    return at_time_ms(day, time.fromisoformat(ladder.at), ZoneInfo(time_zone))
