"""Derived values: a column from statuses and parts, quotients over nothing or too few, shrinkage, what is believed.

A quotient is `scale * numerator / denominator`, numerators and denominators being those of the year. No denominator
gives no number, neither 0 nor infinity; one of less than `min_denominator` is `suppressed`: shown, never scored.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from services.scoring.domain.cells import Codes, Column, Floats, Status, is_reported, nothing
from shared.plan.model import Indicator


def column_of(indicator: Indicator, status: Codes, parts: list[Floats], *, blanked: bool = False) -> Column:
    """The column of these parts: the value, or numerator and denominator. Parts count where the status is reported.

    `blanked`: they are NaN everywhere else already.
    """
    reported = is_reported(status)
    held = parts if blanked or reported.all() else [np.where(reported, part, np.nan) for part in parts]
    if not indicator.is_quotient:
        return _believed(indicator, Column(status, held[0], nothing(len(status)), nothing(len(status))))
    numerator, denominator = held
    status, flags = status.copy(), {}
    if indicator.min_denominator > 0:
        status[denominator < indicator.min_denominator] = Status.SUPPRESSED
    if indicator.small_denominator > 0:
        flags["small_denominator"] = (denominator < indicator.small_denominator) & (denominator > 0)
    status[denominator == 0] = _empty(indicator)
    status[denominator < 0] = Status.INVALID
    value = _quotient(indicator.scale, numerator, denominator)
    return _believed(indicator, Column(status, value, numerator, denominator, flags))


def computed(indicator: Indicator, numerator: Floats, denominator: Floats, empty: Status) -> Column:
    """The column of an indicator that the platform counts itself; `empty` where there was nothing to count."""
    status = np.where(denominator > 0, Status.OBSERVED, empty).astype(np.int8)
    return column_of(indicator, status, [numerator, denominator])


def shrunk(indicator: Indicator, column: Column, frozen: float | None) -> tuple[Column, float | None]:
    """Quotients pulled to that of everybody together: scale (a + m mean) / (b + m), m being `shrink_by`; and that mean.

    `frozen` is the mean of the last final edition, where there is one. None and the column as it is without
    `shrink_by`, or where nobody has a quotient.
    """
    reported = is_reported(column.status)
    if indicator.shrink_by == 0 or not reported.any():
        return column, None
    m, mean = indicator.shrink_by, frozen
    if mean is None:  # in rising order, so that the order of units changes no number
        mean = float(np.sort(column.numerator[reported]).sum() / np.sort(column.denominator[reported]).sum())
    pulled = indicator.scale * ((column.numerator + m * mean) / (column.denominator + m))
    flags = {**column.flags, "shrunk": reported}
    return replace(column, value=np.where(reported, pulled, column.value), flags=flags), mean


def _empty(indicator: Indicator) -> Status:
    """No denominator gives no number: never zero, never infinity."""
    lawful = indicator.empty_denominator == "not_applicable" or indicator.computed_by != "form"
    return Status.NOT_APPLICABLE if lawful else Status.SUPPRESSED


def _quotient(scale: float, numerator: Floats, denominator: Floats) -> Floats:
    """scale * numerator / denominator, multiplied first because 100 * 7 / 100 is 7; divided first on overflow."""
    below = np.where(denominator > 0, denominator, np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = numerator * scale
        quotient = np.where(np.isfinite(scaled), scaled / below, numerator / below * scale)
    return np.asarray(quotient, dtype=np.float64)


def _believed(indicator: Indicator, column: Column) -> Column:
    """Out-of-domain values become `invalid`: shown, never scored."""
    status, value = column.status, column.value
    reported = is_reported(status)
    wrong = ~np.isfinite(value)
    if indicator.low is not None:
        wrong |= value < indicator.low
    if indicator.high is not None:
        wrong |= value > indicator.high
    if indicator.type == "ratio" and not indicator.allow_over_100:
        wrong |= column.numerator > column.denominator
    wrong &= reported
    if not wrong.any():
        return column
    return replace(column, status=np.where(wrong, np.int8(Status.INVALID), status))
