"""Means of children: every aggregate that looks at one unit at a time.

Arithmetic, geometric, harmonic and power means share one form: F(mean) = sum(w F(s')) / sum(w), where s' is the score
after the zero policy. Sources: OECD/JRC Handbook on Constructing Composite Indicators (2008) for the means; Mazziotta
and Pareto (2016) for the penalised mean M - V / M (floored at 0, which strongly uneven children would go below);
Yager (1988) and Torra (1997) for ordered weights: where children have unequal weights or some have no score, each takes
as much of the order as its weight, so that equal weights give Yager's. `mean_min` is (1 - a) M + a min.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from services.scoring.domain.cells import Bools, Floats
from services.scoring.domain.child import Child
from services.scoring.domain.undefined import Undefined
from shared.plan.groups import Combination

LOWEST = 0.01
"""What a zero becomes under `shift` and `floor`."""
_NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class Scale:
    """F of a mean with its zero policy, elementwise. `zero_kills`: one child of score 0 makes the mean 0."""

    forward: Callable[[Floats], Floats]
    inverse: Callable[[Floats], Floats]
    policy: str
    zero_kills: bool

    def lifted(self, score: Floats) -> Floats:
        """The score that the mean is computed on."""
        if self.policy == "shift":
            return LOWEST + (1.0 - LOWEST) * score
        return np.maximum(score, LOWEST) if self.policy == "floor" else score

    def dropped(self, mean: Floats) -> Floats:
        """A mean of lifted scores on the scale of scores again: 0 to 0, 1 to 1."""
        return (mean - LOWEST) / (1.0 - LOWEST) if self.policy == "shift" else mean


def scale_of(spec: Combination) -> Scale | None:
    """The scale of a quasi-arithmetic mean; None for the other aggregates."""
    power = {"arithmetic": 1.0, "points": 1.0, "geometric": 0.0, "harmonic": -1.0, "power": spec.power}.get(
        spec.aggregate
    )
    if power is None:
        return None
    strict = spec.zero_policy in ("strict", "error") and power <= 0
    if power == 0:
        return Scale(np.log, np.exp, spec.zero_policy, strict)
    if power == -1:
        return Scale(np.reciprocal, np.reciprocal, spec.zero_policy, strict)
    return Scale(lambda s: s**power, lambda s: s ** (1.0 / power), spec.zero_policy, strict)


def mean(code: str, spec: Combination, live: Sequence[Child], earned: Floats, counted: Floats) -> Floats:
    """The score of the node; arbitrary where nothing counts. Clamped into its children where it is a mean of them.

    Undefined where a zero meets `zero_policy: error`.
    """
    if not live:
        return np.zeros(len(counted))
    if spec.aggregate in _OTHERS:
        score = _OTHERS[spec.aggregate](spec, live, earned, counted)
    elif spec.aggregate in ("points", "arithmetic"):
        score = _arithmetic(earned, counted)
    else:
        score = _quasi(code, spec, live, counted)
    return score if spec.aggregate == "penalised_mean" else _clamped(spec, score, live)


def has_zero(live: Sequence[Child]) -> Bools:
    """Units with a counted child of score 0."""
    zero = np.zeros(len(live[0].score) if live else 0, dtype=bool)
    for one in live:
        zero |= one.score <= 0
    return zero


def least(live: Sequence[Child]) -> Floats:
    """The smallest counted score; NaN where nothing counts."""
    found = live[0].score.copy()
    for one in live[1:]:
        np.fmin(found, one.score, out=found)
    return found


def _most(live: Sequence[Child]) -> Floats:
    found = live[0].score.copy()
    for one in live[1:]:
        np.fmax(found, one.score, out=found)
    return found


def _clamped(spec: Combination, score: Floats, live: Sequence[Child]) -> Floats:
    """Within the smallest and largest child: removes excursions of one unit in the last place."""
    low, high = least(live), _most(live)
    if spec.zero_policy == "floor" and (scale := scale_of(spec)) and spec.aggregate not in ("points", "arithmetic"):
        low, high = scale.lifted(low), scale.lifted(high)
    np.fmin(score, high, out=score)
    return np.fmax(score, low, out=score)


def _arithmetic(earned: Floats, counted: Floats) -> Floats:
    return np.divide(earned, counted, out=np.zeros(len(counted)), where=counted > 0)


def _quasi(code: str, spec: Combination, live: Sequence[Child], counted: Floats) -> Floats:
    scale = scale_of(spec)
    assert scale is not None
    dead = has_zero(live)
    if spec.zero_policy == "error" and dead.any():
        case = f"zero_policy: error, and a child of its {spec.aggregate} mean scores 0 for {int(dead.sum())} units"
        raise Undefined(code or "index", case)
    below = np.where(counted > 0, counted, 1.0)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore", under="ignore"):
        if spec.aggregate == "power" and spec.power:
            score = _power(spec.power, scale, live, below)
        else:
            score = scale.inverse(_weighted(live, lambda s: scale.forward(scale.lifted(s))) / below)
        score = scale.dropped(score)
    return np.where(dead, 0.0, score) if scale.zero_kills else score


def _weighted(live: Sequence[Child], function: Callable[[Floats], Floats]) -> Floats:
    """Sum of weight x function(score) over what counts."""
    found = np.zeros(len(live[0].score))
    for one in live:
        image = function(one.score)
        image *= one.counted
        found += np.where(one.has, image, 0.0)
    return found


def _power(power: float, scale: Scale, live: Sequence[Child], below: Floats) -> Floats:
    """Powers of scores as parts of the dominant one, so that none overflows and the dominant one never vanishes."""
    extreme = scale.lifted(_most(live) if power > 0 else least(live))
    unit = np.where(extreme > 0, extreme, 1.0)
    sums = _weighted(live, lambda s: scale.forward(scale.lifted(s) / unit))
    return np.asarray(scale.inverse(sums / below) * unit)


def _minimum(_spec: Combination, live: Sequence[Child], _earned: Floats, _counted: Floats) -> Floats:
    return least(live)


def _mean_min(spec: Combination, live: Sequence[Child], earned: Floats, counted: Floats) -> Floats:
    part = spec.minimum_share
    return (1.0 - part) * _arithmetic(earned, counted) + part * least(live)


def _penalised(_spec: Combination, live: Sequence[Child], earned: Floats, counted: Floats) -> Floats:
    middle = _arithmetic(earned, counted)
    spread = _weighted(live, lambda s: (s - middle) ** 2) / np.where(counted > 0, counted, 1.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        score = np.where(middle > 0, middle - spread / middle, 0.0)
    return np.where(score > _NOTHING, score, 0.0)


def _owa(spec: Combination, live: Sequence[Child], _earned: Floats, _counted: Floats) -> Floats:
    orders = order_parts(spec, live)
    score = np.zeros(len(live[0].score))
    for one, part in zip(live, orders, strict=True):
        score += np.where(one.has, one.score, 0.0) * part
    return score


def order_parts(spec: Combination, live: Sequence[Child]) -> list[Floats]:
    """How much each child weighs by its place in the order, best first; equal scores share their places evenly."""
    weight = np.array([one.counted for one in live])
    score = np.array([np.where(one.has, one.score, -np.inf) for one in live])
    order = np.argsort(-score, axis=0, kind="stable")
    ranked, sizes = np.take_along_axis(score, order, 0), np.take_along_axis(weight, order, 0)
    reached = np.cumsum(sizes, axis=0)
    whole = np.where(reached[-1] > 0, reached[-1], 1.0)
    steps = np.cumsum(np.array((0.0, *spec.order_weights)))
    grid = np.linspace(0.0, 1.0, len(steps))
    quantiles = np.interp(reached / whole, grid, steps / steps[-1])
    parts = np.diff(quantiles, axis=0, prepend=0.0)
    shared = _shared(parts, sizes, ranked)
    found = np.empty_like(shared)
    np.put_along_axis(found, order, shared, 0)
    return list(found)


def _shared(parts: Floats, sizes: Floats, ranked: Floats) -> Floats:
    """Parts pooled over equal neighbours and handed out again by weight: the order of equals must not matter."""
    units = parts.shape[1]
    run = np.zeros(parts.shape, dtype=np.int64)
    run[1:] = np.cumsum(ranked[1:] != ranked[:-1], axis=0)
    key = (run * units + np.arange(units)).ravel()
    pooled = np.bincount(key, weights=parts.ravel(), minlength=parts.size)
    weight = np.bincount(key, weights=sizes.ravel(), minlength=parts.size)
    rate = np.divide(pooled, weight, out=np.zeros_like(pooled), where=weight > 0)
    return np.asarray(sizes * rate[key].reshape(parts.shape))


_OTHERS: dict[str, Callable[[Combination, Sequence[Child], Floats, Floats], Floats]] = {
    "minimum": _minimum,
    "mean_min": _mean_min,
    "penalised_mean": _penalised,
    "owa": _owa,
}
