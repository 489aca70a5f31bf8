"""Indicators of a group of units. Pure.

A quotient of a group is the sum of the numerators over the sum of the denominators, never a mean of quotients: so also
where a unit's own quotient is not scored because its denominator is small. Counts and money add up, and so do numbers
that were collected over the year. Yes/no adds up to how many of those that answered said yes. What has no sum (levels,
durations without their cases, numbers at a day) has none here either, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import Any, Literal

import numpy as np

from services.scoring.domain.cells import Bools, Column, Status, is_missing, is_reported
from services.scoring.domain.evaluate import Evaluation
from services.scoring.domain.layers import Override
from shared.plan.model import Indicator

How = Literal["quotient", "sum", "share_true", "none"]


@dataclass(frozen=True, slots=True)
class Total:
    """One indicator of a group. `counted` units are in the numbers; `missing` ones should be and have no value.

    `numerator`, `denominator` and `value` are None where there is nothing to add up, `value` also over a zero.
    """

    indicator: Indicator
    how: How
    numerator: float | None
    denominator: float | None
    value: float | None
    counted: int
    missing: int
    not_applicable: int

    def content(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "indicator": self.indicator.code,
            "names": self.indicator.names.model_dump(),
            "measure": self.indicator.measure,
            "how": self.how,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "value": self.value,
            "units": self.counted,
            "missing": self.missing,
            "not_applicable": self.not_applicable,
        }


def how(indicator: Indicator) -> How:
    """How units add up."""
    if indicator.is_quotient:
        return "quotient"
    if indicator.type == "boolean":
        return "share_true"
    adds_up = indicator.type in ("count", "money") or (indicator.type == "number" and indicator.time != "stock")
    return "sum" if adds_up else "none"


def totals(evaluation: Evaluation, overrides: dict[str, Override], inside: Bools) -> list[Total]:
    """Every indicator of the units in the mask, in the order of the plan, as they stand in this layer."""
    return [
        _total(leaf.indicator, leaf.column, inside, _without_parts(overrides.get(code), inside))
        for code, leaf in evaluation.leaves.items()
    ]


def _total(indicator: Indicator, column: Column, inside: Bools, without_parts: Bools) -> Total:
    way = how(indicator)
    usable = is_reported(column.status)
    if way == "quotient":
        # Too few for the unit itself are not too few for the group.
        usable = usable | (column.status == Status.SUPPRESSED)
        usable = usable & np.isfinite(column.numerator) & (column.denominator >= 0) & ~without_parts
    used = inside & usable
    missing = inside & ~usable & (is_missing(column.status) | (column.status <= Status.CARRIED))
    exempt = inside & (column.status == Status.NOT_APPLICABLE)
    numerator, denominator = _sums(way, column, used)
    value = numerator if way == "sum" else None
    if way in ("quotient", "share_true") and denominator:
        value = indicator.scale * (numerator or 0.0) / denominator
    counts = int(used.sum()), int(missing.sum()), int(exempt.sum())
    return Total(indicator, way, numerator, denominator, value, *counts)


def _sums(way: How, column: Column, used: Bools) -> tuple[float | None, float | None]:
    """Exact sums: no order of units changes them."""
    if way == "none" or not used.any():
        return None, None
    if way == "quotient":
        return fsum(column.numerator[used].tolist()), fsum(column.denominator[used].tolist())
    added = fsum(column.value[used].tolist())
    return added, float(used.sum()) if way == "share_true" else None


def _without_parts(override: Override | None, inside: Bools) -> Bools:
    """Appraised quotients that were given as a value only: they have no parts that could be added."""
    mask = np.zeros(len(inside), dtype=bool)
    if override is not None:
        mask[override.valued[np.isnan(override.denominator) & np.isnan(override.numerator)]] = True
    return mask
