"""By when: steps in working days from the day of the step before, remedies in days by severity. Pure.

A deadline is the end of its day in the plan's zone; an instant equal to it is on time. Days to remedy are counted by
the calendar, and where the last one is off, the next working day is the last.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from services.notify.domain.instants import at_local
from shared.events.inspection import FindingSeverity, InspectionStepCode
from shared.plan.model import Plan
from shared.plan.working_days import working_days_of


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day (ISO) and its last instant (epoch ms)."""

    day: str
    at_ms: int


def end_of(day: date, time_zone: str) -> Deadline:
    """The end of a day in a zone."""
    return Deadline(day.isoformat(), at_local(day + timedelta(days=1), "00:00", time_zone) - 1)


def step_deadline(plan: Plan, step: InspectionStepCode, after: str) -> Deadline:
    """The deadline of a step; `after` is the day (ISO) of the step before it."""
    process = plan.inspection_process
    days = {
        "decision": process.decision_working_days,
        "visit": process.visit_working_days,
        "conclusion": process.conclusion_working_days,
        "closure": process.closure_working_days,
    }[step]
    return end_of(working_days_of(plan.holidays).add(date.fromisoformat(after), days), plan.time_zone)


def remedy_deadline(plan: Plan, severity: FindingSeverity, concluded_on: str) -> Deadline:
    """The last day to remedy a finding of a severity."""
    last = date.fromisoformat(concluded_on) + timedelta(days=plan.inspection_process.remediation_days.of(severity))
    return end_of(working_days_of(plan.holidays).on_or_after(last), plan.time_zone)


def closure_deadline(plan: Plan, concluded_on: str, remedies: Iterable[str | None]) -> Deadline:
    """Some working days after the last remedy is due (`remedies`: last days), or after the conclusion without any."""
    last = max([concluded_on, *(day for day in remedies if day is not None)])
    return step_deadline(plan, "closure", last)
