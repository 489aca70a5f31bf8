"""Reporting rates, counted from the ledger and nothing else (SEMANTICS S2). Pure.

expected  obligations - waived - not applicable - cancelled (a cancelled one is no longer owed)
received  reports that stand now, nil ones included; a returned report does not
on_time   received, and the first version that passed validation came by the due instant; later revisions do not count

Each counts as its `share`: 1, or under the form's `prorate` policy the part of the period in which the unit existed.
Rates are shares, never capped. A report that stands where nothing is expected would bring one over 1: that is a fault
of the ledger, and is said. Null when nothing is expected.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import fsum
from statistics import median

from pydantic import BaseModel, ConfigDict, Field

from shared.events.obligation import ObligationState

_NOT_EXPECTED = frozenset({"WAIVED", "NOT_APPLICABLE", "CANCELLED"})
_RECEIVED = frozenset({"FULFILLED", "NIL"})
_STANDS = frozenset({"SUBMITTED", "APPROVED", "SEALED"})
OVER_100 = "reporting_rate_over_100"

Amount = int | float


class Dhis2Names(BaseModel):
    """The same figures under the names of DHIS2's data set reports, rates in per cent (and not capped)."""

    model_config = ConfigDict(frozen=True)

    EXPECTED_REPORTS: Amount
    ACTUAL_REPORTS: Amount
    ACTUAL_REPORTS_ON_TIME: Amount
    REPORTING_RATE: float | None
    REPORTING_RATE_ON_TIME: float | None


class Rates(BaseModel):
    """Completeness and timeliness of a set of obligations."""

    model_config = ConfigDict(frozen=True)

    expected: Amount = Field(description="Whole unless a form prorates.")
    received: Amount
    on_time: Amount
    reporting_rate: float | None = Field(description="received / expected; null when nothing is expected.")
    reporting_rate_on_time: float | None = Field(description="on_time / expected.")
    on_time_share: float | None = Field(description="on_time / received; null when nothing was received.")
    median_lateness_ms: int | None = Field(
        description="Median of (first valid receipt - due instant) over what was received, at least 0, in ms."
    )
    waived: int = Field(description="Obligations waived or not applicable: not expected.")
    faults: tuple[str, ...] = Field(
        description=f"What cannot be: `{OVER_100}` when more was received than expected. Empty while all is well."
    )
    dhis2: Dhis2Names


def rates(obligations: Iterable[ObligationState]) -> Rates:
    """The rates of these obligations."""
    expected: list[float] = []
    received: list[float] = []
    on_time: list[float] = []
    lateness: list[int] = []
    waived = 0
    for held in obligations:
        waived += held.outcome in ("WAIVED", "NOT_APPLICABLE")
        if held.outcome not in _NOT_EXPECTED:
            expected.append(held.share)
        if not _is_received(held):
            continue
        received.append(held.share)
        if held.timeliness == "ON_TIME":
            on_time.append(held.share)
        lateness.append(max(0, (held.first_valid_at_ms or 0) - held.due_at_ms))
    return _rates(fsum(expected), fsum(received), fsum(on_time), lateness, waived)


def _is_received(held: ObligationState) -> bool:
    """A report stands: by the outcome, or, where the two disagree, by the report itself."""
    return held.outcome in _RECEIVED or (held.submission is not None and held.submission.state in _STANDS)


def _rates(expected: float, received: float, on_time: float, lateness: list[int], waived: int) -> Rates:
    rate, rate_on_time = _share(received, expected), _share(on_time, expected)
    return Rates(
        expected=_amount(expected),
        received=_amount(received),
        on_time=_amount(on_time),
        reporting_rate=rate,
        reporting_rate_on_time=rate_on_time,
        on_time_share=_share(on_time, received),
        median_lateness_ms=round(median(lateness)) if lateness else None,
        waived=waived,
        faults=(OVER_100,) if received > expected else (),
        dhis2=Dhis2Names(
            EXPECTED_REPORTS=_amount(expected),
            ACTUAL_REPORTS=_amount(received),
            ACTUAL_REPORTS_ON_TIME=_amount(on_time),
            REPORTING_RATE=None if rate is None else 100 * rate,
            REPORTING_RATE_ON_TIME=None if rate_on_time is None else 100 * rate_on_time,
        ),
    )


def _amount(total: float) -> Amount:
    return int(total) if total.is_integer() else total


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
