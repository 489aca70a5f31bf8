"""Reporting rates, counted from the ledger and nothing else (SEMANTICS S2). Pure.

expected  obligations - waived - not applicable - cancelled (a cancelled one is no longer owed)
received  reports that stand now, nil ones included; a returned report does not
on_time   received, and the first version that passed validation came by the due instant; later revisions do not count

Rates are shares, never capped: one over 1 would be a fault of the ledger and must be seen. Null when nothing is
expected.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from pydantic import BaseModel, ConfigDict, Field

from shared.events.obligation import ObligationState

_NOT_EXPECTED = frozenset({"WAIVED", "NOT_APPLICABLE", "CANCELLED"})
_RECEIVED = frozenset({"FULFILLED", "NIL"})


class Rates(BaseModel):
    """Completeness and timeliness of a set of obligations."""

    model_config = ConfigDict(frozen=True)

    expected: int
    received: int
    on_time: int
    reporting_rate: float | None = Field(description="received / expected; null when nothing is expected.")
    reporting_rate_on_time: float | None = Field(description="on_time / expected.")
    on_time_share: float | None = Field(description="on_time / received; null when nothing was received.")
    median_lateness_ms: int | None = Field(
        description="Median of (first valid receipt - due instant) over what was received, at least 0, in ms."
    )


def rates(obligations: Iterable[ObligationState]) -> Rates:
    """The rates of these obligations."""
    expected = received = on_time = 0
    lateness: list[int] = []
    for held in obligations:
        if held.outcome in _NOT_EXPECTED:
            continue
        expected += 1
        if held.outcome not in _RECEIVED:
            continue
        received += 1
        on_time += held.timeliness == "ON_TIME"
        lateness.append(max(0, (held.first_valid_at_ms or 0) - held.due_at_ms))
    return Rates(
        expected=expected,
        received=received,
        on_time=on_time,
        reporting_rate=_share(received, expected),
        reporting_rate_on_time=_share(on_time, expected),
        on_time_share=_share(on_time, received),
        median_lateness_ms=round(median(lateness)) if lateness else None,
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
