"""The ledger of obligations as notify keeps it, and the rates that come from it and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import fsum
from statistics import median
from typing import Any

from shared.events.obligation import ObligationState

OUT_OF_EXPECTED = frozenset({"WAIVED", "NOT_APPLICABLE", "CANCELLED"})
RECEIVED = frozenset({"FULFILLED", "NIL"})

Amount = int | float


@dataclass(frozen=True, slots=True)
class Entry:
    """One obligation, since when it is known here (epoch ms of the first change that was seen), and the document that
    it was read from."""

    state: ObligationState
    known_at_ms: int
    kept: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Rates:
    """Counts of some obligations. `in_grace` and `late` arrived after the due instant; `missing` did not arrive.

    Whole numbers unless a form prorates: then an obligation counts as its share, as in intake's rates.

    `median_lateness_ms`: median of (first valid receipt - due instant), at least 0, over what was received.
    """

    expected: Amount = 0
    on_time: Amount = 0
    in_grace: Amount = 0
    late: Amount = 0
    missing: Amount = 0
    median_lateness_ms: int | None = None

    @property
    def received(self) -> Amount:
        return _amount([self.on_time, self.in_grace, self.late])

    def share(self, part: Amount) -> float:
        """A part of what was expected, in [0, 1]; 0 when nothing was."""
        return part / self.expected if self.expected else 0.0


def rates(states: Iterable[ObligationState]) -> Rates:
    """expected = obligations - waived - not applicable - cancelled; timeliness is that of the first valid version."""
    shares: dict[str, list[float]] = {"ON_TIME": [], "IN_GRACE": [], "LATE": [], "MISSING": []}
    lateness: list[int] = []
    for state in states:
        if state.outcome in OUT_OF_EXPECTED:
            continue
        if state.outcome not in RECEIVED:
            shares["MISSING"].append(state.share)
            continue
        shares[state.timeliness or "ON_TIME"].append(state.share)
        lateness.append(max(0, (state.first_valid_at_ms or 0) - state.due_at_ms))
    middle = round(median(lateness)) if lateness else None
    expected = _amount([share for held in shares.values() for share in held])
    on_time, in_grace, late, missing = map(_amount, shares.values())
    return Rates(expected, on_time, in_grace, late, missing, middle)


def _amount(shares: Iterable[float]) -> Amount:
    total = fsum(shares)
    return int(total) if total.is_integer() else total


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
