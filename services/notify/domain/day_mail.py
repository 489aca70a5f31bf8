"""The one message of a recipient's day: what it is owed about, when it may go, what it says.

Rungs of obligations and of deadlines of inspections go into the same message, over all forms, units and inspections.
It is a `reminder` when it tells of a report, else an `inspection`; the send key is one for both, so a second message
of the day cannot be made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.notify.domain.contacts import Recipient
from services.notify.domain.deliveries import Kind
from services.notify.domain.inspections.letter import InspectionLetter, inspection_letter
from services.notify.domain.inspections.nudges import MAIL_AT as DEADLINES_AT
from services.notify.domain.inspections.nudges import Nudge
from services.notify.domain.instants import HOUR_MS, same_wall_time
from services.notify.domain.letters import ReminderLetter, reminder_letter
from services.notify.domain.quiet_hours import WAITS_FOR_MORNING, Hours, Wait, wait_of
from services.notify.domain.rungs import PLANNED, Reminder
from shared.events.inspection import InspectionState
from shared.events.obligation import ObligationState
from shared.events.unit import UnitState
from shared.plan.calendar import working_days_of
from shared.plan.model import Ladder, Plan

MAIL_AT = "09:00"
ZONES_SPAN_MS = 26 * HOUR_MS
"""The same clock time comes so much earlier in the first zone of the world than in the last."""

LEGAL_KINDS = frozenset({"overdue", "escalation"})
"""Rungs whose message is a legal notice: it cannot be switched off or held back."""


@dataclass(frozen=True, slots=True)
class OwedReport:
    """A rung that is to be told, with its obligation as re-read and the plan version that governs it."""

    row: Reminder
    state: ObligationState
    plan: Plan

    @property
    def hours(self) -> Hours:
        ladder = ladder_of(self.plan, self.state.form)
        return _hours(self.plan, ladder.at if ladder else MAIL_AT)

    @property
    def place(self) -> str:
        """The unit from which its roles are looked up."""
        return self.row.unit

    @property
    def time_zone(self) -> str:
        """The zone in which the rung fires."""
        return self.state.time_zone

    @property
    def is_legal(self) -> bool:
        return self.row.kind in LEGAL_KINDS


@dataclass(frozen=True, slots=True)
class OwedDeadline:
    """A rung of an inspection's deadline that is to be told, with the inspection as re-read and its plan."""

    row: Nudge
    state: InspectionState
    plan: Plan

    @property
    def hours(self) -> Hours:
        return _hours(self.plan, DEADLINES_AT)

    @property
    def place(self) -> str:
        """Steps concern the standing body, findings the unit."""
        body = self.plan.standing_body
        return body if self.row.kind == "step" and body else self.row.unit

    @property
    def time_zone(self) -> str:
        return self.plan.time_zone

    @property
    def is_legal(self) -> bool:
        """Deadlines of inspections are no kind that a recipient can switch off."""
        return True


Owed = OwedReport | OwedDeadline


def ladder_of(plan: Plan, form: str) -> Ladder | None:
    """The ladder of a form, if it has one."""
    named = next((one.ladder for one in plan.forms if one.code == form), None)
    return plan.ladder(named) if named else None


def wait(owed: Owed, recipient: Recipient, now_ms: int) -> Wait | None:
    """Until when a recipient waits for it, and why; None: now. Not before their clocks show what the rung asks for."""
    morning_ms = _morning_ms(owed, recipient)
    if now_ms < morning_ms:
        return Wait(morning_ms, WAITS_FOR_MORNING)
    return wait_of(now_ms, recipient.time_zone, owed.hours)


def ready_ms(owed: Owed, recipient: Recipient) -> int:
    """Since when nothing but us keeps it from this recipient."""
    return max(owed.row.ready_at_ms, _morning_ms(owed, recipient))


def first_told_ms(owed: Owed) -> int:
    """No message before this instant can tell it. A row that waited may have been told to others days ago."""
    row = owed.row
    is_fresh = row.decision == PLANNED and row.ready_at_ms
    return row.ready_at_ms if is_fresh else row.fire_at_ms - ZONES_SPAN_MS


def day_letter(
    owed: Sequence[Owed], recipient: Recipient, units: Mapping[str, UnitState], *, now_ms: int
) -> ReminderLetter | InspectionLetter:
    """What the message says: the reports with the deadlines behind them, or deadlines alone."""
    reports = [one for one in owed if isinstance(one, OwedReport)]
    dated = [(one.row, one.state) for one in owed if isinstance(one, OwedDeadline)]
    plan = (reports or owed)[0].plan
    deadlines = inspection_letter(plan, recipient, dated, units, now_ms=now_ms) if dated else None
    if not reports and deadlines is not None:
        return deadlines
    due = [(one.row, one.state, one.plan) for one in reports]
    return reminder_letter(plan, recipient, due, units, now_ms=now_ms, deadlines=deadlines)


def kind_of(owed: Sequence[Owed]) -> Kind:
    """What the message counts as."""
    return "reminder" if any(isinstance(one, OwedReport) for one in owed) else "inspection"


def _hours(plan: Plan, mail_at: str) -> Hours:
    return Hours(mail_at, plan.quiet_hours, working_days_of(plan.holidays))


def _morning_ms(owed: Owed, recipient: Recipient) -> int:
    """When the recipient's clocks show what those of the rung show when it fires."""
    return same_wall_time(owed.row.fire_at_ms, owed.time_zone, recipient.time_zone)
