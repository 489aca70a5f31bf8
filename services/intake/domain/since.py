"""What changed between two versions of a report: indicators before and after, by whom, when, in which version. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from services.intake.domain.content import CHANGES_MAX, Change, changes
from services.intake.domain.entry import Report
from shared.clock import iso


@dataclass(frozen=True, slots=True)
class Told:
    """One indicator that differs, and the version that gave it its present value."""

    change: Change
    by: Report

    def document(self) -> dict[str, Any]:
        state = self.by.state
        told = {"version": state.version, "by": state.submitted_by, "at": iso(state.received_at_ms)}
        return {**self.change.document(), **told, "reason": self.by.change_reason}


def differences(chain: Sequence[Report]) -> list[Told]:
    """How the last version of the chain differs from its first, by indicator code. The chain may have gaps."""
    first, last = chain[0], chain[-1]
    by: dict[str, Report] = {}
    for before, after in pairwise(chain):
        by |= {change.indicator: after for change in changes(before.state.values, after.state.values)}
    return [Told(change, by.get(change.indicator, last)) for change in changes(first.state.values, last.state.values)]


def said_since(chain: Sequence[Report]) -> dict[str, Any]:
    """The members of an answer that says what changed: at most CHANGES_MAX indicators, and how many there are."""
    found = differences(chain)
    return {"changes": [told.document() for told in found[:CHANGES_MAX]], "changes_total": len(found)}
