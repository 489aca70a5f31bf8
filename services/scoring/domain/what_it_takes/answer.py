"""The rows: for each indicator the nearest value that alone would do, and the change that is; cheapest first."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from services.scoring.domain.cells import Status
from services.scoring.domain.evaluate import Evaluation, Leaf
from services.scoring.domain.explain.plain import plain
from services.scoring.domain.explain.posts import FIXED
from services.scoring.domain.inputs import Inputs
from services.scoring.domain.what_it_takes.ends import points, whole_numbers
from services.scoring.domain.what_it_takes.goals import Goal, at_rank, next_band
from services.scoring.domain.what_it_takes.search import nearest
from services.scoring.domain.what_it_takes.trial import Cell, Lever, Quick, Whole, quick_enough
from services.scoring.domain.what_it_takes.words import need_sentence

OUTSIDE = frozenset({Status.NOT_APPLICABLE, Status.EXCLUDED, Status.INFORMATIONAL})


def what_it_takes(
    evaluation: Evaluation,
    inputs: Inputs,
    unit: str,
    *,
    again: Callable[[Inputs], Evaluation],
    rank: int | None = None,
) -> dict[str, Any]:
    """For every indicator that counts, what alone would lift the unit to the next band, or to a rank if one is given.

    Everything else stays as it is, the others' reported numbers too. `again` evaluates inputs the way the evaluation
    was made. KeyError when the unit is not in the cohort.
    """
    at = evaluation.cohort.position[unit]
    relative = any(leaf.indicator.method.kind not in FIXED for leaf in evaluation.leaves.values())
    goal = next_band(evaluation, at) if rank is None else at_rank(evaluation, at, rank, relative=relative)
    rows = []
    if goal is not None:
        quick, whole = Quick(evaluation, at), Whole(evaluation, inputs, at, again)
        rows = [_row(leaf, at, goal, quick, whole) for leaf in evaluation.leaves.values() if _can_count(leaf, at)]
    rows.sort(key=lambda row: (not row["possible"], row["effort"] if row["possible"] else 0.0, row["code"]))
    return {"unit": unit, "goal": _goal(evaluation, at, rank), "reached": goal is None, "indicators": rows}


def _can_count(leaf: Leaf, at: int) -> bool:
    return Status(int(leaf.status[at])) not in OUTSIDE and leaf.indicator.weight > 0


def _goal(evaluation: Evaluation, at: int, rank: int | None) -> dict[str, Any] | None:
    if rank is not None:
        return {"kind": "rank", "rank": rank}
    now = int(evaluation.band[at])
    if now <= 0:
        return None
    band, published = evaluation.plan.scoring.bands[now - 1], float(evaluation.published[at])
    return {
        "kind": "band",
        "band": band.code,
        "names": band.names.model_dump(),
        "at_least": evaluation.cuts[now - 1],
        "missing": evaluation.cuts[now - 1] - published,
    }


def _row(leaf: Leaf, at: int, goal: Goal, quick: Quick, whole: Whole) -> dict[str, Any]:
    code, lever = leaf.indicator.code, Lever(leaf, at)
    by_index = quick_enough(quick.evaluation, leaf) and not goal.needs_all

    def reached(position: float) -> bool:
        """A value that is refused reaches nothing, whatever it leaves behind."""
        tried = lever.cell(position)
        if by_index:
            outcome = quick.outcome(code, tried)
            return not math.isnan(outcome.share) and goal.by_index(outcome)
        trial = whole.evaluated(code, tried)
        return not math.isnan(float(trial.leaves[code].share[at])) and goal.by_all(trial)

    ends = [lever.position(value) for value in points(leaf, at)]
    start = lever.held if not math.isnan(lever.held) else _worst(lever, ends, quick)
    needed = nearest(start, ends, reached, whole=whole_numbers(leaf))
    if needed is None and math.isnan(lever.held) and reached(start):
        needed = start
    return _told(lever, None if needed is None else lever.cell(needed), quick)


def _worst(lever: Lever, ends: list[float], quick: Quick) -> float:
    """Where a value that is not there is looked for from: the end of the scale that earns least."""
    shares = {end: quick.outcome(lever.leaf.indicator.code, lever.cell(end)).share for end in ends}
    return min(ends, key=lambda end: (math.inf if math.isnan(shares[end]) else shares[end], end), default=0.0)


def _told(lever: Lever, needed: Cell | None, quick: Quick) -> dict[str, Any]:
    leaf, indicator = lever.leaf, lever.leaf.indicator
    value, share = plain(leaf.column.value, lever.at), plain(leaf.share, lever.at)
    found = None if needed is None else quick.outcome(indicator.code, needed).share
    row = {
        "code": indicator.code,
        "names": indicator.names.model_dump(),
        "measure": indicator.measure,
        "possible": needed is not None,
        "value": value,
        "value_needed": None if needed is None else needed.value,
        "delta": None if needed is None or value is None else needed.value - value,
        **_parts(lever, needed),
        "share": share,
        "share_needed": found,
        "effort": None if found is None else found - (share or 0.0),
        "compares": indicator.method.kind not in FIXED,
    }
    return row | {"sentence": need_sentence(leaf, row)}


def _parts(lever: Lever, needed: Cell | None) -> dict[str, float | None]:
    """Of a quotient, what its numerator would have to be over the same denominator."""
    if needed is None or lever.denominator is None or math.isnan(lever.held):
        return dict.fromkeys(("numerator", "numerator_needed", "numerator_delta", "denominator"))
    return {
        "numerator": lever.held,
        "numerator_needed": needed.numerator,
        "numerator_delta": needed.numerator - lever.held,
        "denominator": lever.denominator,
    }
