"""Digests, worked out the naive way from PRODUCT.md section 9: which are made when, for whom, and their numbers.

Operations on working days at 08:00, the standing body on Mondays at 08:00 (unless there is nothing to tell), the
leadership on the first of the month and some working days after each quarter is due, on a working day. A run covers
the time since the moment before. One that was missed is made up for a week, without the reports that came later.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from shared.events.obligation import ObligationState
from tests.services.notify.year.alarms import Alarms
from tests.services.notify.year.days import DAY, clock, first_working, is_working, local, working
from tests.services.notify.year.known import Known, last_instant
from tests.services.notify.year.words import (
    AUDIENCES,
    BEGINS,
    CENTER,
    CONSOLIDATED_AFTER,
    DUE_DAYS,
    HOME,
    SEVERITY,
)

QUARTERS_DUE = [date(year, month, DUE_DAYS["QUARTER"]) for year in (2010, 2011, 2012) for month in (1, 4, 7, 10)]
CONSOLIDATED = frozenset(working(day, CONSOLIDATED_AFTER) for day in QUARTERS_DUE if day > BEGINS + timedelta(days=31))


def falls_on(audience: str, day: date) -> bool:
    """Whether an audience has a digest on a day."""
    if audience == "leadership" and day in CONSOLIDATED:
        return True
    if audience == "operations":
        return is_working(day)
    if audience == "standing_body":
        return day.isoweekday() == 1
    return first_working(day.replace(day=1)) == day


@dataclass(slots=True)
class Bulletins:
    """`send(to, audience, numbers)`; `failed`: when each message was given up."""

    known: Known
    alarms: Alarms
    send: Callable[[str, str, str], None]
    failed: list[int] = field(default_factory=list)
    made: set[tuple[str, int]] = field(default_factory=set)

    def look(self, now: int) -> None:
        """Make what is due and was not made: of the last week, the oldest first."""
        today = local(now, HOME).date()
        for audience, role in AUDIENCES.items():
            for day in (today - timedelta(days=back) for back in range(8, -1, -1)):
                moment = clock(day, "08:00", HOME)
                if now - 7 * DAY < moment <= now and (audience, moment) not in self.made and falls_on(audience, day):
                    self.made.add((audience, moment))
                    self._make(audience, role, day, moment)

    def _make(self, audience: str, role: str, day: date, moment: int) -> None:
        numbers = self._numbers(audience, day, moment)
        is_clear = not any((numbers["overdue"], sum(numbers["alerts"]), numbers["silenced"], numbers["steps"][0],
                            numbers["undelivered"]))  # fmt: skip
        if is_clear and audience == "standing_body":
            return
        for address in self.known.people((role,), CENTER):
            self.send(address, audience, json.dumps(numbers))

    def _numbers(self, audience: str, day: date, moment: int) -> dict[str, Any]:
        since = _before(audience, day)
        closed = [state for state in self.known.held.values() if state.due_at_ms < moment]
        year = max(closed, key=lambda state: state.due_at_ms).year if closed else day.year
        counts = {"ON_TIME": 0, "IN_GRACE": 0, "LATE": 0, "MISSING": 0}
        overdue = 0
        for state in closed:
            came = _came(state, moment)
            overdue += came == "MISSING" and state.grace_end_ms < moment
            if came and state.year == year:
                counts[came] += 1
        return {
            "year": year,
            "reports": [sum(counts.values()), *counts.values()],
            "overdue": overdue,
            "alerts": self._alerts(),
            "promises": self._promises(moment),
            "silenced": sum(
                act.at_ms <= moment < act.about["ends_ms"] for act in self.known.silences + self.known.outages
            ),
            "steps": self._steps(moment),
            "undelivered": sum(since < at <= moment for at in self.failed),
            "window": [since, moment],
        }

    def _alerts(self) -> list[int]:
        open_ones = [alarm for alarm in self.alarms.ongoing.values() if alarm.phase != "SILENCED"]
        severities = [SEVERITY[alarm.name[1]] for alarm in open_ones]
        return [severities.count(severity) for severity in ("high", "medium", "low")]

    def _promises(self, moment: int) -> list[int]:
        today = local(moment, HOME).date()
        promised = [
            alarm.promise for alarm in self.alarms.ongoing.values() if alarm.promise and alarm.phase != "SILENCED"
        ]
        return [len(promised), sum(day < today for day in promised)]

    def _steps(self, moment: int) -> list[int]:
        dues = [held.due for held in self.known.inspections.values() if held.step and held.due]
        for held in self.known.inspections.values():
            dues += [one.due for one in held.findings.values() if one.is_open and one.due]
        near = [last_instant(due) for due in dues if last_instant(due) <= moment + 14 * DAY]
        return [len(near), sum(due < moment for due in near)]


def _came(state: ObligationState, moment: int) -> str:
    """How it counts at a moment; empty when nothing is expected."""
    if state.outcome in ("WAIVED", "NOT_APPLICABLE", "CANCELLED"):
        return ""
    if state.outcome == "PENDING" or (state.first_valid_at_ms or 0) > moment:
        return "MISSING"
    return state.timeliness or "ON_TIME"


def _before(audience: str, day: date) -> int:
    """The moment before."""
    while not falls_on(audience, day := day - timedelta(days=1)):
        continue
    return clock(day, "08:00", HOME)
