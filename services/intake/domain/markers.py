"""How far the obligations of a unit under a plan were completed, and from what. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from services.intake.domain.materialise import DAY_MS, NEVER_MS
from services.intake.domain.versions import PublishedPlan
from shared.events.unit import UnitState


@dataclass(frozen=True, slots=True)
class Marker:
    """The obligations of (plan, unit) are complete for these inputs until `next_ms`. `rev` 0: not stored yet.

    `versions` is the part of the inputs that is the plan's: while it stays, only the unit has changed.
    """

    plan: str
    unit: str
    inputs: str
    next_ms: int
    rev: int = 0
    versions: str = ""

    def stands(self, inputs: str, now_ms: int) -> bool:
        return self.inputs == inputs and now_ms < self.next_ms


def inputs_of(versions: Sequence[PublishedPlan], unit: UnitState, horizon_days: int) -> str:
    """What a marker was made from: the plan's versions, the unit's revision, the horizon."""
    held = [version.sha256 for version in versions]
    return hashlib.sha256(f"{held} {unit.revision} {horizon_days}".encode()).hexdigest()


def versions_of(versions: Sequence[PublishedPlan]) -> str:
    """The plan's part of what a marker was made from."""
    return hashlib.sha256(f"{[version.sha256 for version in versions]}".encode()).hexdigest()


def settled_to_ms(marker: Marker | None, versions: str, horizon_days: int) -> int:
    """Periods that begin before this instant (at 00:00 UTC of their first day) were complete under these versions.

    0 when nothing was: a new unit, or another plan. A change of the unit then adds nothing to periods that have ended.
    """
    if marker is None or marker.versions != versions:
        return 0
    return min(NEVER_MS, marker.next_ms + horizon_days * DAY_MS)
