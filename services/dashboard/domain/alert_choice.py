"""Which alerts of a plan a reader wants to see, and how they are put together. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import get_args

from shared.events.notice import AlertPhase, AlertState

PHASES: tuple[str, ...] = get_args(AlertPhase)
GROUPINGS = ("unit", "rule", "severity", "phase")
_SEVERITY_ORDER = {"high": 0, "medium": 1, "low": 2}


@dataclass(frozen=True, slots=True)
class AlertChoice:
    """What is empty fits all. `phase` empty: every alert that is not resolved, or with `every` resolved ones too."""

    unit: str = ""
    rule: str = ""
    severity: str = ""
    phase: str = ""
    every: bool = False

    @property
    def live_only(self) -> bool:
        return self.phase != "RESOLVED" if self.phase else not self.every

    def fits(self, alert: AlertState) -> bool:
        if self.live_only and alert.phase == "RESOLVED":
            return False
        wanted = (
            (self.unit, alert.unit),
            (self.rule, alert.rule),
            (self.severity, alert.severity),
            (self.phase, alert.phase),
        )
        return all(not asked or asked == held for asked, held in wanted)


@dataclass(frozen=True, slots=True)
class AlertGroup:
    """Alerts that have the same `key`; the group with the most serious, then the most, points first."""

    key: str
    alerts: tuple[AlertState, ...]

    @property
    def points(self) -> int:
        return sum(alert.points for alert in self.alerts if alert.phase in ("OPEN", "ACKNOWLEDGED"))


def grouped(alerts: Iterable[AlertState], by: str) -> tuple[AlertGroup, ...]:
    """Alerts by unit, rule, severity or phase, each in the order in which they came; one group when `by` is none."""
    if by not in GROUPINGS:
        return (AlertGroup("", tuple(alerts)),)
    key: Callable[[AlertState], str] = lambda alert: str(getattr(alert, by))  # noqa: E731  (by is one of four names)
    parts: dict[str, list[AlertState]] = {}
    for alert in alerts:
        parts.setdefault(key(alert), []).append(alert)
    groups = [AlertGroup(name, tuple(held)) for name, held in parts.items()]
    if by == "severity":
        return tuple(sorted(groups, key=lambda group: _SEVERITY_ORDER.get(group.key, 9)))
    if by == "phase":
        return tuple(sorted(groups, key=lambda group: PHASES.index(group.key)))
    return tuple(sorted(groups, key=lambda group: (-group.points, -len(group.alerts), group.key)))
