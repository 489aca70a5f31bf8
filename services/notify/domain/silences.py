"""Silences and outages: windows with an owner, a reason and an end, within which notices are not made.

Both are pending, then active, then expired; a person may end one early. A silence names what it mutes (an alert, or
matchers on unit, rule and form, all of which must fit); an outage explains what a unit, or everybody, could not do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from services.notify.domain.alerts import Alert
from services.notify.domain.instants import DAY_MS, NEVER_MS

SILENCE_MAX_MS = 90 * DAY_MS
OUTAGE_MAX_MS = 90 * DAY_MS
Standing = Literal["pending", "active", "expired"]
W = TypeVar("W", bound="Window")


@dataclass(frozen=True, slots=True)
class Window:
    """What silences and outages have in common. Half-open: [starts, ends). `next_at_ms`: when it changes next."""

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
    kept: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def standing(self, now_ms: int) -> Standing:
        if self.ends_at_ms <= self.starts_at_ms:
            return "expired"  # ended before it began
        if now_ms < self.starts_at_ms:
            return "pending"
        return "active" if now_ms < self.ends_at_ms else "expired"

    @property
    def version(self) -> int:
        """The revision that was read; 1 of one that was not."""
        return int(self.kept.get("rev", 1))

    def is_active(self, now_ms: int) -> bool:
        return self.starts_at_ms <= now_ms < self.ends_at_ms


@dataclass(frozen=True, slots=True)
class Silence(Window):
    """Mutes the alerts that fit everything it names; what is empty fits all, and one thing at least is named."""

    alert: str = ""
    rule: str = ""
    form: str = ""

    def fits(self, alert: Alert) -> bool:
        wanted = ((self.alert, alert.id), (self.unit, alert.unit), (self.rule, alert.rule), (self.form, alert.form))
        return self.plan == alert.plan and all(not given or given == held for given, held in wanted)


@dataclass(frozen=True, slots=True)
class Outage(Window):
    """A time in which a unit (empty: anybody) could not report."""


def window_id(noun: str, *parts: object) -> str:
    """The same request at the same instant is the same window."""
    return f"{noun}-" + hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:24]


def silence_of(alert: Alert, silences: Iterable[Silence], now_ms: int) -> Silence | None:
    """The active silence that fits and lasts longest."""
    found = [silence for silence in silences if silence.is_active(now_ms) and silence.fits(alert)]
    return max(found, key=lambda silence: (silence.ends_at_ms, silence.id), default=None)


def next_change(window: Window, now_ms: int) -> int:
    """When it becomes active or expires; NEVER_MS once it is over."""
    if window.standing(now_ms) == "pending":
        return window.starts_at_ms
    return window.ends_at_ms if now_ms < window.ends_at_ms else NEVER_MS


def ended(window: W, *, by: str, reason: str, now_ms: int) -> W:
    """Over now. One that never began is over from its beginning."""
    end_ms = now_ms if window.is_active(now_ms) else window.starts_at_ms
    return replace(window, ends_at_ms=end_ms, next_at_ms=now_ms, ended_by=by, ended_reason=reason)
