"""Weights of the children of a node: as declared, judged by experts, or from data; and what a leaf counts in all.

Weights from data are taken from the reference set once and frozen with it (`Reference.weights`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.scoring.domain import data_weights
from services.scoring.domain.cells import Floats
from shared.plan.groups import BudgetAllocation, Combination, Equal, FromData, PairwiseComparison, WeightSet
from shared.plan.pairwise import judged


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of the children in their order, by the children's codes.

    `kind` is where they come from. `attained` is the figure of merit of that source: the sum of squared deviations for
    `balanced`, the consistency ratio for `pairwise`, the share of variance of the first component for `pca`.
    """

    kind: str
    values: Mapping[str, float]
    attained: float | None = None
    from_data: bool = False
    frozen: bool = False


def weights_of(
    spec: Combination,
    declared: Mapping[str, float],
    counting: Sequence[str],
    scores: Mapping[str, Floats],
    frozen: Mapping[str, float] | None,
) -> Weights:
    """The weights of one node.

    `declared` are all children with the weights that stand at them; `counting` those that a source other than
    `manual` gives weights to (informational ones have none); `scores` their scores, NaN where none.
    """
    source = spec.weighting
    if isinstance(source, FromData):
        return _from_data(source, declared, counting, scores, frozen)
    if isinstance(source, Equal):
        return Weights("equal", _only(declared, counting, [1.0] * len(counting)))
    if isinstance(source, BudgetAllocation):
        return Weights("budget_allocation", _only(declared, counting, mean_points(source)))
    if isinstance(source, PairwiseComparison):
        found = judged(counting, source.comparisons)
        return Weights("pairwise", _only(declared, counting, found.weights), found.inconsistency)
    return Weights("manual", declared)


def _only(declared: Mapping[str, float], counting: Sequence[str], values: Sequence[float]) -> dict[str, float]:
    found = dict(zip(counting, values, strict=True))
    return {code: found.get(code, 0.0) for code in declared}


def _from_data(
    source: FromData,
    declared: Mapping[str, float],
    counting: Sequence[str],
    scores: Mapping[str, Floats],
    frozen: Mapping[str, float] | None,
) -> Weights:
    if frozen is not None:
        values = {code: frozen.get(code, 0.0) for code in declared}
        return Weights(source.kind, values, from_data=True, frozen=True)
    derived, attained = data_weights.SOURCES[source.kind](np.array([scores[code] for code in counting]))
    return Weights(source.kind, _only(declared, counting, derived.tolist()), attained, from_data=True)


def mean_points(source: BudgetAllocation) -> list[float]:
    """The mean of the experts' points, child by child."""
    return [math.fsum(column) / len(column) for column in zip(*(one.points for one in source.experts), strict=True)]


def dispersion(source: BudgetAllocation) -> list[float]:
    """The standard deviation (n - 1) of the experts' points, child by child; 0 of a single expert."""
    columns = list(zip(*(one.points for one in source.experts), strict=True))
    means = mean_points(source)
    below = max(len(source.experts) - 1, 1)
    return [
        math.sqrt(math.fsum((x - mean) ** 2 for x in column) / below)
        for column, mean in zip(columns, means, strict=True)
    ]


def rows_of(
    values: Mapping[str, float],
    sets: Sequence[WeightSet],
    peer_groups: Sequence[str],
    peer: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> dict[str, float | Floats]:
    """The weight of every child: one number, or one for each unit where a set gives its peer group another."""
    found: dict[str, float | Floats] = {}
    for code, weight in values.items():
        own = {group: one.weights[code] for one in sets for group in one.peer_groups if code in one.weights}
        found[code] = weight
        if own:
            found[code] = np.array([own.get(group, weight) for group in peer_groups], dtype=np.float64)[peer]
    return found
