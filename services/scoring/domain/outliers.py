"""Outliers of a row of values in rising order: do they matter, and what is done about them.

A row passes while |G1| < 2 or G2 < 3.5 (sample skewness and excess kurtosis, as spreadsheets compute them). One that
does not is winsorised point by point, on the side that it is skewed to, up to max(5, 1 % of n) points and never more
than half of them. Where that is not enough it is logged instead: ln(x - min + 0.01 R), or its mirror image where the
long tail is below, R being the range. The rules are those of COINr, with a limit that grows with n.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from services.scoring.domain.cells import Floats

SKEWNESS_MAX, KURTOSIS_MAX = 2.0, 3.5
POINTS_MIN, POINTS_SHARE = 5, 0.01
SIZE_MIN = 4
"""Of fewer values the kurtosis has no meaning: they are left as they are, and flagged."""


@dataclass(frozen=True, slots=True)
class Tails:
    """Sums of powers 1 to 4 of a sorted row about its median: of its core, and of its tails growing outwards."""

    row: Floats
    limit: int
    core: Floats
    low: Floats
    high: Floats


def treated(values: Floats) -> dict[str, float]:
    """Posts of sorted values: `low`, `high`, `bend` (1 or -1 where logged, else 0), and what was done.

    Also `skewness` and `kurtosis` before, `winsorised_low` and `winsorised_high` points, `untreated` 1 where too few or
    equal values leave nothing to decide by.
    """
    low, high = float(values[0]), float(values[-1])
    if len(values) < SIZE_MIN or low == high:
        return {"low": low, "high": high, "bend": 0.0, "untreated": 1.0}
    centre = float(values[len(values) // 2])
    tails = _tails(values / 2 - centre / 2)
    first = _shape(tails, 0, 0)
    below = above = 0
    skewness, kurtosis = first
    while not passes(skewness, kurtosis) and below + above < tails.limit:
        below, above = (below, above + 1) if skewness >= 0 else (below + 1, above)
        skewness, kurtosis = _shape(tails, below, above)
    done = passes(skewness, kurtosis)
    below, above = (below, above) if done else (0, 0)
    return {
        "low": float(values[below]),
        "high": float(values[len(values) - 1 - above]),
        "bend": 0.0 if done else math.copysign(1.0, first[0]),
        "skewness": first[0],
        "kurtosis": first[1],
        "winsorised_low": float(below),
        "winsorised_high": float(above),
    }


def bent(share: Floats, bend: float | Floats) -> Floats:
    """The share on the logged scale, of the share on the plain one: ln(x - min + 0.01 R) between the same posts."""
    if not np.any(bend):
        return share
    above = np.log1p(100.0 * share) / math.log(101.0)
    below = 1.0 - np.log1p(100.0 * (1.0 - share)) / math.log(101.0)
    return np.asarray(np.where(np.equal(bend, 0), share, np.where(np.greater(bend, 0), above, below)))


def passes(skewness: float, kurtosis: float) -> bool:
    return abs(skewness) < SKEWNESS_MAX or kurtosis < KURTOSIS_MAX


def _tails(row: Floats) -> Tails:
    """Scaled to [-1, 1], so that fourth powers fit. Only additions of like signs: large tails wipe out no core."""
    row = row / float(np.max(np.abs(row)))
    n = len(row)
    limit = min(max(POINTS_MIN, int(POINTS_SHARE * n)), (n - 1) // 2)
    return Tails(
        row,
        limit,
        _powers(row[limit : n - limit]).sum(axis=1),
        _cumulated(row[:limit][::-1]),
        _cumulated(row[n - limit :]),
    )


def _powers(row: Floats) -> Floats:
    square = row * row
    return np.array([row, square, square * row, square * square])


def _cumulated(row: Floats) -> Floats:
    """Sums of the powers of the first 0, 1, 2, ... entries."""
    return np.concatenate([np.zeros((4, 1)), np.cumsum(_powers(row), axis=1)], axis=1)


def _shape(tails: Tails, below: int, above: int) -> tuple[float, float]:
    """(G1, G2) once so many points at each end have the value of the nearest one left; NaN when all are then equal.

    Winsorising must not wipe out every difference: such a row is logged.
    """
    n, left = len(tails.row), tails.limit
    ends = tails.row[[below, n - 1 - above]]
    sums = tails.core + tails.low[:, left - below] + tails.high[:, left - above] + _powers(ends) @ (below, above)
    one, two, three, four = (float(total) / n for total in sums)
    m2 = two - one * one
    m3 = three - 3 * one * two + 2 * one**3
    m4 = four - 4 * one * three + 6 * one * one * two - 3 * one**4
    if not m2 > 0:
        return math.nan, math.nan
    skewness = math.sqrt(n * (n - 1)) / (n - 2) * m3 / m2**1.5
    kurtosis = ((n + 1) * (m4 / (m2 * m2) - 3) + 6) * (n - 1) / ((n - 2) * (n - 3))
    return skewness, kurtosis
