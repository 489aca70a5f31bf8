"""One indicator of one unit: inputs, annual value, what it was held against, share, points, and the plain sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.scoring.domain.cells import Status
from services.scoring.domain.evaluate import Evaluation, Leaf
from services.scoring.domain.explain.plain import plain
from services.scoring.domain.explain.posts import posts
from services.scoring.domain.summary import leaf_points
from services.scoring.domain.wording import annual_words, flag_words, reason_words, sentence, share_formula
from shared.plan.model import Indicator


@dataclass(frozen=True, slots=True)
class Counts:
    """What an indicator or group is to the index of one unit: its effective weight, what it brings, what it loses."""

    weight: float
    contribution: float
    lost: float


def indicator_row(evaluation: Evaluation, leaf: Leaf, at: int, counts: Counts) -> dict[str, Any]:
    """One indicator as JSON values."""
    indicator, status = leaf.indicator, Status(int(leaf.status[at]))
    rows = [leaf.column.value, leaf.column.numerator, leaf.column.denominator]
    value, numerator, denominator = (float(row[at]) for row in rows)
    points, points_max = (plain(row, 0) for row in leaf_points(evaluation, leaf, np.array([at])))
    return {
        "code": indicator.code,
        "group": leaf.group,
        "names": indicator.names.model_dump(),
        "measure": indicator.measure,
        "status": status.label,
        "reason": reason_words(status, denominator=denominator, least=indicator.min_denominator),
        "flags": [{"code": name, **flag_words(name)} for name, mask in leaf.flags.items() if mask[at]],
        "time": indicator.time,
        "value": plain(rows[0], at),
        "numerator": plain(rows[1], at),
        "denominator": plain(rows[2], at),
        "value_formula": None if math.isnan(value) else annual_words(indicator, value, numerator, denominator),
        "target": plain(leaf.target, at),
        "target_of": _target_of(indicator, evaluation.year, evaluation.cohort.units[at]),
        "target_basis": indicator.target_basis,
        "direction": indicator.direction,
        "method": indicator.method.model_dump(mode="json"),
        "reference": {name: plain(row, at) for name, row in leaf.reference.items()},
        **posts(leaf, at),
        "imputation": _imputation(leaf, at),
        "share": plain(leaf.share, at),
        "share_formula": share_formula(leaf, at) if _computed(leaf, at) else None,
        "sentence": sentence(leaf, at, points=points, points_max=points_max, weight=counts.weight),
        "weight": indicator.weight,
        "effective_weight": counts.weight,
        "points": points,
        "points_max": points_max,
        "contribution": counts.contribution,
        "lost": counts.lost,
    }


def _imputation(leaf: Leaf, at: int) -> dict[str, Any] | None:
    """What put a value, or a share (`floor`), in the place of one that was not reported."""
    if Status(int(leaf.status[at])) not in (Status.IMPUTED, Status.CARRIED):
        return None
    age = None if leaf.age is None else int(leaf.age[at]) or None
    return {"policy": leaf.policy, "age_years": age, "share": leaf.floor if leaf.policy == "floor" else None}


def _computed(leaf: Leaf, at: int) -> bool:
    """Whether the share came out of the method; a share that was put in place has no formula."""
    return not math.isnan(float(leaf.share[at])) and not math.isnan(float(leaf.column.value[at]))


def _target_of(indicator: Indicator, year: int, unit: str) -> str | None:
    if year in indicator.own_targets(unit):
        return "unit"
    return "plan" if year in indicator.targets else None
