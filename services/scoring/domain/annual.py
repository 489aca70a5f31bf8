"""The annual value of an indicator from the accepted periods of its year, by the indicator's time semantics.

`flow` sums what was accepted, numerators and denominators apart; `stock` and `cumulative_ytd` take the last accepted
period. What has no sum is not summed: of a flow of durations without denominator (mean days a quarter) the mean of the
accepted periods counts, of levels and yes/no the last period. A quotient is `scale * numerator / denominator`.
The same value never hides three meanings:

- `nil` ("nothing to report") is a zero for counts, money, numbers and both parts of a quotient; a duration, a level or
  a yes/no has no zero that means "nothing", so there it carries no value;
- `not_applicable` in every due period leaves the evaluation; beside other periods it only leaves its period;
- nothing accepted is `not_reported` once a period is past due, and `not_due` before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.scoring.domain.cells import Codes, Column, Floats, Ints, Status, blank
from shared.plan.model import Indicator

REPORTED, NIL, NOT_APPLICABLE = 0, 1, 2
KINDS = {"reported": REPORTED, "nil": NIL, "not_applicable": NOT_APPLICABLE}

NIL_IS_ZERO = frozenset({"ratio", "rate", "count", "money", "number"})


def combination(indicator: Indicator) -> str:
    """How the periods of a year become one: `sum`, `mean` or `last`."""
    if indicator.time != "flow" or indicator.type in ("level", "boolean"):
        return "last"
    return "mean" if indicator.type == "duration" and not indicator.is_quotient else "sum"


@dataclass(frozen=True, slots=True)
class Reported:
    """What was accepted for one indicator: parallel arrays, one entry per (unit, period), in any order.

    `unit` is the position in the cohort, `period_end_ms` orders the periods, `kind` is REPORTED, NIL or NOT_APPLICABLE;
    numbers are NaN where the report gives none.
    """

    unit: Ints
    period_end_ms: Ints
    kind: Codes
    value: Floats
    numerator: Floats
    denominator: Floats


def annual(indicator: Indicator, reported: Reported, due: Ints) -> Column:
    """The year's column. `due[i]` says how many periods of the indicator are past due for unit i."""
    how, units = combination(indicator), len(due)
    entries = _usable(indicator, _sorted(reported))
    if how == "last":
        entries = _last(entries)
    numbered = _take(entries, entries.kind == REPORTED)
    count = np.bincount(numbered.unit, minlength=units)
    periods = np.maximum(count, 1) if how == "mean" else 1
    parts = [_sum(numbered.unit, part, units) / periods for part in _parts(indicator, numbered)]
    exempt = np.bincount(entries.unit[entries.kind == NOT_APPLICABLE], minlength=units)
    if how == "last":
        exempt = np.where(exempt > 0, due + 1, 0)  # the last period speaks for the year
    status = np.where(due > 0, Status.NOT_REPORTED, Status.NOT_DUE).astype(np.int8)
    status[(exempt > 0) & (exempt >= due)] = Status.NOT_APPLICABLE
    status[count > 0] = Status.OBSERVED
    return _column(indicator, status, parts)


def computed(indicator: Indicator, numerator: Floats, denominator: Floats, empty: Status) -> Column:
    """The column of an indicator that the platform counts itself; `empty` where there was nothing to count."""
    status = np.where(denominator > 0, Status.OBSERVED, empty).astype(np.int8)
    return _column(indicator, status, [numerator, denominator])


def _sorted(reported: Reported) -> Reported:
    if bool(np.all(reported.unit[1:] > reported.unit[:-1])):
        return reported  # one period a unit, in order: nothing to sort
    order = np.lexsort((reported.period_end_ms, reported.unit))
    return _pick(reported, order)


def _usable(indicator: Indicator, entries: Reported) -> Reported:
    """Nil as zero where zero means nothing; entries without their numbers carry nothing and are left out."""
    if indicator.type in NIL_IS_ZERO:
        nil = entries.kind == NIL
        entries = Reported(
            entries.unit,
            entries.period_end_ms,
            np.where(nil, REPORTED, entries.kind).astype(np.int8),
            np.where(nil, 0.0, entries.value),
            np.where(nil, 0.0, entries.numerator),
            np.where(nil, 0.0, entries.denominator),
        )
    numbered = (entries.kind == REPORTED) & ~np.any(np.isnan(_parts(indicator, entries)), axis=0)
    return _take(entries, numbered | (entries.kind == NOT_APPLICABLE))


def _parts(indicator: Indicator, entries: Reported) -> list[Floats]:
    return [entries.numerator, entries.denominator] if indicator.is_quotient else [entries.value]


def _take(entries: Reported, mask: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Reported:
    return entries if mask.all() else _pick(entries, np.flatnonzero(mask))


def _pick(entries: Reported, at: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Reported:
    return Reported(
        entries.unit[at],
        entries.period_end_ms[at],
        entries.kind[at],
        entries.value[at],
        entries.numerator[at],
        entries.denominator[at],
    )


def _last(entries: Reported) -> Reported:
    """The last entry of every unit, of entries sorted by unit and period."""
    if len(entries.unit) == 0 or bool(np.all(entries.unit[1:] > entries.unit[:-1])):
        return entries
    return _pick(entries, np.flatnonzero(np.append(entries.unit[1:] != entries.unit[:-1], True)))


def _sum(unit: Ints, part: Floats, units: int) -> Floats:
    return np.bincount(unit, weights=part, minlength=units).astype(np.float64)


def _column(indicator: Indicator, status: Codes, parts: list[Floats]) -> Column:
    observed = status == Status.OBSERVED
    held = [np.where(observed, part, np.nan) for part in parts]
    if not indicator.is_quotient:
        return _believed(indicator, Column(status, held[0], blank(len(status)), blank(len(status))))
    numerator, denominator = held
    status = status.copy()
    status[observed & (denominator == 0)] = _empty(indicator)
    status[observed & (denominator < 0)] = Status.INVALID
    return _believed(
        indicator, Column(status, _quotient(indicator.scale, numerator, denominator), numerator, denominator)
    )


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
    status, value = column.status.copy(), column.value
    observed = status == Status.OBSERVED
    wrong = ~np.isfinite(value)
    if indicator.low is not None:
        wrong |= value < indicator.low
    if indicator.high is not None:
        wrong |= value > indicator.high
    if indicator.type == "ratio" and not indicator.allow_over_100:
        wrong |= column.numerator > column.denominator
    status[observed & wrong] = Status.INVALID
    kept = (status == Status.OBSERVED) | (status == Status.INVALID)
    return Column(status, np.where(kept, value, np.nan), column.numerator, column.denominator)
