"""Aggregation of children into a node: points, weighted arithmetic mean, weighted geometric mean.

What is not applicable leaves numerator and denominator. What is missing follows the plan's policy: `zero` counts as 0,
`reweight` is left out where enough weight remains (`min_coverage`, tolerance 1e-12), `missing` voids the node.
Children of weight 0 are shown and not counted. A geometric mean with a zero is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from services.scoring.domain.cells import Bools, Floats

TOLERANCE = 1e-12
Aggregate = Literal["points", "arithmetic", "geometric"]
Missing = Literal["zero", "reweight", "missing"]


@dataclass(frozen=True, slots=True)
class Child:
    """A leaf or a node as its parent counts it: one entry per unit.

    `whole` is its weight where it applies, `counted` its weight where its score counts (both in points under a points
    parent), `earned` is counted weight times score. `score` is NaN where it has none. `coverage` is in [0, 1].
    """

    code: str
    score: Floats
    whole: Floats
    counted: Floats
    earned: Floats
    coverage: Floats


@dataclass(frozen=True, slots=True)
class Combined:
    """A node for every unit. `applicable` is False where nothing inside applies; `score` is NaN where it has none."""

    score: Floats
    applicable: Bools
    coverage: Floats
    earned: Floats
    counted: Floats
    whole: Floats


def leaf(code: str, weight: float, *, share: Floats, applicable: Bools, missing: Missing) -> Child:
    """An indicator as a child: a missing share counts 0 under `zero`, is absent otherwise."""
    has = np.isfinite(share)
    score = np.where(applicable & ~has, 0.0, share) if missing == "zero" else share
    whole = np.where(applicable, weight, 0.0)
    return _child(code, score, whole, coverage=has.astype(np.float64))


def mean_child(code: str, weight: float, node: Combined) -> Child:
    """A node as the child of a mean (or a mean as the child of points): counts with its own weight."""
    return _child(code, node.score, np.where(node.applicable, weight, 0.0), coverage=node.coverage)


def points_child(code: str, node: Combined) -> Child:
    """A points node as the child of points: its points simply add to the parent's."""
    return Child(code, node.score, node.whole, node.counted, node.earned, node.coverage)


def _child(code: str, score: Floats, whole: Floats, *, coverage: Floats) -> Child:
    has = np.isfinite(score) & (whole > 0)
    counted = np.where(has, whole, 0.0)
    return Child(code, score, whole, counted, np.where(has, counted * score, 0.0), coverage)


def combine(kind: Aggregate, children: Sequence[Child], *, missing: Missing, min_coverage: float) -> Combined:
    """The node of these children, in their order. At least one child."""
    whole = _total([child.whole for child in children])
    counted = _total([child.counted for child in children])
    earned = _total([child.earned for child in children])
    present = _total([np.where(child.counted > 0, child.whole, 0.0) for child in children])
    covered = _total([child.whole * child.coverage for child in children])
    applicable = whole > 0
    rated = (counted > 0) & _enough(missing, present, whole, min_coverage)
    score = np.where(rated, _clamped(_MEANS[kind](children, earned, counted), children), np.nan)
    return Combined(
        score=score,
        applicable=applicable,
        coverage=np.where(applicable, covered / np.where(applicable, whole, 1.0), 0.0),
        earned=np.where(rated, earned, 0.0),
        counted=np.where(rated, counted, 0.0),
        whole=whole,
    )


def _total(rows: Sequence[Floats]) -> Floats:
    """Sum in declared order: the same for every unit, whoever else is in the cohort."""
    total = rows[0].copy()
    for row in rows[1:]:
        total += row
    return total


def _enough(missing: Missing, present: Floats, whole: Floats, min_coverage: float) -> Bools:
    least = 1.0 if missing == "missing" else min_coverage if missing == "reweight" else 0.0
    return present >= whole * (least - TOLERANCE)


def _arithmetic(_children: Sequence[Child], earned: Floats, counted: Floats) -> Floats:
    return earned / np.where(counted > 0, counted, 1.0)


def _geometric(children: Sequence[Child], _earned: Floats, counted: Floats) -> Floats:
    return np.where(_has_zero(children), 0.0, np.exp(log_mean(children, counted)))


def log_mean(children: Sequence[Child], counted: Floats) -> Floats:
    """Weighted mean of the logarithms of the counted scores; zeros are left out (their node is 0)."""
    logs = [child.counted * np.log(np.where(_positive(child), child.score, 1.0)) for child in children]
    return _total(logs) / np.where(counted > 0, counted, 1.0)


def _positive(child: Child) -> Bools:
    return (child.counted > 0) & (child.score > 0)


def _has_zero(children: Sequence[Child]) -> Bools:
    return np.asarray(np.any([(child.counted > 0) & (child.score <= 0) for child in children], axis=0))


def _clamped(score: Floats, children: Sequence[Child]) -> Floats:
    """Within the smallest and largest child: removes excursions of one unit in the last place."""
    low = np.min([np.where(child.counted > 0, child.score, np.inf) for child in children], axis=0)
    high = np.max([np.where(child.counted > 0, child.score, -np.inf) for child in children], axis=0)
    return np.asarray(np.maximum(np.minimum(score, high), low))


_MEANS: dict[str, Callable[[Sequence[Child], Floats, Floats], Floats]] = {
    "points": _arithmetic,
    "arithmetic": _arithmetic,
    "geometric": _geometric,
}
