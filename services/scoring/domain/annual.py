"""The annual value of an indicator from the accepted periods of its year, by the indicator's time semantics.

`flow` sums what was accepted, numerators and denominators apart; `stock` and `cumulative_ytd` take the last accepted
period. What has no sum is not summed: of a flow of durations without denominator (mean days a quarter) the mean of the
accepted periods counts, of levels and yes/no the last period. A quotient is `scale * numerator / denominator`.
The same value never hides three meanings:

- `nil` ("nothing to report") is a zero for counts, money, numbers and both parts of a quotient; a duration, a level or
  a yes/no has no zero that means "nothing", so there it carries no value;
- `not_applicable` in every due period leaves the evaluation; beside other periods it only leaves its period;
- nothing accepted is `not_reported` once a period is past due, and `not_due` before;
- a value that was reported as `estimated` in any period that counts makes the year `estimated`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.scoring.domain.cells import Codes, Column, Floats, Ints, Status, blank
from services.scoring.domain.derived import column_of
from shared.plan.model import Indicator

REPORTED, NIL, NOT_APPLICABLE, ESTIMATED = 0, 1, 2, 3
KINDS = {"reported": REPORTED, "nil": NIL, "not_applicable": NOT_APPLICABLE, "estimated": ESTIMATED}
"""What a report says of a value. `estimated` is a reported one that the unit calls its estimate."""

OBSERVED = np.int8(Status.OBSERVED)
NIL_IS_ZERO = frozenset({"ratio", "rate", "count", "money", "number"})


def combination(indicator: Indicator) -> str:
    """How the periods of a year become one: `sum`, `mean` or `last`."""
    if indicator.time != "flow" or indicator.type in ("level", "boolean"):
        return "last"
    return "mean" if indicator.type == "duration" and not indicator.is_quotient else "sum"


@dataclass(frozen=True, slots=True)
class Reported:
    """What was accepted for one indicator: parallel arrays, one entry per (unit, period), in any order.

    `unit` is the position in the cohort, `period_end_ms` orders the periods, `kind` is one of `KINDS`; numbers are NaN
    where the report gives none.
    """

    unit: Ints
    period_end_ms: Ints
    kind: Codes
    value: Floats
    numerator: Floats
    denominator: Floats


def annual(indicator: Indicator, reported: Reported, due: Ints) -> Column:
    """The year's column. `due[i]` says how many periods of the indicator are past due for unit i."""
    one_each = bool(np.all(reported.unit[1:] > reported.unit[:-1]))
    if one_each and _all_said(indicator, reported):
        # By far the most usual case, and the quickest: every entry is a number.
        status = _unsaid(due)
        status[reported.unit] = OBSERVED
        parts = [_spread(reported.unit, part, len(due)) for part in _parts(indicator, reported)]
        return column_of(indicator, status, parts, blanked=True)
    status, parts = (of_one if one_each else of_many)(indicator, reported, due)
    return column_of(indicator, status, parts)


def _all_said(indicator: Indicator, reported: Reported) -> bool:
    return not reported.kind.any() and not any(np.isnan(part).any() for part in _parts(indicator, reported))


def of_one(indicator: Indicator, entries: Reported, due: Ints) -> tuple[Codes, list[Floats]]:
    """Statuses and parts of the year where every unit has one entry at most, in rising order of units."""
    units, kind, parts = len(due), entries.kind, _parts(indicator, entries)
    if kind.any():
        if indicator.type in NIL_IS_ZERO:
            parts = [np.where(kind == np.int8(NIL), 0.0, part) for part in parts]
            said = kind != np.int8(NOT_APPLICABLE)
        else:
            said = (kind == np.int8(REPORTED)) | (kind == np.int8(ESTIMATED))
        said &= ~np.isnan(parts[0])
    else:
        said = ~np.isnan(parts[0])
    for part in parts[1:]:
        said &= ~np.isnan(part)
    status = _unsaid(due)
    found = np.where(said, OBSERVED, status if len(kind) == units else status[entries.unit])
    if kind.any():
        lawful = combination(indicator) == "last" or due[entries.unit] <= 1
        found[(kind == np.int8(NOT_APPLICABLE)) & lawful] = Status.NOT_APPLICABLE
        found[said & (kind == np.int8(ESTIMATED))] = Status.ESTIMATED
    if len(kind) == units:
        return found, parts
    status[entries.unit] = found
    return status, [_spread(entries.unit, part, units) for part in parts]


def _spread(unit: Ints, part: Floats, units: int) -> Floats:
    if len(unit) == units:  # one entry each, in rising order
        return part
    row = blank(units)
    row[unit] = part
    return row


def _unsaid(due: Ints) -> Codes:
    return np.where(due > 0, np.int8(Status.NOT_REPORTED), np.int8(Status.NOT_DUE))


def of_many(indicator: Indicator, reported: Reported, due: Ints) -> tuple[Codes, list[Floats]]:
    """Statuses and parts of the year from any number of entries a unit, in any order."""
    how, units = combination(indicator), len(due)
    entries = _usable(indicator, _sorted(reported))
    if how == "last":
        entries = _last(entries)
    numbered = _take(entries, entries.kind != NOT_APPLICABLE)
    count = np.bincount(numbered.unit, minlength=units)
    periods = np.maximum(count, 1) if how == "mean" else 1
    parts = [_sum(numbered.unit, part, units) / periods for part in _parts(indicator, numbered)]
    exempt = np.bincount(entries.unit[entries.kind == NOT_APPLICABLE], minlength=units)
    if how == "last":
        exempt = np.where(exempt > 0, due + 1, 0)  # the last period speaks for the year
    status = _unsaid(due)
    status[(exempt > 0) & (exempt >= due)] = Status.NOT_APPLICABLE
    status[count > 0] = Status.OBSERVED
    status[numbered.unit[numbered.kind == ESTIMATED]] = Status.ESTIMATED
    return status, parts


def _sorted(reported: Reported) -> Reported:
    return _pick(reported, np.lexsort((reported.period_end_ms, reported.unit)))


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
    said = (entries.kind == REPORTED) | (entries.kind == ESTIMATED)
    for part in _parts(indicator, entries):
        said &= ~np.isnan(part)
    return _take(entries, said | (entries.kind == NOT_APPLICABLE))


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
