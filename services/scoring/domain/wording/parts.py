"""Parts of formulas: the unit's value, the posts that it was held against, the reflection."""

from __future__ import annotations

import math

from services.scoring.domain.evaluate import Leaf
from services.scoring.domain.wording.numbers import number


def value_of(leaf: Leaf, at: int) -> str:
    return number(float(leaf.column.value[at]))


def post(leaf: Leaf, at: int, *names: str) -> str:
    """The first of these numbers that the method compared with, a dash where it has none of them."""
    for name in names:
        row = leaf.reference.get(name)
        if row is not None and not math.isnan(float(row[at])):
            return number(float(row[at]))
    return "-"


def reflect(formula: str, leaf: Leaf) -> str:
    """Direction is applied to the share: one less it where lower is better."""
    return f"1 - {formula}" if leaf.indicator.direction == "lower" else formula
