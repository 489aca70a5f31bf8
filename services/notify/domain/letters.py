"""What each message says, before it is put into words: values only, so that wording and look can change alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.notify.domain.alerts import SEVERITIES, Alert
from services.notify.domain.contacts import Recipient
from services.notify.domain.inspections.letter import InspectionLetter
from services.notify.domain.instants import days_between
from services.notify.domain.names import names_of
from services.notify.domain.rungs import Reminder
from shared.events.base import Names
from shared.events.obligation import ObligationState
from shared.events.unit import UnitState
from shared.plan.model import Plan

ALERT_LINES_MAX = 40
REMINDER_LINES_MAX = 60


@dataclass(frozen=True, slots=True)
class ReminderLine:
    """One report that is owed. `days` until due by the calendar; negative once it is over."""

    unit: str
    unit_names: Names
    form_names: Names
    period: str
    kind: str
    due_at_ms: int
    days: int
    obligation: str


@dataclass(frozen=True, slots=True)
class ReminderLetter:
    """Everything that one person is reminded of today; what is overdue first, then by due instant.

    `deadlines`: those of inspections, told in the same message.
    """

    plan_names: Names
    plan: str
    recipient: Recipient
    lines: tuple[ReminderLine, ...]
    more: int
    now_ms: int
    deadlines: InspectionLetter | None = None

    @property
    def overdue(self) -> tuple[ReminderLine, ...]:
        return tuple(line for line in self.lines if line.days < 0)

    @property
    def upcoming(self) -> tuple[ReminderLine, ...]:
        return tuple(line for line in self.lines if line.days >= 0)

    @property
    def units(self) -> int:
        return len({line.unit for line in self.lines})


def reminder_letter(
    plan: Plan,
    recipient: Recipient,
    due: Sequence[tuple[Reminder, ObligationState, Plan]],
    units: Mapping[str, UnitState],
    *,
    now_ms: int,
    deadlines: InspectionLetter | None = None,
) -> ReminderLetter:
    """The letter of one recipient under one plan's name, each line in the words of its own plan.

    At most REMINDER_LINES_MAX lines are listed, the rest is counted.
    """
    lines = sorted(
        (_reminder_line(own, row, state, units, now_ms) for row, state, own in due),
        key=lambda line: (line.days >= 0, line.due_at_ms, line.unit, line.obligation),
    )
    shown = tuple(lines[:REMINDER_LINES_MAX])
    return ReminderLetter(plan.names, plan.code, recipient, shown, len(lines) - len(shown), now_ms, deadlines)


def _reminder_line(
    plan: Plan, row: Reminder, state: ObligationState, units: Mapping[str, UnitState], now_ms: int
) -> ReminderLine:
    days = days_between(now_ms, state.due_at_ms, state.time_zone)
    return ReminderLine(
        unit=state.unit,
        unit_names=names_of(state.unit, units),
        form_names=form_names(plan, state.form),
        period=state.period,
        kind=row.kind,
        due_at_ms=state.due_at_ms,
        days=days if now_ms <= state.due_at_ms else min(days, -1),
        obligation=state.obligation,
    )


@dataclass(frozen=True, slots=True)
class AlertLine:
    """One alert as told: its unit, rule, what it is about, and the named reason of telling it now.

    `lasted_ms`: of a resolved one, for how long it was open.
    """

    alert: str
    unit: str
    unit_names: Names
    names: Names
    severity: str
    points: int
    reason: str
    about: str
    opened_at_ms: int
    resolved: bool
    lasted_ms: int = 0


@dataclass(frozen=True, slots=True)
class AlertLetter:
    """What changed among the alerts of one group since its last notice. `still`: how many are open, new or not."""

    plan_names: Names
    plan: str
    recipient: Recipient
    lines: tuple[AlertLine, ...]
    more: int
    opened: int
    resolved: int
    units: int
    now_ms: int
    reason: str = "first"
    still: int = 0


def alert_letter(
    plan: Plan,
    recipient: Recipient,
    alerts: Sequence[Alert],
    units: Mapping[str, UnitState],
    *,
    now_ms: int,
    reason: str = "first",
) -> AlertLetter:
    """Open alerts first, the most severe first, grouped by unit; at most ALERT_LINES_MAX are listed.

    `reason`: why there is a notice; a line shows it where its alert has none of its own.
    """
    ordered = sorted(
        alerts,
        key=lambda alert: (not alert.is_ongoing, SEVERITIES.index(alert.severity), alert.unit, alert.rule, alert.id),
    )
    lines = tuple(alert_line(alert, units, reason) for alert in ordered[:ALERT_LINES_MAX])
    ongoing = [alert for alert in alerts if alert.is_ongoing]
    opened = sum(not alert.told or alert.notice in OWN_REASONS for alert in ongoing)
    return AlertLetter(
        plan_names=plan.names,
        plan=plan.code,
        recipient=recipient,
        lines=lines,
        more=len(alerts) - len(lines),
        opened=opened,
        resolved=len(alerts) - len(ongoing),
        still=len(ongoing),
        units=len({alert.unit for alert in alerts}),
        now_ms=now_ms,
        reason=reason,
    )


OWN_REASONS = frozenset({"reopened", "unsilenced", "escalated", "promise_missed"})


def alert_line(alert: Alert, units: Mapping[str, UnitState], reason: str = "first") -> AlertLine:
    return AlertLine(
        alert=alert.id,
        unit=alert.unit,
        unit_names=names_of(alert.unit, units),
        names=alert.names,
        severity=alert.severity,
        points=alert.points,
        reason=alert.notice if alert.notice in OWN_REASONS else "told" if alert.told else reason,
        about=_about(alert),
        opened_at_ms=alert.opened_at_ms,
        resolved=not alert.is_ongoing,
        lasted_ms=0 if alert.is_ongoing else alert.changed_at_ms - alert.opened_at_ms,
    )


def _about(alert: Alert) -> str:
    """The period, role or indicators that the alert is about, as codes."""
    if "period" in alert.detail:
        return str(alert.detail["period"])
    if "indicators" in alert.detail:
        return ", ".join(str(code) for code in alert.detail["indicators"])
    return str(alert.detail.get("role", ""))


def form_names(plan: Plan, form: str) -> Names:
    try:
        return plan.form(form).names
    except KeyError:
        return Names(vi=form, en=form)
