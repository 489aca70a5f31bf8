"""What a message about deadlines of inspections says, before it is put into words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.notify.domain.contacts import Recipient
from services.notify.domain.inspections.nudges import Kind, Nudge
from services.notify.domain.instants import days_between
from services.notify.domain.names import names_of
from shared.events.base import Names
from shared.events.inspection import InspectionState
from shared.events.unit import UnitState
from shared.plan.model import Plan

LINES_MAX = 60
TEXT_CHARACTERS_MAX = 300


@dataclass(frozen=True, slots=True)
class InspectionLine:
    """One deadline. `about`: the step, or the finding's code; `days` until due by the calendar, negative once over.

    `time_zone` is the plan's: its clocks say on which day something is due, wherever the recipient lives.
    """

    unit: str
    unit_names: Names
    kind: Kind
    about: str
    text: str
    severity: str
    reason: str
    rung: str
    due_at_ms: int
    time_zone: str
    days: int


@dataclass(frozen=True, slots=True)
class InspectionLetter:
    """Every deadline of inspections that one person is told of today; what is overdue first."""

    plan_names: Names
    plan: str
    recipient: Recipient
    lines: tuple[InspectionLine, ...]
    more: int
    now_ms: int

    @property
    def total(self) -> int:
        return len(self.lines) + self.more

    @property
    def overdue(self) -> tuple[InspectionLine, ...]:
        return tuple(line for line in self.lines if line.days < 0)

    @property
    def upcoming(self) -> tuple[InspectionLine, ...]:
        return tuple(line for line in self.lines if line.days >= 0)


def inspection_letter(
    plan: Plan,
    recipient: Recipient,
    due: Sequence[tuple[Nudge, InspectionState]],
    units: Mapping[str, UnitState],
    *,
    now_ms: int,
) -> InspectionLetter:
    """The letter of one recipient. At most LINES_MAX lines are listed, the rest is counted."""
    lines = sorted(
        (_line(plan, row, state, units, now_ms) for row, state in due),
        key=lambda line: (line.days >= 0, line.due_at_ms, line.unit, line.about),
    )
    shown = tuple(lines[:LINES_MAX])
    return InspectionLetter(plan.names, plan.code, recipient, shown, len(lines) - len(shown), now_ms)


def _line(
    plan: Plan, row: Nudge, state: InspectionState, units: Mapping[str, UnitState], now_ms: int
) -> InspectionLine:
    finding = next((one for one in state.findings if one.finding == row.about), None)
    days = days_between(now_ms, row.due_at_ms, plan.time_zone)
    return InspectionLine(
        unit=state.unit,
        unit_names=names_of(state.unit, units),
        kind=row.kind,
        about=finding.code if finding else row.about,
        text=finding.text[:TEXT_CHARACTERS_MAX] if finding else "",
        severity=finding.severity if finding else "",
        reason=(finding.reason or "") if finding and row.rung == "RETURNED" else "",
        rung=row.rung,
        due_at_ms=row.due_at_ms,
        time_zone=plan.time_zone,
        days=days if now_ms <= row.due_at_ms else min(days, -1),
    )
