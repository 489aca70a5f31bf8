"""Links of the receipts: what is chained of every accepted version, and what a chain says about a receipt. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.clock import iso
from shared.events.report import ReportState


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted version, as its link tells it."""

    plan: str
    report: str
    version: int
    sha256: str
    received_at_ms: int

    def entry(self) -> dict[str, Any]:
        """What is hashed into the chain: nothing that names a person."""
        return {
            "report": self.report,
            "version": self.version,
            "sha256": self.sha256,
            "received_at": iso(self.received_at_ms),
        }


@dataclass(frozen=True, slots=True)
class Place:
    """Where a receipt stands in the chain of its plan. `seq` counts from 1."""

    plan: str
    seq: int
    hash: str
    previous: str
    version: int


def accepted_of(state: ReportState) -> Accepted:
    """The version that a report's state holds."""
    return Accepted(state.plan, state.report, state.version, state.sha256, state.received_at_ms)
