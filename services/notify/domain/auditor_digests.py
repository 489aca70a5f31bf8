"""Which digests should have been made, worked out day by day from the plan's words and the ledger's due days."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.notify.domain.auditor import Window
from shared.events.obligation import ObligationState
from shared.plan.model import AfterDue, Digest, Monthly, Plan, Schedule, Weekly

SHIFT_DAYS_MAX = 40
"""How far days off may move a moment."""

Working = Callable[[date], bool]


def expected_digests(
    plan: Plan, published_at_ms: int, states: Iterable[ObligationState], is_working: Working, window: Window
) -> list[tuple[str, int]]:
    """(audience, moment) of every digest of the window, of a plan that was published before."""
    dues = _due_days(states, plan.version)
    zone = ZoneInfo(plan.time_zone)
    day = datetime.fromtimestamp(window.from_ms / 1000, UTC).astimezone(zone).date()
    last = datetime.fromtimestamp(window.to_ms / 1000, UTC).astimezone(zone).date()
    found: list[tuple[str, int]] = []
    while day <= last:
        for digest in plan.digests:
            at_ms = int(datetime.combine(day, time.fromisoformat(digest.at), zone).timestamp() * 1000)
            if window.holds(at_ms) and at_ms > published_at_ms and _falls_on(plan, digest, day, dues, is_working):
                found.append((digest.audience, at_ms))
        day += timedelta(days=1)
    return found


def _due_days(states: Iterable[ObligationState], version: str) -> Mapping[str, frozenset[date]]:
    """Form -> the days on which its periods are due by the plan, extensions left aside."""
    found: dict[str, set[date]] = {}
    for state in states:
        if state.plan_version != version:
            continue
        due_at_ms = state.planned.due_at_ms if state.planned else state.due_at_ms
        day = datetime.fromtimestamp(due_at_ms / 1000, UTC).astimezone(ZoneInfo(state.time_zone)).date()
        found.setdefault(state.form, set()).add(day)
    return {form: frozenset(days) for form, days in found.items()}


def _falls_on(plan: Plan, digest: Digest, day: date, dues: Mapping[str, frozenset[date]], is_working: Working) -> bool:
    return any(_schedule_falls_on(plan, schedule, day, dues, is_working) for schedule in digest.schedules)


def _schedule_falls_on(
    plan: Plan, schedule: Schedule, day: date, dues: Mapping[str, frozenset[date]], is_working: Working
) -> bool:
    if isinstance(schedule, AfterDue):
        back = _back(day, schedule.working_days, is_working)
        return is_working(day) and any(due in dues.get(schedule.form, ()) for due in back)
    if not plan.effective.first <= day <= (plan.effective.last or date.max):
        return False
    if isinstance(schedule, Weekly):
        return day.isoweekday() == schedule.weekday
    if not is_working(day):
        return False
    return not isinstance(schedule, Monthly) or any(_is_named(back, schedule.day) for back in _back(day, 0, is_working))


def _back(day: date, count: int, is_working: Working) -> list[date]:
    """The days whose n-th following working day is `day`; for 0: itself and the days off right before it."""
    found = [] if count else [day]
    for _ in range(count - 1):
        day = _previous(day, is_working)
    for _ in range(SHIFT_DAYS_MAX):
        day -= timedelta(days=1)
        if is_working(day):
            return [*found, day] if count else found
        found.append(day)
    return found


def _previous(day: date, is_working: Working) -> date:
    day -= timedelta(days=1)
    while not is_working(day):
        day -= timedelta(days=1)
    return day


def _is_named(day: date, number: int) -> bool:
    """Whether the day is the month's named one; the last day stands for what the month lacks."""
    is_last = (day + timedelta(days=1)).day == 1
    return day.day == number or (is_last and number > day.day)
