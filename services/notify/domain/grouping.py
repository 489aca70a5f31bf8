"""Grouping of notices, exactly as Alertmanager decides it: wait, interval, repeat, and a log of what was told last.

A group is (plan, unit, kind of rule) for one receiver. Its first look comes `WAIT_MS` after its first alert; from
every look on a timer ticks each `INTERVAL_MS`, as long as anything is in the group. A look compares what fires and what
is resolved with the group's log: the named reason says why there is a notice, or why there is none.
Ticks at which nothing can be different are not looked at: only a changed alert, or the repeat, makes one due.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from services.notify.domain.instants import DAY_MS, MINUTE_MS, NEVER_MS

WAIT_MS = MINUTE_MS
INTERVAL_MS = 15 * MINUTE_MS
REPEAT_MS = DAY_MS
LOG_KEPT_MS = 30 * DAY_MS
"""Longer than the repeat, whatever the delays: a log that is forgotten too early makes a repeat of its own."""

AUDIENCE = ""
"""The receiver that every alert has; others are the roles that it was escalated to."""

FIRST, NEW_ALERTS, ALL_RESOLVED, NEW_RESOLVED, REPEAT = (
    "first",
    "new_alerts",
    "all_resolved",
    "new_resolved",
    "repeat",
)
NOTHING_LEFT, ALL_MUTED, NEVER_TOLD, NOT_DUE = "nothing_left", "all_muted", "resolved_before_notice", "repeat_not_due"


@dataclass(frozen=True, slots=True)
class Member:
    """One alert at a look. `key` changes when the same alert is to be told again; `muted` is the reason, or empty."""

    key: str
    firing: bool
    muted: str = ""


@dataclass(frozen=True, slots=True)
class Log:
    """What was told last, when, and why."""

    at_ms: int
    reason: str
    firing: tuple[str, ...]
    resolved: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a look found. `tell`: there is a notice, with these keys."""

    tell: bool
    reason: str
    firing: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()


def decide(log: Log | None, members: Iterable[Member], *, now_ms: int) -> Decision:
    """The decision table. Muted alerts are not looked at, whether they fire or not."""
    everything = list(members)
    loud = [member for member in everything if not member.muted]
    if not loud:
        return Decision(False, ALL_MUTED if everything else NOTHING_LEFT)
    firing = tuple(sorted(member.key for member in loud if member.firing))
    resolved = tuple(sorted(member.key for member in loud if not member.firing))
    reason = _reason(_remembered(log, now_ms), firing, resolved, now_ms)
    told = reason not in (NEVER_TOLD, NOT_DUE)
    return Decision(told, reason, firing, resolved)


def _remembered(log: Log | None, now_ms: int) -> Log | None:
    return None if log is None or now_ms - log.at_ms > LOG_KEPT_MS else log


def _reason(log: Log | None, firing: tuple[str, ...], resolved: tuple[str, ...], now_ms: int) -> str:
    if log is None:
        return FIRST if firing else NEVER_TOLD
    if not set(firing) <= set(log.firing):
        return NEW_ALERTS if log.firing else FIRST
    if not firing:
        return ALL_RESOLVED if log.firing else NEVER_TOLD
    if not set(resolved) <= set(log.resolved):
        return NEW_RESOLVED
    return REPEAT if now_ms - log.at_ms > REPEAT_MS else NOT_DUE


@dataclass(frozen=True, slots=True)
class Group:
    """One group for one receiver. `next_at_ms`: its next look. `base_ms`: the last one, 0 while its timer rests.

    `telling` is the notice that is being made: written before any message, so that after a crash the same one is
    finished. `touches` counts changes of its alerts: one that came while it was being made is looked at afterwards.
    `decision`, `decided_at_ms`: the named reason of the last look, whether it told anybody or not.
    """

    id: str
    plan: str
    unit: str
    kind: str
    receiver: str
    next_at_ms: int
    base_ms: int = 0
    number: int = 0
    log: Log | None = None
    telling: Decision | None = None
    telling_at_ms: int = 0
    touches: int = 0
    telling_touches: int = 0
    touched_at_ms: int = 0
    decision: str = "waits"
    decided_at_ms: int = 0
    kept: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(self.receiver.split("+")) if self.receiver else ()

    @property
    def slot(self) -> str:
        """The unique name of the notice that is being made."""
        return f"{self.id}@{self.number}"


def group_id(plan: str, unit: str, kind: str, receiver: str) -> str:
    return "group-" + hashlib.sha256("\n".join((plan, unit, kind, receiver)).encode()).hexdigest()[:32]


def new_group(plan: str, unit: str, kind: str, receiver: str) -> Group:
    """A group that nothing was ever in; its timer rests."""
    return Group(group_id(plan, unit, kind, receiver), plan, unit, kind, receiver, NEVER_MS)


def touched(group: Group, *, changed_at_ms: int, at_once: bool = False) -> Group:
    """An alert of the group changed at an instant: look at the next tick; after the wait while the timer rests."""
    if at_once:
        next_ms = changed_at_ms
    elif group.base_ms:
        next_ms = tick(group.base_ms, changed_at_ms)
    else:
        next_ms = changed_at_ms + WAIT_MS
    # A first look that is set already stays: the wait counts from the first alert.
    return replace(
        group,
        next_at_ms=min(next_ms, group.next_at_ms),
        touches=group.touches + 1,
        touched_at_ms=max(changed_at_ms, group.touched_at_ms),
    )


def tick(base_ms: int, at_least_ms: int) -> int:
    """The first tick at or after an instant, of a timer that was started at `base_ms`."""
    rounds = max(1, -((base_ms - at_least_ms) // INTERVAL_MS))
    return base_ms + rounds * INTERVAL_MS


def begun(group: Group, decision: Decision, *, now_ms: int) -> Group:
    """The look that tells, before anything is made. Still due, until `looked` says that all was made."""
    return replace(
        group,
        telling=decision,
        telling_at_ms=now_ms,
        telling_touches=group.touches,
        number=group.number + 1,
        decision=decision.reason,
        decided_at_ms=now_ms,
    )


def looked(group: Group, decision: Decision, *, stays: bool, ends_ms: Sequence[int], at_ms: int) -> Group:
    """After a look at `at_ms`. `stays`: something is still in the group; `ends_ms`: when mutes of it end.

    A notice becomes the log; without one the log stays as it is.
    """
    log = Log(at_ms, decision.reason, decision.firing, decision.resolved) if decision.tell else group.log
    found = replace(group, log=log, telling=None, decision=decision.reason, decided_at_ms=at_ms)
    found = _waiting(found, decision, ends_ms, at_ms) if stays else replace(found, base_ms=0, next_at_ms=NEVER_MS)
    if group.telling is not None and group.touches > group.telling_touches:
        return touched(found, changed_at_ms=group.touched_at_ms)
    return found


def _waiting(group: Group, decision: Decision, ends_ms: Sequence[int], at_ms: int) -> Group:
    """The next tick at which something can be different without an alert being changed."""
    due = [tick(at_ms, end_ms) for end_ms in ends_ms if at_ms < end_ms < NEVER_MS]
    if group.log is not None and decision.firing:
        due.append(tick(at_ms, group.log.at_ms + REPEAT_MS + 1))
    return replace(group, base_ms=at_ms, next_at_ms=min(due, default=NEVER_MS))
