"""The change of an index by indicator: how much comes from scoring otherwise, how much from counting otherwise.

An index is the sum of contributions k = w * s, w the effective weight and s the score (under a geometric mean the
exact log share k / w stands for it). Between two evaluations, with midpoints w~ and s~,
dk = w~ * ds + s~ * dw exactly: performance, and weight or coverage. What counts on one side only came or went with its
weight, so its whole contribution is an effect of weight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from services.scoring.domain.contributions import contributions, effective
from services.scoring.domain.evaluate import Evaluation


@dataclass(frozen=True, slots=True)
class Part:
    """One indicator on one side: what it weighed and what it brought to the index."""

    weight: float
    brought: float


@dataclass(frozen=True, slots=True)
class Effect:
    """One indicator's share of a change of the index: `performance + weight` is what it moved."""

    code: str
    before: Part
    after: Part
    performance: float
    weight: float


NOTHING = Part(0.0, 0.0)


def parts(evaluation: Evaluation, unit: str) -> dict[str, Part]:
    """Indicator -> its part in the unit's index. KeyError when the unit is not in the cohort."""
    at = evaluation.cohort.position[unit]
    weights, brought = effective(evaluation.index), contributions(evaluation.index)
    return {code: Part(float(weights[code][at]), float(brought[code][at])) for code in evaluation.leaves}


def effects(before: dict[str, Part], after: dict[str, Part]) -> list[Effect]:
    """Every indicator of either side, in the order of `after`, then those that are gone."""
    codes = [*after, *(code for code in before if code not in after)]
    return [effect(code, before.get(code, NOTHING), after.get(code, NOTHING)) for code in codes]


def effect(code: str, before: Part, after: Part) -> Effect:
    """The midpoint decomposition of one indicator's move."""
    weight = _midpoint_score(before, after) * (after.weight - before.weight)
    return Effect(code, before, after, performance=(after.brought - before.brought) - weight, weight=weight)


def _midpoint_score(before: Part, after: Part) -> float:
    """Mean of the two scores; the only one there is where it counts on one side only."""
    scores = [part.brought / part.weight for part in (before, after) if part.weight > 0]
    return math.fsum(scores) / len(scores) if scores else 0.0


def index_of(evaluation: Evaluation, unit: str) -> float | None:
    """The unrounded index; None where the unit is not in the cohort or not rated."""
    at = evaluation.cohort.position.get(unit)
    if at is None or math.isnan(float(evaluation.full[at])):
        return None
    return float(evaluation.full[at])
