"""Where the scale of a method bends, jumps and ends, in values: between two such points the share is monotone."""

from __future__ import annotations

import math

import numpy as np

from services.scoring.domain.evaluate import Leaf
from shared.plan.methods import (
    BooleanMethod,
    Goalposts,
    LevelMap,
    LinearToTarget,
    LowerIsBetter,
    OfficialRatio,
    Optimum,
    Piecewise,
    Steps,
    Target,
)

NOT_NEGATIVE = frozenset({"ratio", "rate", "count", "money", "duration"})
WHOLE = frozenset({"count", "level", "boolean"})
DOUBLINGS = 24
"""How far beyond the others a scale that has no end of its own (z-scores) is tried: 2^24 times their range."""


def points(leaf: Leaf, at: int) -> list[float]:
    """The unit's points, within what is believed of the indicator."""
    low, high = limits(leaf)
    own = [point for point in _of_method(leaf, at) if math.isfinite(point)]
    return sorted({min(max(point, low), high) for point in own})


def limits(leaf: Leaf) -> tuple[float, float]:
    """The least and the largest value that is believed."""
    indicator = leaf.indicator
    low = 0.0 if indicator.type in NOT_NEGATIVE else -math.inf
    high = indicator.scale if indicator.type == "ratio" and not indicator.allow_over_100 else math.inf
    return (
        low if indicator.low is None else max(low, indicator.low),
        high if indicator.high is None else min(high, indicator.high),
    )


def whole_numbers(leaf: Leaf) -> bool:
    """Whether only whole values can be reported."""
    indicator = leaf.indicator
    return indicator.integer or indicator.type in WHOLE or indicator.method.kind in ("boolean", "level_map")


def _of_method(leaf: Leaf, at: int) -> list[float]:
    lower, target = leaf.indicator.direction == "lower", float(leaf.target[at])
    match leaf.indicator.method:
        case LinearToTarget(cap=cap):
            found = [target / cap, 0.0] if lower else [0.0, target * cap]
        case Target(baseline=baseline, worst=worst, cap=cap):
            start = worst if lower and worst is not None else baseline
            found = [start, start + cap * (target - start)]
        case LowerIsBetter(worst=worst):
            found = [target, worst]
        case OfficialRatio():
            found = [0.0, leaf.indicator.scale]
        case Goalposts(low=low, high=high):
            found = [low, high]
        case Optimum(low=low, first=first, last=last, high=high):
            found = [low, first, last, high]
        case Piecewise(knots=knots):
            found = [knot.value for knot in knots]
        case Steps(steps=steps):
            # Just beyond the last limit too: where lower is better that is the far end.
            limits_ = [step.at_least for step in steps]
            found = [math.nextafter(limits_[0], -math.inf), *limits_, math.nextafter(limits_[-1], math.inf)]
        case LevelMap(levels=levels):
            found = [float(level.level) for level in levels]
        case BooleanMethod():
            found = [0.0, 1.0]
        case _:
            found = _of_others(leaf, at)
    return found


def _of_others(leaf: Leaf, at: int) -> list[float]:
    """Methods that compare: the posts, just beyond the others' least and largest, and then far outwards."""
    value = leaf.column.value[np.isfinite(leaf.share) & np.isfinite(leaf.column.value)]
    posts = [float(leaf.reference[name][at]) for name in POSTS if name in leaf.reference]
    known = [post for post in posts if math.isfinite(post)]
    if "sd" in leaf.reference:
        mean, sd = (float(leaf.reference[name][at]) for name in ("mean", "sd"))
        known += [mean - 5 * sd, mean + 5 * sd]
    if len(value):
        known += [math.nextafter(float(value.min()), -math.inf), math.nextafter(float(value.max()), math.inf)]
        known += [float(value.min()) - 1.0, float(value.max()) + 1.0] if whole_numbers(leaf) else []
    if leaf.indicator.method.kind in ENDLESS and known:
        span = (max(known) - min(known)) or 1.0
        known += [sign * span * 2.0**n + edge for n in range(0, DOUBLINGS, 4) for sign, edge in _edges(known)]
    return [*known, 0.0] if leaf.indicator.method.kind == "share_of_peer_max" else known


def _edges(known: list[float]) -> list[tuple[float, float]]:
    return [(-1.0, min(known)), (1.0, max(known))]


POSTS = ("low", "high", "cohort_min", "cohort_max", "peer_max")
ENDLESS = frozenset({"zscore", "minmax"})
