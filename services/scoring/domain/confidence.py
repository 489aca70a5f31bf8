"""How far the score of a unit rests on what was reported: shown beside the score, never mixed into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from services.scoring.domain.cells import Codes, Floats, Ints, Status
from services.scoring.domain.contributions import effective
from services.scoring.domain.tree import Node
from shared.plan.groups import Confidence

GRADES = "ABCD"
NO_GRADE = -1
_NOISE = 1e-12


@dataclass(frozen=True, slots=True)
class Confident:
    """Per unit: q in [0, 1] (NaN where nothing applies) and the position of its grade in `GRADES` (NO_GRADE then)."""

    value: Floats
    grade: Ints


def confidence(
    index: Node, status: Mapping[str, Codes], rules: Confidence, *, age: Mapping[str, Ints] | None = None
) -> Confident:
    """q = sum of effective weight x worth of the cell, over the leaves that apply to the unit.

    A carried value is worth `carried_a_year` to the power of its age in years (1 where `age` does not say).
    """
    worth = _worth(rules)
    weights = effective(index, of_all=True)
    value = np.zeros(len(index.combined.score))
    for code, row in status.items():
        cell = worth[row]
        if age is not None and code in age:
            cell = np.where(row == Status.CARRIED, rules.carried_a_year ** np.maximum(age[code], 1), cell)
        value += weights[code] * cell
    value = np.where(index.combined.applicable, np.minimum(value, 1.0), np.nan)
    limits = np.array(rules.grades[::-1]) - _NOISE
    grade = len(limits) - np.searchsorted(limits, value, side="right")
    return Confident(value, np.where(np.isfinite(value), grade, NO_GRADE).astype(np.int64))


def _worth(rules: Confidence) -> Floats:
    worth = np.zeros(len(Status))
    worth[Status.OBSERVED], worth[Status.ESTIMATED] = rules.observed, rules.estimated
    worth[Status.IMPUTED], worth[Status.CARRIED] = rules.imputed, rules.carried_a_year
    return worth
