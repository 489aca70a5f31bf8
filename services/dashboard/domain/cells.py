"""The state of one cell of the completeness matrix: a function of the obligation and now. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.events.obligation import ObligationState

DAY_MS = 86_400_000
SOON_DAYS = 3


class CellKind(StrEnum):
    """What a cell says, from best to not concerned. The order is that of the legend."""

    ON_TIME = "on_time"
    IN_GRACE = "in_grace"
    LATE = "late"
    NIL = "nil"
    OPEN = "open"
    DUE_SOON = "due_soon"
    GRACE = "grace"
    OVERDUE = "overdue"
    NOT_OPEN = "not_open"
    WAIVED = "waived"
    NOT_APPLICABLE = "not_applicable"
    CANCELLED = "cancelled"


RECEIVED = frozenset({CellKind.ON_TIME, CellKind.IN_GRACE, CellKind.LATE, CellKind.NIL})
NOT_EXPECTED = frozenset({CellKind.WAIVED, CellKind.NOT_APPLICABLE, CellKind.CANCELLED})


@dataclass(frozen=True, slots=True)
class Cell:
    """`at_ms` is the instant that the cell is about: received, opens, or due.

    `days` counts from now to the due instant, negative after it. `punctual`: received within the due instant.
    `review` is the state of the report that stands (SUBMITTED, RETURNED, APPROVED, ...), empty without one. `share`
    is what it counts in rates: less than 1 where the form prorates a period in which the unit existed only in part.
    """

    kind: CellKind
    at_ms: int
    days: int = 0
    punctual: bool = False
    returned: bool = False
    version: int = 0
    review: str = ""
    share: float = 1.0


_OUTCOMES = {
    "WAIVED": CellKind.WAIVED,
    "NOT_APPLICABLE": CellKind.NOT_APPLICABLE,
    "CANCELLED": CellKind.CANCELLED,
}
_TIMELINESS = {"ON_TIME": CellKind.ON_TIME, "IN_GRACE": CellKind.IN_GRACE, "LATE": CellKind.LATE}


def cell_of(obligation: ObligationState, now_ms: int) -> Cell:
    """What the cell of an obligation says at `now_ms`. An instant equal to a limit is still within it."""
    review = obligation.submission.state if obligation.submission else ""
    version = obligation.submission.version if obligation.submission else 0
    if obligation.outcome in _OUTCOMES:
        return Cell(_OUTCOMES[obligation.outcome], obligation.changed_at_ms)
    if obligation.outcome in ("FULFILLED", "NIL"):
        kind = CellKind.NIL if obligation.outcome == "NIL" else _TIMELINESS[obligation.timeliness or "ON_TIME"]
        punctual = (obligation.timeliness or "ON_TIME") == "ON_TIME"
        return Cell(
            kind,
            received_ms(obligation),
            punctual=punctual,
            version=version,
            review=review,
            share=obligation.share,
        )
    kind, at_ms = _waiting(obligation, now_ms)
    days = whole_days(obligation.due_at_ms, now_ms)
    returned = review == "RETURNED"
    return Cell(kind, at_ms, days=days, returned=returned, version=version, review=review, share=obligation.share)


def received_ms(obligation: ObligationState) -> int:
    """When the first valid version came; the current version's time where that is not known."""
    if obligation.first_valid_at_ms is not None:
        return obligation.first_valid_at_ms
    return obligation.submission.received_at_ms if obligation.submission else obligation.changed_at_ms


def whole_days(due_at_ms: int, now_ms: int) -> int:
    """Days from now to the limit, rounded away from zero: 1 on the last day, -1 on the first day after."""
    distance_ms = abs(due_at_ms - now_ms)
    days = -(-distance_ms // DAY_MS)
    return days if now_ms <= due_at_ms else -days


def _waiting(obligation: ObligationState, now_ms: int) -> tuple[CellKind, int]:
    if now_ms < obligation.open_at_ms:
        return CellKind.NOT_OPEN, obligation.open_at_ms
    if now_ms <= obligation.due_at_ms:
        soon = obligation.due_at_ms - now_ms <= SOON_DAYS * DAY_MS
        return (CellKind.DUE_SOON if soon else CellKind.OPEN), obligation.due_at_ms
    if now_ms <= obligation.grace_end_ms:
        return CellKind.GRACE, obligation.grace_end_ms
    return CellKind.OVERDUE, obligation.due_at_ms
