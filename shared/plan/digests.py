"""When the digests of a plan are made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.plan.calendar import at_time_ms, due_day, periods_in_force
from shared.plan.model import AfterDue, DayRef, Digest, Monthly, Plan, Schedule, Weekly
from shared.plan.periods import day_of
from shared.plan.working_days import WorkingDays, working_days_of

_REACH_DAYS = 40
"""How far a moment may be shifted off its nominal day by days off: the search begins so much earlier."""


def digest_moments(plan: Plan, digest: Digest, after_ms: int, until_ms: int) -> tuple[int, ...]:
    """The instants in (after_ms, until_ms] at which the digest is due, rising: `digest.at` in the plan's zone.

    Monthly and after_due moments that fall on a day off move to the next working day; weekly ones stay; a month
    that lacks the day has its last day instead. Weekly, monthly and daily digests are made while the plan version is
    in force; after_due ones follow its last period even when that ends later.
    """
    if until_ms <= after_ms:
        return ()
    zone, at = ZoneInfo(plan.time_zone), time.fromisoformat(digest.at)
    first = datetime.fromtimestamp(after_ms / 1000, tz=UTC).astimezone(zone).date() - timedelta(days=1)
    last = datetime.fromtimestamp(until_ms / 1000, tz=UTC).astimezone(zone).date() + timedelta(days=1)
    days = {day for schedule in digest.schedules for day in _days(plan, schedule, first, last)}
    moments = (at_time_ms(day, at, zone) for day in sorted(days))
    return tuple(moment for moment in moments if after_ms < moment <= until_ms)


def _days(plan: Plan, schedule: Schedule, first: date, last: date) -> Iterator[date]:
    """Days on which a schedule falls, at least all those within [first, last]."""
    working = working_days_of(plan.holidays)
    if isinstance(schedule, AfterDue):
        yield from _after_due(plan, schedule, first, last, working)
        return
    first = max(first, plan.effective.first)
    last = min(last, plan.effective.last or date.max)
    if isinstance(schedule, Monthly):
        yield from (day for day in _monthly(schedule, first, last, working) if first <= day <= last)
        return
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        if day.isoweekday() == schedule.weekday if isinstance(schedule, Weekly) else working.is_working(day):
            yield day


def _monthly(schedule: Monthly, first: date, last: date, working: WorkingDays) -> Iterator[date]:
    ref = DayRef(day=schedule.day)
    begin = first - timedelta(days=_REACH_DAYS)
    for months in range(begin.year * 12 + begin.month - 1, last.year * 12 + last.month):
        year, month = divmod(months, 12)
        yield working.on_or_after(day_of(ref, year=year, month=month + 1))


def _after_due(plan: Plan, schedule: AfterDue, first: date, last: date, working: WorkingDays) -> Iterator[date]:
    form = plan.form(schedule.form)
    for year in range(first.year - 3, last.year + 2):  # a period may be due up to two years after its own
        for period in periods_in_force(plan, form, year):
            due = due_day(plan, form, period)
            yield working.add(due, schedule.working_days) if schedule.working_days else working.on_or_after(due)
