"""One alert, and one group of them for one receiver: what the oracle keeps of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from tests.services.notify.year.days import HOUR, NEVER
from tests.services.notify.year.words import CHAINS, SEVERITY, SIDE

MINUTE = 60_000
EVERYBODY = ""
"""The receiver that every alert has: the standing body, or operations for what does not work."""

Name = tuple[str, str, str]
"""Unit, rule, subject."""


@dataclass(slots=True)
class Alarm:
    """One alert. `news_at`: since when its groups are to hear of a change; `seen_over`: receivers that know its end."""

    name: Name
    form: str
    source: int
    changed_at: int
    phase: Literal["OPEN", "PROMISED", "SILENCED", "OVER"] = "OPEN"
    news_at: int | None = None
    told_at: int | None = None
    round: int = 0
    level: int = 0
    step_at: int = NEVER
    promise: date | None = None
    missed: int = 0
    by_hand: bool = False
    explained_until: int = 0
    silenced_until: int = 0
    quiet_until: int = 0
    seen_over: set[str] = field(default_factory=set)

    @property
    def side(self) -> str:
        return SIDE.get(self.name[1], "operations")

    @property
    def chain(self) -> tuple[tuple[str, int | None], ...]:
        return CHAINS[SEVERITY[self.name[1]]]

    @property
    def receivers(self) -> list[str]:
        return [EVERYBODY, *(role for role, _ in self.chain[: self.level])]

    def is_muted(self, now: int) -> bool:
        return self.phase in ("SILENCED", "PROMISED") or self.explained_until > 0 or now < self.quiet_until

    def climb_from(self, now: int) -> None:
        """Set when the next level is told."""
        hours = self.chain[self.level][1] if self.level < len(self.chain) else None
        self.step_at = now + hours * HOUR if hours is not None else NEVER


@dataclass(slots=True)
class Group:
    """The notices of one unit and side to one receiver. `running`: since when its timer ticks, 0 while it rests."""

    unit: str
    side: str
    receiver: str
    look_at: int = NEVER
    running: int = 0
    told_at: int | None = None
    firing: frozenset[tuple[Name, int]] = frozenset()
    resolved: frozenset[tuple[Name, int]] = frozenset()

    def touch(self, at: int, *, at_once: bool) -> None:
        wait = at if at_once else self.tick(at) if self.running else at + MINUTE
        self.look_at = min(self.look_at, wait)

    def tick(self, at: int) -> int:
        """The first tick of the timer at or after an instant."""
        tick = self.running + 15 * MINUTE
        while tick < at:
            tick += 15 * MINUTE
        return tick


def text(name: Name) -> str:
    """An alert as one text."""
    return " ".join(name)
