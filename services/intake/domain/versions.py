"""Which version of a plan is in force on a day. Pure.

Effective ranges of versions may overlap. A version with a later first day takes over from that day; of two with the
same first day the one published later does. When a version's last day is over, an older one whose range still runs is
in force again. An obligation's plan version is the one in force on the last day of its period.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from shared.plan.model import Plan


@dataclass(frozen=True, slots=True)
class PublishedPlan:
    """One published version, parsed. Never changes."""

    plan: Plan
    sha256: str
    published_at_ms: int

    def covers(self, day: date) -> bool:
        first, last = self.plan.effective.first, self.plan.effective.last
        return first <= day and (last is None or day <= last)


def in_force(versions: Sequence[PublishedPlan], day: date) -> PublishedPlan | None:
    """The version in force on the day; None when none covers it."""
    covering = [version for version in versions if version.covers(day)]
    return max(covering, key=_precedence, default=None)


def _precedence(version: PublishedPlan) -> tuple[date, int, str]:
    return version.plan.effective.first, version.published_at_ms, version.plan.version
