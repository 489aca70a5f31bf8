"""What each message says, before it is put into words: values only, so that wording and look can change alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from services.notify.domain.alerts import OPERATIONS, SEVERITIES, Alert
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
    """One report that is owed. `days` until due by the calendar; negative once it is over.

    `time_zone` is the unit's: its clocks say on which day the report is due, wherever the recipient lives.
    """

    unit: str
    unit_names: Names
    form_names: Names
    plan: str
    period: str
    kind: str
    due_at_ms: int
    time_zone: str
    days: int
    obligation: str

    @property
    def path(self) -> str:
        """Where the dashboard shows the unit with its reports of the year."""
        return (
            f"units/{quote(self.unit, safe='')}?{urlencode({'plan': self.plan, 'year': self.period[:4]})}#reports-title"
        )


@dataclass(frozen=True, slots=True)
class ReminderLetter:
    """Everything that one person is reminded of today; what is overdue first, then by due instant.

    `units`: how many owe them, listed or not. `deadlines`: those of inspections, told in the same message.
    """

    plan_names: Names
    plan: str
    recipient: Recipient
    lines: tuple[ReminderLine, ...]
    more: int
    units: int
    now_ms: int
    deadlines: InspectionLetter | None = None

    @property
    def overdue(self) -> tuple[ReminderLine, ...]:
        return tuple(line for line in self.lines if line.days < 0)

    @property
    def upcoming(self) -> tuple[ReminderLine, ...]:
        return tuple(line for line in self.lines if line.days >= 0)

    @property
    def path(self) -> str:
        """Where its button leads: to the one unit that it is about, else to the plan."""
        first = self.lines[0].path
        return first if self.units == 1 else f"?{urlencode({'plan': self.plan})}"

    @property
    def is_escalation(self) -> bool:
        """Whether it only tells of others' reports, to who is to urge them."""
        return all(line.kind == "escalation" for line in self.lines)


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
    more, owing = len(lines) - len(shown), len({line.unit for line in lines})
    return ReminderLetter(plan.names, plan.code, recipient, shown, more, owing, now_ms, deadlines)


def _reminder_line(
    plan: Plan, row: Reminder, state: ObligationState, units: Mapping[str, UnitState], now_ms: int
) -> ReminderLine:
    days = days_between(now_ms, state.due_at_ms, state.time_zone)
    return ReminderLine(
        unit=state.unit,
        unit_names=names_of(state.unit, units),
        form_names=form_names(plan, state.form),
        plan=state.plan,
        period=state.period,
        kind=row.kind,
        due_at_ms=state.due_at_ms,
        time_zone=state.time_zone,
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
    """What changed among the alerts of one group since its last notice. `still`: how many are open, new or not.

    `promises_missed`: how many of the `opened` are news because a promised day has passed. `is_operations`: they are
    about running the platform (a missing contact, an address), nothing for an inspector.
    """

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
    promises_missed: int = 0
    is_operations: bool = False


def alert_letter(
    plan: Plan,
    recipient: Recipient,
    alerts: Sequence[Alert],
    units: Mapping[str, UnitState],
    *,
    now_ms: int,
    reason: str = "first",
    news: Collection[str] | None = None,
) -> AlertLetter:
    """Open alerts first, what is news before what is known, the most severe first; at most ALERT_LINES_MAX are listed.

    `reason`: why there is a notice; a line shows it where its alert has none of its own. `news`: ids of the alerts that
    this receiver has not heard of as they are now, whoever else has; None where only the alerts themselves can tell.
    """
    heard = {alert.id: _heard(alert, reason, news) for alert in alerts}
    ordered = sorted(alerts, key=lambda alert: _place(alert, heard[alert.id]))
    lines = tuple(alert_line(alert, units, heard[alert.id]) for alert in ordered[:ALERT_LINES_MAX])
    ongoing = [alert for alert in alerts if alert.is_ongoing]
    return AlertLetter(
        plan_names=plan.names,
        plan=plan.code,
        recipient=recipient,
        lines=lines,
        more=len(alerts) - len(lines),
        opened=sum(heard[alert.id] != TOLD for alert in ongoing),
        resolved=len(alerts) - len(ongoing),
        still=len(ongoing),
        units=len({alert.unit for alert in alerts}),
        now_ms=now_ms,
        reason=reason,
        is_operations=all(alert.kind == OPERATIONS for alert in alerts),
        promises_missed=sum(heard[alert.id] == "promise_missed" for alert in ongoing),
    )


TOLD = "told"
OWN_REASONS = frozenset({"reopened", "unsilenced", "escalated", "promise_missed"})


def _place(alert: Alert, heard: str) -> tuple[bool, bool, int, str, int, str, str]:
    known = alert.is_ongoing and heard == TOLD
    severity = SEVERITIES.index(alert.severity)
    return not alert.is_ongoing, known, severity, alert.unit, alert.opened_at_ms, alert.subject, alert.id


def _heard(alert: Alert, reason: str, news: Collection[str] | None) -> str:
    """Why an alert is in a notice: TOLD when its receiver knows it as it is.

    What another receiver was told meanwhile stands on the alert as its notice; why it is news to this one is the last
    line of its history.
    """
    if news is None:
        return alert.notice if alert.notice in OWN_REASONS else TOLD if alert.told else reason
    if alert.id not in news:
        return TOLD
    last = str(alert.history[-1]["reason"]) if alert.history else ""
    return last if last in OWN_REASONS else reason


def alert_line(alert: Alert, units: Mapping[str, UnitState], reason: str = "first") -> AlertLine:
    return AlertLine(
        alert=alert.id,
        unit=alert.unit,
        unit_names=names_of(alert.unit, units),
        names=alert.names,
        severity=alert.severity,
        points=alert.points,
        reason=reason,
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
