"""Variance-based sensitivity indices of any function of independent choices.

Both indices by Jansen (1999): S_i = 1 - E[(y_B - y_ABi)^2] / 2V, the share of the variance that choice i explains
alone; S_Ti = E[(y_A - y_ABi)^2] / 2V, the share that would remain if all but i were fixed. Bootstrap over rows, all
estimators on the same resample. Design and estimators: Saltelli et al. (2010), Computer Physics Communications 181,
259-270.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from services.scoring.domain.analysis.draws import Draws
from services.scoring.domain.analysis.sobol_points import sobol_points
from services.scoring.domain.cells import Floats

BOOTSTRAPS = 200
BOOTSTRAP_STREAM = 1 << 25
FLAT = 1e-18
"""A variance below this is none: nothing to share out."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Indices of every factor with their 90 % bootstrap intervals: arrays over factors."""

    first: Floats
    total: Floats
    first_low: Floats
    first_high: Floats
    total_low: Floats
    total_high: Floats
    variance: float


def jansen(a: Floats, b: Floats, ab: Floats) -> tuple[Floats, Floats, float]:
    """(S_i, S_Ti, V) of outputs: a, b (N), ab (d x N). Indices are NaN where V is nothing."""
    both = np.concatenate((a, b))
    variance = float(both.var())
    if variance < FLAT:
        nothing = np.full(len(ab), np.nan)
        return nothing, nothing, variance
    first = 1.0 - ((b - ab) ** 2).mean(axis=1) / (2.0 * variance)
    total = ((a - ab) ** 2).mean(axis=1) / (2.0 * variance)
    return first, total, variance


def estimate(a: Floats, b: Floats, ab: Floats, draws: Draws) -> Estimate:
    """Jansen's indices with bootstrap intervals over rows."""
    first, total, variance = jansen(a, b, ab)
    again = []
    for number in range(BOOTSTRAPS):
        rows = draws.below(number, np.full(len(a), len(a)), stream=BOOTSTRAP_STREAM)
        again.append(jansen(a[rows], b[rows], ab[:, rows])[:2])
    firsts, totals = np.array([one for one, _ in again]), np.array([other for _, other in again])
    low, high = (np.quantile(np.stack((firsts, totals)), p, axis=1) for p in (0.05, 0.95))
    return Estimate(first, total, low[0], high[0], low[1], high[1], variance)


def design(function: Callable[[Floats], Floats], *, factors: int, rows: int, draws: Draws) -> Estimate:
    """Indices of any function of points (n x factors, in the unit cube) to numbers (n)."""
    points = sobol_points(rows, 2 * factors, draws)
    a, b = points[:, :factors], points[:, factors:]
    mixed = np.array([function(swapped(a, b, factor)) for factor in range(factors)])
    return estimate(function(a), function(b), mixed, draws)


def swapped(a: Floats, b: Floats, factor: int) -> Floats:
    """A with one column of B."""
    found = a.copy()
    found[:, factor] = b[:, factor]
    return found
