"""Inspection alerts: what each signal says now, and what that does to the alert with its fingerprint.

A fingerprint is (plan, unit, rule, subject); its alert exists once. Repeats update it, the end of the signal resolves
it, and a person's own decision stands until the source says something new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from services.notify.domain.instants import MINUTE_MS, NEVER_MS
from shared.events.base import Names
from shared.events.notice import AlertPhase, AlertState

GROUP_WAIT_MS = MINUTE_MS
OPEN_PHASES: tuple[AlertPhase, ...] = ("OPEN", "ACKNOWLEDGED")
PROPOSE_AT_POINTS = 6
LEADERSHIP_AT_POINTS = 10
MISSING_CONTACT = "MISSING_CONTACT"

Severity = Literal["low", "medium", "high"]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Signal:
    """What one rule says about one subject at one revision of its source. `reason` names why it is not firing."""

    plan: str
    unit: str
    rule: str
    names: Names
    severity: Severity
    points: int
    subject: str
    firing: bool
    source_revision: int
    reason: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. `notice_at_ms` is when the next notice about it is due (NEVER_MS: none), `notice` its named reason."""

    id: str
    plan: str
    unit: str
    rule: str
    subject: str
    name_vi: str
    name_en: str
    severity: Severity
    points: int
    phase: AlertPhase
    opened_at_ms: int
    changed_at_ms: int
    occurrences: int
    source_revision: int
    notice: str
    notice_at_ms: int
    told: bool
    promise: str | None = None
    owner: str | None = None
    reason: str | None = None
    resolved_by_person: bool = False
    detail: dict[str, Any] = field(default_factory=dict)
    revision: int = 1
    kept: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_open(self) -> bool:
        return self.phase in OPEN_PHASES

    @property
    def names(self) -> Names:
        return Names(vi=self.name_vi, en=self.name_en)

    @property
    def notice_key(self) -> str:
        """What a notice covers: this alert in this state. A later change is another notice."""
        return f"{self.id}@{self.revision}"

    def state(self) -> AlertState:
        return AlertState(
            revision=self.revision,
            alert=self.id,
            plan=self.plan,
            unit=self.unit,
            rule=self.rule,
            subject=self.subject,
            names=self.names,
            severity=self.severity,
            points=self.points,
            phase=self.phase,
            opened_at_ms=self.opened_at_ms,
            changed_at_ms=self.changed_at_ms,
            occurrences=self.occurrences,
            promise=self.promise,
            owner=self.owner,
            reason=self.reason,
            detail=self.detail,
        )


def alert_id(plan: str, unit: str, rule: str, subject: str) -> str:
    """The fingerprint as an id."""
    return "alert-" + hashlib.sha256("\n".join((plan, unit, rule, subject)).encode()).hexdigest()[:32]


def after_signal(alert: Alert | None, signal: Signal, *, now_ms: int) -> Alert | None:
    """The alert after a signal was looked at; None when there is nothing to write."""
    if alert is None:
        return _opened(signal, now_ms) if signal.firing else None
    if signal.firing:
        return _repeated(alert, signal, now_ms) if alert.is_open else _reopened(alert, signal, now_ms)
    return _resolved(alert, signal.reason, signal.source_revision, now_ms) if alert.is_open else None


def _opened(signal: Signal, now_ms: int) -> Alert:
    return Alert(
        id=alert_id(signal.plan, signal.unit, signal.rule, signal.subject),
        plan=signal.plan,
        unit=signal.unit,
        rule=signal.rule,
        subject=signal.subject,
        name_vi=signal.names.vi,
        name_en=signal.names.en,
        severity=signal.severity,
        points=signal.points,
        phase="OPEN",
        opened_at_ms=now_ms,
        changed_at_ms=now_ms,
        occurrences=1,
        source_revision=signal.source_revision,
        notice="first",
        notice_at_ms=now_ms + GROUP_WAIT_MS,
        told=False,
        detail=signal.detail,
    )


def _repeated(alert: Alert, signal: Signal, now_ms: int) -> Alert | None:
    """A repeat is worth a write only when it says something new."""
    if signal.source_revision <= alert.source_revision or signal.detail == alert.detail:
        return None
    return replace(
        alert,
        occurrences=alert.occurrences + 1,
        source_revision=signal.source_revision,
        detail=signal.detail,
        changed_at_ms=now_ms,
        revision=alert.revision + 1,
    )


def _reopened(alert: Alert, signal: Signal, now_ms: int) -> Alert | None:
    if alert.resolved_by_person and signal.source_revision <= alert.source_revision:
        return None
    return replace(
        alert,
        phase="OPEN",
        opened_at_ms=now_ms,
        changed_at_ms=now_ms,
        occurrences=alert.occurrences + 1,
        source_revision=signal.source_revision,
        notice="reopened",
        notice_at_ms=now_ms + GROUP_WAIT_MS,
        promise=None,
        owner=None,
        reason=None,
        resolved_by_person=False,
        detail=signal.detail,
        revision=alert.revision + 1,
    )


def _resolved(alert: Alert, reason: str, source_revision: int, now_ms: int) -> Alert:
    """Resolved before anybody was told: nothing is sent."""
    return replace(
        alert,
        phase="RESOLVED",
        changed_at_ms=now_ms,
        reason=reason,
        source_revision=max(source_revision, alert.source_revision),
        notice="resolved" if alert.told else "resolved_before_notice",
        notice_at_ms=now_ms + GROUP_WAIT_MS if alert.told else NEVER_MS,
        revision=alert.revision + 1,
    )


def acknowledged(alert: Alert, *, owner: str, promise: str, now_ms: int) -> Alert:
    """An owner promised a date (ISO). A notice that was still waiting is not needed any more."""
    return replace(
        alert,
        phase="ACKNOWLEDGED",
        owner=owner,
        promise=promise,
        changed_at_ms=now_ms,
        notice="acknowledged",
        notice_at_ms=NEVER_MS,
        revision=alert.revision + 1,
    )


def resolved_by_person(alert: Alert, *, reason: str, now_ms: int) -> Alert:
    """Resolved by hand: stays so until its source says something new."""
    resolved = _resolved(alert, reason, alert.source_revision, now_ms)
    return replace(resolved, resolved_by_person=True)


def noticed(alert: Alert) -> Alert:
    """A notice about its present state was made. Not announced: what people see of the alert did not change."""
    return replace(alert, told=True, notice_at_ms=NEVER_MS)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit on the inspection list."""

    unit: str
    points: int
    rules: tuple[str, ...]
    alerts: tuple[str, ...]
    proposal: Literal["none", "inspection", "leadership"]


def inspection_list(alerts: Iterable[Alert]) -> list[Candidate]:
    """Risk points per unit over its open alerts, most first, ties by unit code."""
    by_unit: dict[str, list[Alert]] = {}
    for alert in alerts:
        if alert.is_open and alert.points > 0:
            by_unit.setdefault(alert.unit, []).append(alert)
    found = [_candidate(unit, held) for unit, held in by_unit.items()]
    return sorted(found, key=lambda candidate: (-candidate.points, candidate.unit))


def _candidate(unit: str, alerts: list[Alert]) -> Candidate:
    points = sum(alert.points for alert in alerts)
    proposal: Literal["none", "inspection", "leadership"] = "none"
    if points >= LEADERSHIP_AT_POINTS:
        proposal = "leadership"
    elif points >= PROPOSE_AT_POINTS:
        proposal = "inspection"
    rules = tuple(sorted({alert.rule for alert in alerts}))
    return Candidate(unit, points, rules, tuple(alert.id for alert in alerts), proposal)
