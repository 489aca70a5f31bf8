"""What takes the place of a value that was not reported, as the plan's missing policies say.

`carry`, `group_mean`, `group_median` and `linear` put a raw value in place before it is scored, `floor` a share after.
No post and no mean is ever taken from such a cell, and it is marked: `carried`, or `imputed`. `zero`, `reweight`,
`missing` and `void` put nothing in place; the tree treats them. Where nothing can be put in place (nobody reported, no
earlier year) the cell stays missing, is flagged `unfilled`, and is left out where enough remains.

A value that was refused (`invalid`) or has no denominator (`suppressed`) is replaced as well, and flagged: reporting
rubbish must not be worth more than reporting nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from services.scoring.domain.cells import (
    Bools,
    Codes,
    Column,
    Floats,
    Ints,
    Status,
    blank,
    is_missing,
    is_reported,
)
from services.scoring.domain.methods_compared import percentile_of
from shared.plan.base import MissingPolicy
from shared.plan.model import Group, Indicator, Plan

RAW = frozenset({"carry", "group_mean", "group_median", "linear"})
"""Policies that put a raw value in place."""
LINE_YEARS_MIN = 2


@dataclass(frozen=True, slots=True)
class History:
    """Final values of earlier years. `values`: indicator -> one row per year of `years`, one column per unit of the
    cohort, NaN where there is none. Values are in the indicator's unit of measure."""

    years: tuple[int, ...] = ()
    values: Mapping[str, Floats] = field(default_factory=dict)

    def before(self, indicator: str, year: int, years_max: int) -> Iterator[tuple[int, Floats]]:
        """(year, row) of the years that may be looked back on, newest first."""
        rows = self.values.get(indicator)
        for at in sorted(range(len(self.years)), key=lambda at: -self.years[at]) if rows is not None else ():
            if year - years_max <= self.years[at] < year:
                assert rows is not None
                yield self.years[at], rows[at]


@dataclass(frozen=True, slots=True)
class Gaps:
    """What a policy works with: the year, what is known of earlier ones, who is whose peer."""

    policy: MissingPolicy
    year: int
    years_max: int
    history: History
    peer: Ints
    peers: int


def policies(plan: Plan) -> dict[str, MissingPolicy]:
    """Indicator -> the policy that holds for it: its own, else that of the nearest group with one, else the plan's."""
    found: dict[str, MissingPolicy] = {}

    def walk(group: Group, above: MissingPolicy) -> None:
        here = group.missing or above
        for indicator in group.indicators:
            found[indicator.code] = indicator.missing or here
        for child in group.groups:
            walk(child, here)

    for group in plan.groups:
        walk(group, plan.scoring.missing)
    return found


def filled(indicator: Indicator, column: Column, gaps: Gaps) -> tuple[Column, Ints | None]:
    """The column with values in place of missing ones, and the age in years of each carried cell (0: not carried)."""
    if gaps.policy not in RAW:
        return column, None
    missing = replaceable(indicator, column.status, column.denominator)
    if not missing.any():
        return column, None
    candidate, age = _candidates(indicator, column, gaps)
    got = missing & np.isfinite(candidate) & _believed(indicator, candidate)
    status, flags = column.status.copy(), dict(column.flags)
    status[got] = Status.CARRIED if gaps.policy == "carry" else Status.IMPUTED
    flags |= marks(column.status, missing, got)
    value = np.where(got, candidate, column.value)
    parts = [np.where(got, np.nan, part) for part in (column.numerator, column.denominator)]
    made = replace(column, status=status, value=value, numerator=parts[0], denominator=parts[1], flags=flags)
    return made, None if age is None else np.where(got, age, 0)


def too_few(indicator: Indicator, status: Codes, denominator: Floats) -> Bools:
    """Suppressed because of a denominator below `min_denominator`: it leaves the evaluation and nothing replaces it."""
    if indicator.min_denominator == 0:
        return np.zeros(len(status), dtype=bool)
    return np.asarray((status == Status.SUPPRESSED) & (denominator > 0))


def replaceable(indicator: Indicator, status: Codes, denominator: Floats) -> Bools:
    """Missing cells that a policy may put something in place of."""
    return np.asarray(is_missing(status) & ~too_few(indicator, status, denominator))


def marks(status: Codes, missing: Bools, got: Bools) -> dict[str, Bools]:
    """Flags of replaced cells and of those for which there was nothing to put in place."""
    return {
        "unfilled": missing & ~got,
        "was_invalid": got & (status == Status.INVALID),
        "was_suppressed": got & (status == Status.SUPPRESSED),
    }


def floor_share(status: Codes, share: Floats, percent: float) -> float | None:
    """The share that `floor` puts in place: a percentile (type 7) of those reported; None when nobody reported."""
    reported = np.sort(share[is_reported(status)])
    return percentile_of(reported, percent) if len(reported) else None


def _candidates(indicator: Indicator, column: Column, gaps: Gaps) -> tuple[Floats, Ints | None]:
    if gaps.policy == "carry":
        return _carried(indicator, gaps, len(column.value))
    if gaps.policy == "linear":
        return _on_the_line(indicator, gaps, len(column.value)), None
    of_group = np.full(max(gaps.peers, 1), np.nan)
    reported = is_reported(column.status)
    for peer in range(gaps.peers):
        members = reported & (gaps.peer == peer)
        if members.any():
            of_group[peer] = _typical(indicator, column, members, gaps.policy)
    return of_group[gaps.peer], None


def _typical(indicator: Indicator, column: Column, members: Bools, policy: MissingPolicy) -> float:
    """The median, or the mean; of quotients the mean is the sum of numerators over the sum of denominators."""
    if policy == "group_median":
        return percentile_of(np.sort(column.value[members]), 50.0)
    if indicator.is_quotient:
        pooled = pooled_ratio(column, members)
        return np.nan if pooled is None else indicator.scale * pooled
    row = np.sort(column.value[members])
    top = max(abs(float(row[0])), abs(float(row[-1]))) or 1.0
    return float((row / top).sum() / len(row)) * top


def pooled_ratio(column: Column, members: Bools) -> float | None:
    """Sum of numerators over sum of denominators, summed in rising order; None without a denominator."""
    numerator = float(np.sort(column.numerator[members]).sum())
    denominator = float(np.sort(column.denominator[members]).sum())
    return numerator / denominator if denominator > 0 else None


def _carried(indicator: Indicator, gaps: Gaps, units: int) -> tuple[Floats, Ints]:
    value, age = blank(units), np.zeros(units, dtype=np.int64)
    for year, row in gaps.history.before(indicator.code, gaps.year, gaps.years_max):
        first = np.isnan(value) & np.isfinite(row)
        value[first], age[first] = row[first], gaps.year - year
    return value, age


def _on_the_line(indicator: Indicator, gaps: Gaps, units: int) -> Floats:
    """Least squares through each unit's own earlier years, at this year; kept within what is believed."""
    rows = list(gaps.history.before(indicator.code, gaps.year, gaps.years_max))
    n, t, y, tt, ty = (np.zeros(units) for _ in range(5))
    for year, row in rows:
        there = np.isfinite(row)
        ago, value = float(year - gaps.year), np.where(there, row, 0.0)
        n, t, tt = n + there, t + there * ago, tt + there * ago * ago
        y, ty = y + value, ty + value * ago
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        slope = (n * ty - t * y) / (n * tt - t * t)
        at_this_year = (y - slope * t) / n  # this year is the origin
    found = np.where(n >= LINE_YEARS_MIN, at_this_year, np.nan)
    return np.clip(found, *_bounds(indicator))


def _bounds(indicator: Indicator) -> tuple[float, float]:
    low = -np.inf if indicator.low is None else indicator.low
    high = np.inf if indicator.high is None else indicator.high
    if indicator.is_quotient:
        low = max(low, 0.0)
    if indicator.type == "ratio" and not indicator.allow_over_100:
        high = min(high, indicator.scale)
    return low, max(low, high)


def _believed(indicator: Indicator, value: Floats) -> Bools:
    """A value of an earlier year may be outside of what this year's plan believes."""
    low, high = (indicator.low, indicator.high)
    return (value >= (-np.inf if low is None else low)) & (value <= (np.inf if high is None else high))
