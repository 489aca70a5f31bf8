"""Silences and outages: windows with an owner, a reason and an end, within which notices are not made.

Both are pending, then active, then expired; a person may end one early. A silence names what it mutes (an alert, or
matchers on unit, rule and form, all of which must fit); an outage explains what a unit, or everybody, could not do.
A silence under which nothing was found for IDLE_MS ends by itself: it was meant for something that does not happen.
Every change of standing is written when its instant has come, and announced.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from services.notify.domain.alerts import Alert
from services.notify.domain.instants import DAY_MS, NEVER_MS
from shared.events.notice import OutageState, SilenceState, WindowStanding

SILENCE_MAX_MS = 90 * DAY_MS
OUTAGE_MAX_MS = 90 * DAY_MS
IDLE_MS = 14 * DAY_MS
LOOK_EVERY_MS = DAY_MS
"""How often an active silence is asked whether there is anything under it."""

SYSTEM = "notify"
NOTHING_MATCHED = "nothing_matched"
W = TypeVar("W", "Silence", "Outage")


@dataclass(frozen=True, slots=True)
class Window:
    """What silences and outages have in common. Half-open: [starts, ends). `next_at_ms`: when it is looked at next.

    `phase` is its standing as it was announced last, `looked` the one that was followed up last (empty: none yet);
    `matched_at_ms`: when something was under it last.
    """

    id: str
    plan: str
    owner: str
    reason: str
    by: str
    starts_at_ms: int
    ends_at_ms: int
    next_at_ms: int
    created_at_ms: int
    ended_by: str = ""
    ended_reason: str = ""
    unit: str = ""
    phase: WindowStanding = "pending"
    looked: str = ""
    changed_at_ms: int = 0
    changed_by: str = ""
    matched_at_ms: int = 0
    revision: int = 1
    kept: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def standing(self, now_ms: int) -> WindowStanding:
        if self.ends_at_ms <= self.starts_at_ms:
            return "expired"  # ended before it began
        if now_ms < self.starts_at_ms:
            return "pending"
        return "active" if now_ms < self.ends_at_ms else "expired"

    def is_active(self, now_ms: int) -> bool:
        return self.starts_at_ms <= now_ms < self.ends_at_ms

    def told(self) -> dict[str, Any]:
        """What the states of both nouns have in common."""
        return {
            "revision": self.revision,
            "plan": self.plan,
            "unit": self.unit or None,
            "owner": self.owner,
            "reason": self.reason,
            "by": self.by,
            "standing": self.phase,
            "starts_at_ms": self.starts_at_ms,
            "ends_at_ms": self.ends_at_ms,
            "created_at_ms": self.created_at_ms,
            "changed_at_ms": self.changed_at_ms or self.created_at_ms,
            "ended_by": self.ended_by or None,
            "ended_reason": self.ended_reason or None,
        }


@dataclass(frozen=True, slots=True)
class Silence(Window):
    """Mutes the alerts that fit everything it names; what is empty fits all, and one thing at least is named."""

    alert: str = ""
    rule: str = ""
    form: str = ""

    def state(self) -> SilenceState:
        named = {"alert": self.alert or None, "rule": self.rule or None, "form": self.form or None}
        return SilenceState(silence=self.id, **named, **self.told())

    def fits(self, alert: Alert) -> bool:
        wanted = ((self.alert, alert.id), (self.unit, alert.unit), (self.rule, alert.rule), (self.form, alert.form))
        return self.plan == alert.plan and all(not given or given == held for given, held in wanted)


@dataclass(frozen=True, slots=True)
class Outage(Window):
    """A time in which a unit (empty: anybody) could not report."""

    def state(self) -> OutageState:
        return OutageState(outage=self.id, **self.told())


def window_id(noun: str, *parts: object) -> str:
    """The same request at the same instant is the same window."""
    return f"{noun}-" + hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:24]


def silence_of(alert: Alert, silences: Iterable[Silence], now_ms: int) -> Silence | None:
    """The active silence that fits and lasts longest."""
    found = [silence for silence in silences if silence.is_active(now_ms) and silence.fits(alert)]
    return max(found, key=lambda silence: (silence.ends_at_ms, silence.id), default=None)


def looked_at(window: W, now_ms: int, *, matched: bool = True) -> W:
    """The window after a look at its time: in its present standing, and due again at its next change.

    `matched`: whether anything was under it. An active silence without anything for IDLE_MS ends here.
    """
    standing = window.standing(now_ms)
    held = replace(window, matched_at_ms=now_ms) if matched and standing == "active" else window
    idle_ms = now_ms - max(held.matched_at_ms, held.starts_at_ms)
    if isinstance(held, Silence) and standing == "active" and idle_ms >= IDLE_MS:
        held, standing = ended(held, by=SYSTEM, reason=NOTHING_MATCHED, now_ms=now_ms), "expired"
    if standing != held.phase:
        held = replace(held, phase=standing, changed_at_ms=now_ms, changed_by=SYSTEM, revision=held.revision + 1)
    return replace(held, looked=standing, next_at_ms=next_look(held, now_ms))


def next_look(window: Window, now_ms: int) -> int:
    """When it becomes active or expires, or whether anything is under it is asked again; NEVER_MS once it is over."""
    standing = window.standing(now_ms)
    if standing == "pending":
        return window.starts_at_ms
    if standing == "expired":
        return NEVER_MS
    return min(window.ends_at_ms, now_ms + LOOK_EVERY_MS) if isinstance(window, Silence) else window.ends_at_ms


def ended(window: W, *, by: str, reason: str, now_ms: int) -> W:
    """Over now, and due for what follows. One that never began is over from its beginning."""
    end_ms = now_ms if window.is_active(now_ms) else window.starts_at_ms
    return replace(
        window,
        ends_at_ms=end_ms,
        next_at_ms=now_ms,
        ended_by=by,
        ended_reason=reason,
        phase="expired",
        changed_at_ms=now_ms,
        changed_by=by,
        revision=window.revision + 1,
    )
