"""Inspection alerts: their states, and what signals, people, silences and time do to them.

A fingerprint is (plan, unit, rule, subject); its alert exists once. Repeats update it, the end of the signal resolves
it, and a person's own decision stands until the source says something new.

OPEN -> ACKNOWLEDGED (a dated promise; missed, it is OPEN again and goes a level up) -> RESOLVED; or SILENCED, and OPEN
again when the silence ends. Every change adds a line to the alert's history and is announced.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from services.notify.domain.escalation import PROMISES_MISSED_MAX, Step, step_of
from services.notify.domain.grouping import AUDIENCE, Member
from services.notify.domain.instants import HOUR_MS, NEVER_MS
from shared.events.base import Names
from shared.events.notice import AlertPhase, AlertState
from shared.plan.inspection import Severity

OPEN_PHASES: tuple[AlertPhase, ...] = ("OPEN", "ACKNOWLEDGED")
ONGOING: tuple[AlertPhase, ...] = ("OPEN", "ACKNOWLEDGED", "SILENCED")
PROPOSE_AT_POINTS = 6
LEADERSHIP_AT_POINTS = 10
MISSING_CONTACT = "MISSING_CONTACT"
DELIVERY_PROBLEM = "DELIVERY_PROBLEM"
OPERATIONS = "operations"
HISTORY_MAX = 50

SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")
KINDS: Mapping[str, str] = {
    "report_overdue": "reporting",
    "two_in_a_row": "reporting",
    "copied_report": "numbers",
    "evidence_missing": "numbers",
    "layers_differ": "numbers",
    "outlier_own_history": "numbers",
    "outlier_peers": "numbers",
    "band_fell": "results",
    "far_below_target": "results",
    "pace_at_risk": "results",
    "security_incident": "security",
    "finding_overdue": "inspection",
    "missing_contact": OPERATIONS,
    "delivery_problem": OPERATIONS,
    "auditor": OPERATIONS,
}
"""Signal -> the kind of rule that notices are grouped by."""


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
    signal: str = ""
    cooldown_hours: int = 0


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. `notice` is the named reason of the last decision about telling it, sent or not.

    `notice_at_ms`: since when its groups are to hear of a change (NEVER_MS: they did). `in_group`: 1 while they look at
    it; `flushed`: the receivers that have seen it resolved. `generation` grows when it is to be told again.
    `muted_by`: the source that inhibits it, or empty. `chain`: levels of escalation; `level` of them are told, and
    `next_step_at_ms` is when the next one is due, or the promise is over.
    """

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
    signal: str = ""
    group: str = ""
    in_group: int = 1
    flushed: tuple[str, ...] = ()
    generation: int = 0
    muted_by: str = ""
    muted_until_ms: int = 0
    silence: str = ""
    silenced_until_ms: int = 0
    cooldown_ms: int = 0
    quiet_until_ms: int = 0
    chain: tuple[dict[str, Any], ...] = ()
    level: int = 0
    next_step_at_ms: int = NEVER_MS
    promise_until_ms: int = 0
    promises_missed: int = 0
    history: tuple[dict[str, Any], ...] = ()
    revision: int = 1
    kept: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_open(self) -> bool:
        return self.phase in OPEN_PHASES

    @property
    def is_ongoing(self) -> bool:
        return self.phase in ONGOING

    @property
    def names(self) -> Names:
        return Names(vi=self.name_vi, en=self.name_en)

    @property
    def kind(self) -> str:
        return KINDS.get(self.signal, "other")

    @property
    def form(self) -> str:
        return str(self.detail.get("form", ""))

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(step_of(kept) for kept in self.chain)

    @property
    def receivers(self) -> tuple[str, ...]:
        """Who is told of it: the audience, and the roles of every level that it has reached."""
        return (AUDIENCE, *(step.receiver for step in self.steps[: self.level]))

    @property
    def notice_key(self) -> str:
        """What a notice covers: this alert in this state. A later change is another notice."""
        return f"{self.id}@{self.revision}"

    def member(self, now_ms: int) -> Member:
        """What a group sees of it."""
        return Member(f"{self.id}#{self.generation}", self.is_ongoing, self.mute(now_ms))

    def mute(self, now_ms: int) -> str:
        """The named reason why nobody is told of it now; empty when somebody is."""
        if self.phase in ("SILENCED", "ACKNOWLEDGED"):
            return self.phase.lower()
        if self.muted_by:
            return "inhibited"
        return "cooldown" if now_ms < self.quiet_until_ms else ""

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
            signal=self.signal,
            kind=self.kind,
            muted_by=self.muted_by or None,
            silence=self.silence or None,
            silenced_until_ms=self.silenced_until_ms or None,
            escalation_level=self.level,
            promises_missed=self.promises_missed,
        )


def alert_id(plan: str, unit: str, rule: str, subject: str) -> str:
    """The fingerprint as an id."""
    return "alert-" + hashlib.sha256("\n".join((plan, unit, rule, subject)).encode()).hexdigest()[:32]


def group_key(plan: str, unit: str, kind: str) -> str:
    """What alerts that are told together have in common."""
    return f"{plan}/{unit}/{kind}"


def after_signal(alert: Alert | None, signal: Signal, *, now_ms: int, chain: tuple[Step, ...] = ()) -> Alert | None:
    """The alert after a signal was looked at; None when there is nothing to write. `chain`: for one that opens."""
    if alert is None:
        return _opened(signal, chain, now_ms) if signal.firing else None
    if signal.firing:
        return _repeated(alert, signal, now_ms) if alert.is_ongoing else _reopened(alert, signal, chain, now_ms)
    return _resolved(alert, signal.reason, signal.source_revision, now_ms) if alert.is_ongoing else None


def _opened(signal: Signal, chain: tuple[Step, ...], now_ms: int) -> Alert:
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
        notice="grouped",
        notice_at_ms=now_ms,
        told=False,
        detail=signal.detail,
        signal=signal.signal,
        group=group_key(signal.plan, signal.unit, KINDS.get(signal.signal, "other")),
        cooldown_ms=signal.cooldown_hours * HOUR_MS,
        chain=tuple(step.kept() for step in chain),
        next_step_at_ms=_after(chain, 0, now_ms),
        history=_line((), now_ms, "OPEN", "opened"),
    )


def _repeated(alert: Alert, signal: Signal, now_ms: int) -> Alert | None:
    """A repeat is worth a write only when it says something new."""
    if signal.source_revision < alert.source_revision or signal.detail == alert.detail:
        return None
    return _changed(
        alert,
        now_ms,
        "repeated",
        occurrences=alert.occurrences + 1,
        source_revision=signal.source_revision,
        detail=signal.detail,
        points=signal.points,
    )


def _reopened(alert: Alert, signal: Signal, chain: tuple[Step, ...], now_ms: int) -> Alert | None:
    """The same alert again. Within the cooldown after its end nobody is told until the cooldown is over."""
    if alert.resolved_by_person and signal.source_revision <= alert.source_revision:
        return None
    quiet_until_ms = alert.changed_at_ms + alert.cooldown_ms if alert.cooldown_ms else 0
    quiet = now_ms < quiet_until_ms
    return _changed(
        alert,
        now_ms,
        "reopened_in_cooldown" if quiet else "reopened",
        phase="OPEN",
        opened_at_ms=now_ms,
        occurrences=alert.occurrences + 1,
        source_revision=signal.source_revision,
        notice="cooldown" if quiet else "reopened",
        notice_at_ms=now_ms,
        quiet_until_ms=quiet_until_ms if quiet else 0,
        promise=None,
        owner=None,
        reason=None,
        resolved_by_person=False,
        detail=signal.detail,
        points=signal.points,
        severity=signal.severity,
        cooldown_ms=signal.cooldown_hours * HOUR_MS,
        in_group=1,
        flushed=(),
        chain=tuple(step.kept() for step in chain),
        level=0,
        promises_missed=0,
        next_step_at_ms=_after(chain, 0, now_ms),
    )


def _resolved(alert: Alert, reason: str, source_revision: int, now_ms: int, by: str = "") -> Alert:
    """Resolved before anybody was told: nothing is sent. What was muted all along leaves its groups at once."""
    unheard = not alert.told and bool(alert.mute(now_ms))
    return _changed(
        alert,
        now_ms,
        reason,
        by=by,
        phase="RESOLVED",
        reason=reason,
        source_revision=max(source_revision, alert.source_revision),
        notice="resolved" if alert.told else "resolved_before_notice",
        notice_at_ms=now_ms,
        in_group=0 if unheard else 1,
        muted_by="",
        muted_until_ms=0,
        silence="",
        silenced_until_ms=0,
        next_step_at_ms=NEVER_MS,
    )


def acknowledged(
    alert: Alert, *, owner: str, promise: str, now_ms: int, until_ms: int = NEVER_MS, by: str = ""
) -> Alert:
    """An owner promised a date (ISO), which is over at `until_ms`. Steps that were still to come are cancelled."""
    return _changed(
        alert,
        now_ms,
        "acknowledged",
        by=by or owner,
        phase="ACKNOWLEDGED",
        owner=owner,
        promise=promise,
        promise_until_ms=until_ms,
        next_step_at_ms=until_ms,
        notice="acknowledged",
        notice_at_ms=now_ms,
        silence="",
        silenced_until_ms=0,
    )


def resolved_by_person(alert: Alert, *, reason: str, now_ms: int, by: str = "") -> Alert:
    """Resolved by hand: stays so until its source says something new."""
    return replace(_resolved(alert, reason, alert.source_revision, now_ms, by), resolved_by_person=True)


def stepped(alert: Alert, *, now_ms: int) -> Alert | None:
    """What becomes due at `next_step_at_ms`: a promise was missed, or the next level is told. None: not due."""
    if now_ms < alert.next_step_at_ms:
        return None
    if alert.phase == "ACKNOWLEDGED":
        return _promise_missed(alert, now_ms)
    if alert.phase != "OPEN" or alert.mute(now_ms) or alert.level >= len(alert.chain):
        return replace(alert, next_step_at_ms=NEVER_MS)
    return _escalated(alert, "escalated", now_ms, notice="escalated")


def _promise_missed(alert: Alert, now_ms: int) -> Alert:
    """Told again, and to the next level; after PROMISES_MISSED_MAX of them it is open again and nobody is told."""
    missed = alert.promises_missed + 1
    back: dict[str, Any] = {"phase": "OPEN", "promises_missed": missed, "promise_until_ms": 0}
    if missed > PROMISES_MISSED_MAX:
        quiet: dict[str, Any] = {
            "notice": "promise_missed_too_often",
            "next_step_at_ms": NEVER_MS,
            "notice_at_ms": now_ms,
        }
        return _changed(alert, now_ms, "promise_missed", **back, **quiet)
    return _escalated(alert, "promise_missed", now_ms, notice="promise_missed", generation=alert.generation + 1, **back)


def _escalated(alert: Alert, reason: str, now_ms: int, **more: Any) -> Alert:
    level = min(alert.level + 1, len(alert.chain))
    next_ms = _after(alert.steps, level, now_ms)
    return _changed(alert, now_ms, reason, level=level, next_step_at_ms=next_ms, notice_at_ms=now_ms, **more)


def reviewed(
    alert: Alert, *, silence: str, silenced_until_ms: int, muted_by: str, muted_until_ms: int, now_ms: int
) -> Alert:
    """The alert under the silence and the source that hold for it now (empty: none), as one change at most.

    Steps rest while it is muted; afterwards the wait for the next one starts again.
    """
    found = _inhibited(alert, muted_by, muted_until_ms, now_ms)
    if found.phase == "OPEN" and silence:
        return _silenced(found, silence, silenced_until_ms, now_ms)
    if found.phase == "SILENCED" and not silence:
        return _changed(
            found,
            now_ms,
            "unsilenced",
            phase="OPEN",
            silence="",
            silenced_until_ms=0,
            notice="unsilenced",
            generation=found.generation + 1,
            next_step_at_ms=_after(found.steps, found.level, now_ms),
        )
    if found.phase == "SILENCED" and (silence, silenced_until_ms) != (found.silence, found.silenced_until_ms):
        return _silenced(found, silence, silenced_until_ms, now_ms)
    return found


def _inhibited(alert: Alert, muted_by: str, muted_until_ms: int, now_ms: int) -> Alert:
    if not alert.is_ongoing or (muted_by, muted_until_ms) == (alert.muted_by, alert.muted_until_ms):
        return alert
    if muted_by:
        return _changed(
            alert,
            now_ms,
            f"inhibited: {muted_by}",
            muted_by=muted_by,
            muted_until_ms=muted_until_ms,
            notice="inhibited",
        )
    waits_ms = alert.next_step_at_ms if alert.phase != "OPEN" else _after(alert.steps, alert.level, now_ms)
    return _changed(
        alert, now_ms, "uninhibited", muted_by="", muted_until_ms=0, notice="uninhibited", next_step_at_ms=waits_ms
    )


def _silenced(alert: Alert, silence: str, until_ms: int, now_ms: int) -> Alert:
    return _changed(
        alert,
        now_ms,
        f"silenced: {silence}",
        phase="SILENCED",
        silence=silence,
        silenced_until_ms=until_ms,
        notice="silenced",
        next_step_at_ms=NEVER_MS,
    )


def _after(chain: tuple[Step, ...], level: int, now_ms: int) -> int:
    """When the step after `level` is due."""
    if level >= len(chain) or chain[level].after_ms >= NEVER_MS:
        return NEVER_MS
    return now_ms + chain[level].after_ms


def _changed(alert: Alert, at_ms: int, why: str, *, by: str = "", **changes: Any) -> Alert:
    phase = str(changes.get("phase", alert.phase))
    return replace(
        alert,
        changed_at_ms=at_ms,
        revision=alert.revision + 1,
        history=_line(alert.history, at_ms, phase, why, by),
        group=group_key(alert.plan, alert.unit, alert.kind),
        **changes,
    )


def _line(
    history: tuple[dict[str, Any], ...], at_ms: int, phase: str, why: str, by: str = ""
) -> tuple[dict[str, Any], ...]:
    return (*history, {"at_ms": at_ms, "phase": phase, "reason": why, "by": by})[-HISTORY_MAX:]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The newest thing that an alert of the unit shows."""

    alert: str
    rule: str
    names: Names
    changed_at_ms: int
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit on the inspection list, with the names of its rules (parallel to `rules`) and the newest evidence."""

    unit: str
    points: int
    rules: tuple[str, ...]
    alerts: tuple[str, ...]
    proposal: Literal["none", "inspection", "leadership"]
    names: tuple[Names, ...] = ()
    newest: Evidence | None = None


def inspection_list(alerts: Iterable[Alert]) -> list[Candidate]:
    """Risk points per unit over its open alerts, most first, ties by unit code. What is muted counts for nothing."""
    by_unit: dict[str, list[Alert]] = {}
    for alert in alerts:
        if alert.is_open and alert.points > 0 and not alert.muted_by:
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
    names = {alert.rule: alert.names for alert in sorted(alerts, key=lambda alert: alert.rule)}
    last = max(alerts, key=lambda alert: (alert.changed_at_ms, alert.id))
    newest = Evidence(last.id, last.rule, last.names, last.changed_at_ms, last.detail)
    return Candidate(
        unit, points, tuple(names), tuple(alert.id for alert in alerts), proposal, tuple(names.values()), newest
    )
