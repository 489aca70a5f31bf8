"""Deadlines beside the one that counts: all tiers of a regime, and how long reviewers may take.

As in `calendar`, a limit is the last millisecond that is within it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.plan.calendar import due_day, start_of_day_ms
from shared.plan.model import Form, Plan
from shared.plan.periods import Period
from shared.plan.working_days import working_days_of


def end_of_day_ms(day: date, time_zone: str) -> int:
    """The last millisecond of a day in a zone (IANA name)."""
    return start_of_day_ms(day + timedelta(days=1), ZoneInfo(time_zone)) - 1


def local_day(at_ms: int, time_zone: str) -> date:
    """The day that it is in a zone at an instant."""
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC).astimezone(ZoneInfo(time_zone)).date()


def tier_due_ms(plan: Plan, form: Form, period: Period, time_zone: str) -> dict[str, int]:
    """Tier -> due instant, for every tier of the form's regime that has a rule for its frequency, by due instant."""
    regime = plan.regime(form.regime)
    found = {
        tier: end_of_day_ms(due_day(plan, form.model_copy(update={"tier": tier}), period), time_zone)
        for tier, rules in regime.deadlines.items()
        if form.frequency in rules
    }
    return dict(sorted(found.items(), key=lambda item: item[1]))


def review_due_ms(plan: Plan, form: Form, submitted_at_ms: int, time_zone: str) -> int | None:
    """The last instant that reviewers have for what was submitted then: the end of the n-th working day after that
    day in the unit's zone. None without a limit, and where nobody reviews."""
    if form.review == "automatic" or form.review_days is None:
        return None
    day = local_day(submitted_at_ms, time_zone)
    return end_of_day_ms(working_days_of(plan.holidays).add(day, form.review_days), time_zone)
