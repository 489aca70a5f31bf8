"""Which plan version and year a page is about, from what was asked and what is in force. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from shared.events.plan import PlanState

YEARS_MAX = 30


def day_of(now_ms: int) -> date:
    """The calendar day (UTC) of an instant: near enough to choose a year by."""
    return datetime.fromtimestamp(now_ms / 1000, tz=UTC).date()


def choose_plan(states: Sequence[PlanState], asked: str | None, now_ms: int) -> str:
    """The asked plan if it is known, else the one in force, else the one published last. `states` is not empty."""
    if any(state.plan == asked for state in states):
        assert asked is not None
        return asked
    today = day_of(now_ms).isoformat()
    in_force = [s for s in states if s.effective_from <= today and (s.effective_to is None or today <= s.effective_to)]
    return max(in_force or states, key=lambda state: (state.published_at_ms, state.plan)).plan


def years_of(versions: Sequence[PlanState], now_ms: int) -> tuple[int, ...]:
    """The years that the versions are in force, newest first; while open-ended, up to this year."""
    this_year = day_of(now_ms).year
    first = min(int(state.effective_from[:4]) for state in versions)
    ends = [int(state.effective_to[:4]) if state.effective_to else max(this_year, first) for state in versions]
    last = max(ends)
    return tuple(range(last, max(first, last - YEARS_MAX + 1) - 1, -1))


def choose_year(years: Sequence[int], asked: int | None, now_ms: int) -> int:
    """The asked year if the plan has it, else this year, else the nearest one."""
    wanted = asked if asked is not None and asked in years else day_of(now_ms).year
    return min(years, key=lambda year: abs(year - wanted))


def version_of(versions: Sequence[PlanState], year: int) -> PlanState:
    """The version in force in a year: the last one to take effect by its end."""
    started = [state for state in versions if int(state.effective_from[:4]) <= year]
    return max(started or versions, key=lambda state: (state.effective_from, state.published_at_ms))
