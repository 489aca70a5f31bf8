"""What a value was held against, whether it lay beyond the ends of its scale, and by how much a target is exceeded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.scoring.domain.evaluate import Leaf
from services.scoring.domain.explain.plain import plain
from shared.plan.methods import Goalposts, LinearToTarget, LowerIsBetter, Optimum, Piecewise, Steps, Target

FIXED = frozenset(
    {
        "linear_to_target",
        "official_ratio",
        "lower_is_better",
        "steps",
        "level_map",
        "boolean",
        "min_max_goalposts",
        "target",
        "piecewise",
        "optimum",
        "informational",
    }
)
"""Methods that hold a value against numbers of the plan only; the others compare units."""
Numbers = dict[str, float | None]
NOT_POSTS = frozenset({"over_achievement", "reported"})


def posts(leaf: Leaf, at: int) -> dict[str, Any]:
    """`posts`: name -> number that the value was held against; `posts_from`: plan, last final edition or current data;
    `clipped`: `best` or `worst` end of the scale, None within it; `over_achievement`: what exceeds a share of 1."""
    found = {name: plain(row, at) for name, row in leaf.reference.items() if name not in NOT_POSTS}
    return {
        "posts": {**_of_plan(leaf, at), **found},
        "posts_from": "frozen" if _flagged(leaf, "frozen", at) else "current" if found else "plan",
        "clipped": _clipped(leaf, at),
        "over_achievement": _optional(leaf, "over_achievement", at),
    }


def _clipped(leaf: Leaf, at: int) -> str | None:
    if not _flagged(leaf, "clipped", at):
        return None
    return "best" if leaf.share[at] >= 1.0 else "worst"


def _flagged(leaf: Leaf, flag: str, at: int) -> bool:
    mask = leaf.flags.get(flag)
    return mask is not None and bool(mask[at])


def _optional(leaf: Leaf, name: str, at: int) -> float | None:
    row = leaf.reference.get(name)
    return None if row is None else plain(row, at)


def _of_plan(leaf: Leaf, at: int) -> Numbers:
    """The numbers that the plan itself holds the value against."""
    told = _TOLD.get(leaf.indicator.method.kind)
    return told(leaf, plain(leaf.target, at)) if told else {}


def _linear_to_target(leaf: Leaf, target: float | None) -> Numbers:
    assert isinstance(leaf.indicator.method, LinearToTarget)
    return {"target": target, "cap": leaf.indicator.method.cap}


def _target(leaf: Leaf, target: float | None) -> Numbers:
    method = leaf.indicator.method
    assert isinstance(method, Target)
    start = {"worst": method.worst} if leaf.indicator.direction == "lower" else {"baseline": method.baseline}
    return {**start, "target": target, "cap": method.cap}


def _lower_is_better(leaf: Leaf, target: float | None) -> Numbers:
    assert isinstance(leaf.indicator.method, LowerIsBetter)
    return {"target": target, "worst": leaf.indicator.method.worst}


def _goalposts(leaf: Leaf, _target_: float | None) -> Numbers:
    assert isinstance(leaf.indicator.method, Goalposts)
    return {"low": leaf.indicator.method.low, "high": leaf.indicator.method.high}


def _optimum(leaf: Leaf, _target_: float | None) -> Numbers:
    method = leaf.indicator.method
    assert isinstance(method, Optimum)
    return {"low": method.low, "first": method.first, "last": method.last, "high": method.high}


def _steps(leaf: Leaf, _target_: float | None) -> Numbers:
    assert isinstance(leaf.indicator.method, Steps)
    return {f"step_{place}": step.at_least for place, step in enumerate(leaf.indicator.method.steps, 1)}


def _piecewise(leaf: Leaf, _target_: float | None) -> Numbers:
    assert isinstance(leaf.indicator.method, Piecewise)
    return {f"knot_{place}": knot.value for place, knot in enumerate(leaf.indicator.method.knots, 1)}


_TOLD: dict[str, Callable[[Leaf, float | None], Numbers]] = {
    "linear_to_target": _linear_to_target,
    "target": _target,
    "lower_is_better": _lower_is_better,
    "min_max_goalposts": _goalposts,
    "optimum": _optimum,
    "steps": _steps,
    "piecewise": _piecewise,
}
