"""Pace: is an indicator where it should be by now? What was reached, against the share of the year that has passed.

For what accumulates over the year (sums of flows, running totals) with a target: pace = (value / target) / expected,
where expected is the number of periods past due as a part of the periods of the year. What does not accumulate is held
against its whole target. At least 0.95 is on track, at least 0.75 lagging, below that at risk (PRODUCT 6).
Lower is better: pace = expected x target / value. Without a report for the last two periods due it is stale, whatever
the ratio (SEMANTICS 13).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from services.scoring.domain.annual import combination
from services.scoring.domain.cells import Floats, Ints, is_reported
from services.scoring.domain.evaluate import Evaluation, Leaf
from services.scoring.domain.inputs import Inputs, Sources, source_forms
from shared.plan.indicators import Indicator
from shared.plan.model import Plan

ON_TRACK, LAGGING, STALE_PERIODS = 0.95, 0.75, 2
PERIODS = {"monthly": 12, "quarterly": 4, "half_year": 2, "nine_months": 1, "annual": 1}
Pace = Literal["on_track", "lagging", "at_risk", "stale"]
WORDS: tuple[Pace, ...] = ("on_track", "lagging", "at_risk", "stale")
NOISE = 1e-9
DIGITS = 6
"""Of ratios: beyond them a number would change without anything having changed."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the year is, by indicator and unit: periods past due, and how many of the last of them have no report."""

    due: Mapping[str, Ints]
    silent: Mapping[str, Ints]


@dataclass(frozen=True, slots=True)
class Paces:
    """One indicator for some units: share of the year due, value over what is expected by now; NaN: none."""

    expected: Floats
    ratio: Floats
    stale: np.ndarray[tuple[int], np.dtype[np.bool_]]


def progress_of(plan: Plan, inputs: Inputs, sources: Sources, now_ms: int) -> Progress:
    """How far the year of these inputs is."""
    cohort, standing = inputs.cohort, sources.standing()
    runs = {form.code: np.zeros(len(cohort.units), dtype=np.int64) for form in plan.forms}
    for owed in sources.owed:  # by unit, form, period
        if owed.due_at_ms < now_ms and owed.form in runs:
            row, at = runs[owed.form], cohort.position[owed.unit]
            row[at] = 0 if owed.obligation in standing else row[at] + 1
    forms = [source_forms(plan, peer_group) for peer_group in cohort.peer_groups]
    silent = {}
    for indicator in plan.indicators():
        taken = [wanted.get(indicator.code, "") for wanted in forms]
        none = np.zeros(len(cohort.units), dtype=np.int64)
        rows = {form: runs.get(form, none) for form in taken}
        silent[indicator.code] = none if not rows else rows[taken[0]]
        if len(rows) > 1:
            silent[indicator.code] = np.choose(cohort.peer, [rows[form] for form in taken])
    return Progress(inputs.due, silent)


def accumulates(indicator: Indicator) -> bool:
    """Whether a part of the year means a part of the target."""
    if indicator.time == "cumulative_ytd":
        return not indicator.is_quotient and indicator.type in ("count", "money", "number")
    return combination(indicator) == "sum" and not indicator.is_quotient


def paces(leaf: Leaf, progress: Progress, at: Ints) -> Paces:
    """The pace of the units at these positions where they have a target above 0 and something is due."""
    code, target = leaf.indicator.code, leaf.target[at]
    due = progress.due[code][at]
    passed = np.minimum(due / PERIODS[leaf.indicator.frequency], 1.0)
    expected = np.where(due > 0, passed if accumulates(leaf.indicator) else 1.0, np.nan)
    value = np.where(is_reported(leaf.status[at]), leaf.column.value[at], np.nan)
    known = (target > 0) & (leaf.indicator.direction != "none")
    with np.errstate(divide="ignore", invalid="ignore"):
        if leaf.indicator.direction == "lower" or leaf.indicator.method.kind == "lower_is_better":
            ratio = np.where(value > 0, expected * target / value, np.inf)
            ratio = np.where(np.isfinite(value), ratio, np.nan)
        else:
            ratio = value / (target * expected)
    stale = known & (progress.silent[code][at] >= STALE_PERIODS)
    return Paces(expected, np.where(known, ratio, np.nan), stale)


def pace_of(ratio: float, *, stale: bool = False) -> Pace | None:
    """The word for a ratio; None without one."""
    if stale:
        return "stale"
    if np.isnan(ratio):
        return None
    return "on_track" if ratio >= ON_TRACK - NOISE else "lagging" if ratio >= LAGGING - NOISE else "at_risk"


def pace_cells(leaf: Leaf, progress: Progress, at: Ints) -> list[dict[str, Any] | None]:
    """Ratio (null where a value of 0 is all that is wanted, or nothing was reported) and verdict; None without one."""
    if not (leaf.target[at] > 0).any():
        return [None] * len(at)
    found = paces(leaf, progress, at)
    ratios = np.round(found.ratio, DIGITS)
    told = zip(ratios.tolist(), found.ratio.tolist(), found.stale.tolist(), np.isfinite(ratios).tolist(), strict=True)
    cells: list[dict[str, Any] | None] = []
    for shown, ratio, stale, finite in told:
        verdict = pace_of(ratio, stale=stale)
        cells.append(None if verdict is None else {"ratio": shown if finite else None, "verdict": verdict})
    return cells


def pace_contents(evaluation: Evaluation, progress: Progress, at: Ints) -> list[dict[str, Any]]:
    """For the units at these positions: how their indicators stand, and how many stand how."""
    rows = {code: paces(leaf, progress, at) for code, leaf in evaluation.leaves.items()}
    found = []
    for place, unit in enumerate(at.tolist()):
        told = [_content(code, row, place) for code, row in rows.items()]
        indicators = [one for one in told if one["pace"] is not None]
        words = [one["pace"] for one in indicators]
        counts: dict[str, Any] = {word: words.count(word) for word in WORDS}
        found.append({"unit": evaluation.cohort.units[unit], **counts, "indicators": indicators})
    return found


def _content(code: str, row: Paces, at: int) -> dict[str, Any]:
    ratio = float(row.ratio[at])
    return {
        "code": code,
        "expected": float(row.expected[at]),
        "ratio": ratio if np.isfinite(ratio) else None,
        "pace": pace_of(ratio, stale=bool(row.stale[at])),
    }
