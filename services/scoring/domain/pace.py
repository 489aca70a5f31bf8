"""Pace: is an indicator where it should be by now? What was reached, against the share of the year that has passed.

For what accumulates over the year (sums of flows, running totals) with a target: pace = (value / target) / expected,
where expected is the number of periods past due as a part of the periods of the year. What does not accumulate is held
against its whole target. At least 0.95 is on track, at least 0.75 lagging, below that at risk (PRODUCT 6).
Lower is better: pace = expected x target / value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from services.scoring.domain.annual import combination
from services.scoring.domain.cells import Floats, Status
from services.scoring.domain.evaluate import Evaluation, Leaf
from services.scoring.domain.inputs import Inputs
from shared.plan.indicators import Indicator

ON_TRACK, LAGGING = 0.95, 0.75
PERIODS = {"monthly": 12, "quarterly": 4, "half_year": 2, "nine_months": 1, "annual": 1}
Pace = Literal["on_track", "lagging", "at_risk"]
NOISE = 1e-9


@dataclass(frozen=True, slots=True)
class Paces:
    """One indicator for every unit: share of the year due, value over what is expected by now; NaN: none."""

    expected: Floats
    ratio: Floats


def accumulates(indicator: Indicator) -> bool:
    """Whether a part of the year means a part of the target."""
    if indicator.time == "cumulative_ytd":
        return not indicator.is_quotient and indicator.type in ("count", "money", "number")
    return combination(indicator) == "sum" and not indicator.is_quotient


def paces(leaf: Leaf, inputs: Inputs) -> Paces:
    """The pace of an indicator where it has a target above 0 and something is due; NaN elsewhere."""
    due = inputs.due[leaf.indicator.code]
    passed = np.minimum(due / PERIODS[leaf.indicator.frequency], 1.0)
    expected = np.where(due > 0, passed if accumulates(leaf.indicator) else 1.0, np.nan)
    value = np.where(leaf.status == Status.OBSERVED, leaf.column.value, np.nan)
    known = (leaf.target > 0) & (leaf.indicator.direction != "none")
    with np.errstate(divide="ignore", invalid="ignore"):
        if leaf.indicator.direction == "lower" or leaf.indicator.method.kind == "lower_is_better":
            ratio = np.where(value > 0, expected * leaf.target / value, np.inf)
            ratio = np.where(np.isfinite(value), ratio, np.nan)
        else:
            ratio = value / (leaf.target * expected)
    return Paces(expected, np.where(known, ratio, np.nan))


def pace_of(ratio: float) -> Pace | None:
    """The word for a ratio; None without one."""
    if np.isnan(ratio):
        return None
    return "on_track" if ratio >= ON_TRACK - NOISE else "lagging" if ratio >= LAGGING - NOISE else "at_risk"


def pace_contents(evaluation: Evaluation, inputs: Inputs, first: int, last: int) -> list[dict[str, Any]]:
    """For the units `first` to `last` of the cohort: how their indicators stand, and how many stand how."""
    rows = {code: paces(leaf, inputs) for code, leaf in evaluation.leaves.items()}
    found = []
    for at, unit in enumerate(evaluation.cohort.units[first:last], first):
        indicators = [_content(code, row, at) for code, row in rows.items() if not np.isnan(row.ratio[at])]
        words = [one["pace"] for one in indicators]
        counts = {word: words.count(word) for word in ("on_track", "lagging", "at_risk")}
        found.append({"unit": unit, **counts, "indicators": indicators})
    return found


def _content(code: str, row: Paces, at: int) -> dict[str, Any]:
    ratio = float(row.ratio[at])
    return {
        "code": code,
        "expected": float(row.expected[at]),
        "ratio": ratio if np.isfinite(ratio) else None,
        "pace": pace_of(ratio),
    }
