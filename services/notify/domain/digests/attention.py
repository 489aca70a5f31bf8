"""Where to look: open alerts by unit, what was promised and what was missed, what is silenced, inspections due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.notify.domain.alerts import LEADERSHIP_AT_POINTS, Alert, inspection_list
from services.notify.domain.deliveries import Delivery
from services.notify.domain.digests.material import DueStep, Material, Silenced
from services.notify.domain.instants import days_between, local_day
from services.notify.domain.names import names_of
from shared.events.base import Names
from shared.events.unit import UnitState


@dataclass(frozen=True, slots=True)
class AlertUnit:
    """A unit with open alerts."""

    unit: str
    unit_names: Names
    points: int
    alerts: int
    rules: tuple[Names, ...]
    to_leadership: bool


@dataclass(frozen=True, slots=True)
class PromiseLine:
    """An open alert that somebody promised to settle by a day (ISO). `days` to that day; negative: it was missed."""

    unit: str
    unit_names: Names
    names: Names
    owner: str
    promise: str
    days: int

    @property
    def missed(self) -> bool:
        return self.days < 0


@dataclass(frozen=True, slots=True)
class AlertCounts:
    """Open alerts by severity; `opened` in the window; `settled` since the last digest (None: not known)."""

    by_severity: Mapping[str, int]
    opened: int
    settled: int | None

    @property
    def open(self) -> int:
        return sum(self.by_severity.values())


@dataclass(frozen=True, slots=True)
class SilenceLine:
    """Something silenced."""

    unit: str
    unit_names: Names
    names: Names
    owner: str
    reason: str
    until_ms: int | None


@dataclass(frozen=True, slots=True)
class StepLine:
    """What is due next of an inspection. `days` to its limit; negative: it is late."""

    inspection: str
    unit: str
    unit_names: Names
    step: str
    due_at_ms: int
    days: int


@dataclass(frozen=True, slots=True)
class NotDelivered:
    """A notice that did not reach its recipient (address shortened)."""

    recipient: str
    title: str
    reason: str
    changed_at_ms: int


def alert_counts(alerts: Sequence[Alert], open_before: int | None, window_from_ms: int) -> AlertCounts:
    """settled = open before + opened since - open now: what opened and ended between two digests counts in neither."""
    held = [alert for alert in alerts if alert.is_open]
    counts = dict.fromkeys(("high", "medium", "low"), 0)
    for alert in held:
        counts[alert.severity] += 1
    opened = sum(alert.opened_at_ms > window_from_ms for alert in held)
    settled = None if open_before is None else max(0, open_before + opened - len(held))
    return AlertCounts(counts, opened, settled)


def alert_units(material: Material, *, operations: bool = False) -> list[AlertUnit]:
    """Units with open alerts, most risk points first. Those without points (a missing contact, an address that failed)
    are of operations' own making: they come last, and first for `operations`.
    """
    points = {candidate.unit: candidate.points for candidate in inspection_list(material.alerts)}
    by_unit: dict[str, list[Alert]] = {}
    for alert in material.alerts:
        if alert.is_open:
            by_unit.setdefault(alert.unit, []).append(alert)
    lines = [_alert_unit(unit, held, points.get(unit, 0), material.units) for unit, held in by_unit.items()]
    return sorted(lines, key=lambda line: (operations and line.points > 0, -line.points, line.unit))


def _alert_unit(unit: str, alerts: Sequence[Alert], points: int, units: Mapping[str, UnitState]) -> AlertUnit:
    rules = {alert.rule: alert.names for alert in sorted(alerts, key=lambda alert: alert.rule)}
    return AlertUnit(
        unit=unit,
        unit_names=names_of(unit, units),
        points=points,
        alerts=len(alerts),
        rules=tuple(rules.values()),
        to_leadership=points >= LEADERSHIP_AT_POINTS,
    )


def promise_lines(material: Material, time_zone: str, now_ms: int) -> list[PromiseLine]:
    """Open alerts with a promised day, the earliest first: missed ones lead. The promised day itself is in time."""
    today = local_day(now_ms, time_zone)
    held = [alert for alert in material.alerts if alert.is_open and alert.promise]
    lines = [
        PromiseLine(
            unit=alert.unit,
            unit_names=names_of(alert.unit, material.units),
            names=alert.names,
            owner=alert.owner or "",
            promise=alert.promise or "",
            days=(date.fromisoformat(alert.promise or "") - today).days,
        )
        for alert in held
    ]
    return sorted(lines, key=lambda line: (line.promise, line.unit, line.names.vi))


def silence_lines(silenced: Sequence[Silenced], units: Mapping[str, UnitState]) -> list[SilenceLine]:
    """What ends first comes first."""
    ordered = sorted(silenced, key=lambda one: (one.until_ms is None, one.until_ms or 0, one.unit, one.names.vi))
    return [
        SilenceLine(one.unit, names_of(one.unit, units), one.names, one.owner, one.reason, one.until_ms)
        for one in ordered
    ]


def step_lines(steps: Sequence[DueStep], units: Mapping[str, UnitState], time_zone: str, now_ms: int) -> list[StepLine]:
    """Steps by their limit: late ones lead."""
    ordered = sorted(steps, key=lambda step: (step.due_at_ms, step.unit, step.inspection, step.step))
    return [
        StepLine(
            inspection=step.inspection,
            unit=step.unit,
            unit_names=names_of(step.unit, units),
            step=step.step,
            due_at_ms=step.due_at_ms,
            days=_days(step.due_at_ms, now_ms, time_zone),
        )
        for step in ordered
    ]


def _days(due_at_ms: int, now_ms: int, time_zone: str) -> int:
    days = days_between(now_ms, due_at_ms, time_zone)
    return days if now_ms <= due_at_ms else min(days, -1)


def not_delivered(deliveries: Sequence[Delivery]) -> list[NotDelivered]:
    """The latest first."""
    ordered = sorted(deliveries, key=lambda delivery: (-delivery.changed_at_ms, delivery.id))
    return [NotDelivered(one.state().recipient, one.title, one.decision, one.changed_at_ms) for one in ordered]
