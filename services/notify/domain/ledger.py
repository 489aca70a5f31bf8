"""The ledger of obligations as notify keeps it, and the rates that come from it and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from shared.events.obligation import ObligationState

OUT_OF_EXPECTED = frozenset({"WAIVED", "NOT_APPLICABLE", "CANCELLED"})
RECEIVED = frozenset({"FULFILLED", "NIL"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One obligation, and since when it is known here (epoch ms of the first change that was seen)."""

    state: ObligationState
    known_at_ms: int


@dataclass(frozen=True, slots=True)
class Rates:
    """Counts of some obligations. `in_grace` and `late` arrived after the due instant; `missing` did not arrive.

    `median_lateness_ms`: median of (first valid receipt - due instant), at least 0, over what was received.
    """

    expected: int = 0
    on_time: int = 0
    in_grace: int = 0
    late: int = 0
    missing: int = 0
    median_lateness_ms: int | None = None

    @property
    def received(self) -> int:
        return self.expected - self.missing

    def share(self, part: int) -> float:
        """A part of what was expected, in [0, 1]; 0 when nothing was."""
        return part / self.expected if self.expected else 0.0


def rates(states: Iterable[ObligationState]) -> Rates:
    """expected = obligations - waived - not applicable - cancelled; timeliness is that of the first valid version."""
    counts = {"ON_TIME": 0, "IN_GRACE": 0, "LATE": 0, "MISSING": 0}
    lateness: list[int] = []
    for state in states:
        if state.outcome in OUT_OF_EXPECTED:
            continue
        if state.outcome not in RECEIVED:
            counts["MISSING"] += 1
            continue
        counts[state.timeliness or "ON_TIME"] += 1
        lateness.append(max(0, (state.first_valid_at_ms or 0) - state.due_at_ms))
    middle = round(median(lateness)) if lateness else None
    parts = (counts["ON_TIME"], counts["IN_GRACE"], counts["LATE"], counts["MISSING"])
    return Rates(sum(counts.values()), *parts, median_lateness_ms=middle)


def is_closed(state: ObligationState, now_ms: int) -> bool:
    """Whether its due instant has passed: only such obligations count in what is reported to leadership."""
    return state.due_at_ms < now_ms


def is_overdue(state: ObligationState, now_ms: int) -> bool:
    return state.outcome == "PENDING" and state.grace_end_ms < now_ms


def ledger_hash(states: Iterable[ObligationState]) -> str:
    """SHA-256 over (obligation, revision, outcome) in order of the id: equal ledgers have equal hashes."""
    digest = hashlib.sha256()
    for state in sorted(states, key=lambda state: state.obligation):
        digest.update(f"{state.obligation}\t{state.revision}\t{state.outcome}\n".encode())
    return digest.hexdigest()
