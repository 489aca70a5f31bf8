"""Evaluations for tests of analyses."""

from __future__ import annotations

from typing import Any

import numpy as np

from services.scoring.domain.analysis.variations import Case
from services.scoring.domain.evaluate import evaluate
from tests.services.scoring.matrices import matrix
from tests.services.scoring.plans import goalposts, group, indicator, plan

YEAR = 2011
BANDS = [
    {"code": code, "names": {"vi": "x", "en": "x"}, "at_least": low}
    for code, low in (("HI", 0.6), ("MID", 0.4), ("LO", 0))
]


def case(
    *, units: int = 12, pillars: int = 3, leaves: int = 3, missing: float = 0.0, seed: int = 3, **scoring: Any
) -> Case:
    """Arithmetic pillars of goalposts over random values, some not reported."""
    groups = [
        group(
            f"P{p}",
            weight=1.0 + p,
            indicators=[indicator(f"I{p}-{k}", goalposts(0, 100), weight=1.0 + k) for k in range(leaves)],
        )
        for p in range(pillars)
    ]
    settings = {"aggregate": "arithmetic", "missing": "reweight", "rank_within": "all", "bands": BANDS, **scoring}
    made = plan(*groups, scoring=settings)
    chance = np.random.default_rng(seed)
    values = {one.code: chance.uniform(0, 100, units) for one in made.indicators()}
    for row in values.values():
        row[chance.random(units) < missing] = np.nan
    inputs = matrix(made, {f"u{n:04}": "ALL" for n in range(units)}, values)
    return Case(evaluate(made, YEAR, inputs), inputs)
