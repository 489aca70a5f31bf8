"""Weights from the scores of the reference set (children x units). Only units with every score count.

A child without spread tells nothing and weighs nothing; where nothing can be told all weigh the same.
`pca`: squared loadings of the first component of the correlation matrix (they sum to 1; raw loadings would not).
`entropy`: 1 - the entropy of the child's distribution over the units (Shannon), made to sum to 1.
`balanced`: least sum of (share of correlation - 1 / n) squared over weights >= 0 that sum to 1, where a child's share
is its correlation with the weighted mean of all, as a part of the sum of these (Becker et al. 2017).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from services.scoring.domain.cells import Floats

_STEPS_MAX = 2000
_GOOD = 1e-18
_SPREAD = 1e-12

Derived = tuple[Floats, float | None]


def pca(scores: Floats) -> Derived:
    """Squared loadings, and the share of variance that the first component explains."""
    table, useful = _usable(scores)
    if not useful.any():
        return _equal(scores), None
    values, vectors = np.linalg.eigh(np.atleast_2d(np.corrcoef(table[useful])))
    return _spread(useful, vectors[:, -1] ** 2), float(values[-1] / values.sum())


def entropy(scores: Floats) -> Derived:
    table, useful = _usable(scores)
    if not useful.any():
        return _equal(scores), None
    parts = table[useful] / table[useful].sum(axis=1, keepdims=True)
    logs = np.log(np.where(parts > 0, parts, 1.0))
    told = 1.0 + (parts * logs).sum(axis=1) / np.log(table.shape[1])
    return (_spread(useful, told) if told.sum() > _SPREAD else _equal(scores)), None


def balanced(scores: Floats) -> Derived:
    """Weights, and the attained sum of squared deviations (0: every child has the same share)."""
    table, useful = _usable(scores)
    if not useful.any():
        return _equal(scores), None
    inside = table[useful]
    slopes = np.atleast_2d(np.cov(inside)) / inside.std(axis=1, ddof=1)[:, None]
    best = min((_descend(slopes, start) for start in _starts(slopes)), key=lambda found: found[1])
    return _spread(useful, best[0]), best[1]


SOURCES: dict[str, Callable[[Floats], Derived]] = {"pca": pca, "entropy": entropy, "balanced": balanced}


def _usable(scores: Floats) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    table = scores[:, np.isfinite(scores).all(axis=0)]
    if table.shape[1] < 2:
        return table, np.zeros(len(scores), dtype=bool)
    return table, np.ptp(table, axis=1) > _SPREAD


def _equal(scores: Floats) -> Floats:
    return np.full(len(scores), 1.0 / len(scores))


def _spread(useful: np.ndarray[tuple[int], np.dtype[np.bool_]], weights: Floats) -> Floats:
    found = np.zeros(len(useful))
    found[useful] = weights / weights.sum()
    return found


def _starts(slopes: Floats) -> list[Floats]:
    """Equal weights, and those that would balance exactly where they are allowed (none below 0)."""
    size = len(slopes)
    exact = np.linalg.lstsq(slopes, np.ones(size), rcond=None)[0]
    starts = [np.full(size, 1.0 / size)]
    if exact.sum() > 0:
        starts.append(_onto_simplex(exact / exact.sum()))
    return starts


def _deviation(slopes: Floats, weights: Floats) -> tuple[float, Floats]:
    """Sum of squared deviations of the shares of correlation from equal ones, and its gradient."""
    pull = slopes @ weights
    whole = pull.sum()
    if whole <= _SPREAD:
        return np.inf, np.zeros(len(weights))
    off = pull / whole - 1.0 / len(weights)
    gradient = 2.0 * (slopes.T @ off / whole - slopes.sum(axis=0) * (off @ pull) / whole**2)
    return float(off @ off), gradient


def _descend(slopes: Floats, weights: Floats) -> tuple[Floats, float]:
    """Projected gradient with step halving; never ends above where it began."""
    value, gradient = _deviation(slopes, weights)
    step = 1.0
    for _ in range(_STEPS_MAX):
        if value <= _GOOD or step < _GOOD:
            break
        trial = _onto_simplex(weights - step * gradient)
        reached, slope = _deviation(slopes, trial)
        if reached < value:
            weights, value, gradient, step = trial, reached, slope, step * 2.0
        else:
            step /= 2.0
    return weights, value


def _onto_simplex(point: Floats) -> Floats:
    """The nearest weights >= 0 that sum to 1 (Duchi et al. 2008)."""
    falling = np.sort(point)[::-1]
    excess = (np.cumsum(falling) - 1.0) / np.arange(1, len(point) + 1)
    return np.asarray(np.maximum(point - excess[np.flatnonzero(falling > excess)[-1]], 0.0))
