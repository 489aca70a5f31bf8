"""The method's formula with one unit's numbers, one function per method. Numbers are numbers in every language."""

from __future__ import annotations

from collections.abc import Callable

from services.scoring.domain.evaluate import Leaf
from services.scoring.domain.wording import compared
from services.scoring.domain.wording.numbers import number
from services.scoring.domain.wording.parts import reflect, value_of
from shared.plan.methods import Goalposts, LinearToTarget, LowerIsBetter, Optimum, Piecewise, Steps, Target


def share_formula(leaf: Leaf, at: int) -> str:
    """`clip(40 / 80, 0, 1) = 0.5`: what was computed, with the share that came out; `-` where nothing is."""
    flat = leaf.flags.get("zero_range")
    if flat is not None and flat[at]:
        formula = f"no range: {getattr(leaf.indicator.method, 'zero_range', 'exclude')}"
    else:
        formula = FORMULAS.get(leaf.indicator.method.kind, _plain)(leaf, at)
    return formula if formula == "-" else f"{formula} = {number(float(leaf.share[at]))}"


def _target(leaf: Leaf, at: int) -> str:
    return number(float(leaf.target[at]))


def _linear_to_target(leaf: Leaf, at: int) -> str:
    method = leaf.indicator.method
    assert isinstance(method, LinearToTarget)
    if leaf.target[at] == 0:
        return f"target 0: {method.zero_target}"
    value, target = value_of(leaf, at), _target(leaf, at)
    if leaf.indicator.direction == "lower" and leaf.column.value[at] <= 0:
        return f"{value} <= 0: {number(method.cap)}"
    ratio = f"{target} / {value}" if leaf.indicator.direction == "lower" else f"{value} / {target}"
    return f"clip({ratio}, 0, {number(method.cap)})"


def _target_scale(leaf: Leaf, at: int) -> str:
    method = leaf.indicator.method
    assert isinstance(method, Target)
    value, target = value_of(leaf, at), _target(leaf, at)
    if leaf.indicator.direction == "lower":
        worst = number(method.worst)
        ratio = f"({worst} - {value}) / ({worst} - {target})"
    else:
        base = number(method.baseline)
        ratio = f"({value} - {base}) / ({target} - {base})"
    return f"clip({ratio}, 0, {number(method.cap)})"


def _official_ratio(leaf: Leaf, at: int) -> str:
    numerator, denominator = (number(float(row[at])) for row in (leaf.column.numerator, leaf.column.denominator))
    return reflect(f"clip({numerator} / {denominator}, 0, 1)", leaf)


def _lower_is_better(leaf: Leaf, at: int) -> str:
    method = leaf.indicator.method
    assert isinstance(method, LowerIsBetter)
    worst = number(method.worst)
    return f"clip(({worst} - {value_of(leaf, at)}) / ({worst} - {_target(leaf, at)}), 0, 1)"


def _steps(leaf: Leaf, at: int) -> str:
    method = leaf.indicator.method
    assert isinstance(method, Steps)
    sign = "<=" if leaf.indicator.direction == "lower" else ">="
    rungs = [f"{sign} {number(step.at_least)} -> {number(step.share)}" for step in method.steps]
    if method.below:
        rungs.append(f"else {number(method.below)}")
    return f"steps({value_of(leaf, at)}: {', '.join(rungs)})"


def _level(leaf: Leaf, at: int) -> str:
    return f"level {value_of(leaf, at)}"


def _boolean(leaf: Leaf, at: int) -> str:
    return reflect(value_of(leaf, at), leaf)


def _goalposts(leaf: Leaf, at: int) -> str:
    method = leaf.indicator.method
    assert isinstance(method, Goalposts)
    value, low, high = value_of(leaf, at), number(method.low), number(method.high)
    if method.log and leaf.column.value[at] <= 0:
        return "ln of a value <= 0"
    plain = f"clip(({value} - {low}) / ({high} - {low}), 0, 1)"
    logs = f"clip((ln {value} - ln {low}) / (ln {high} - ln {low}), 0, 1)"
    return reflect(logs if method.log else plain, leaf)


def _piecewise(leaf: Leaf, at: int) -> str:
    method = leaf.indicator.method
    assert isinstance(method, Piecewise)
    knots = ", ".join(f"{number(knot.value)} -> {number(knot.share)}" for knot in method.knots)
    return f"lines({value_of(leaf, at)}: {knots})"


def _optimum(leaf: Leaf, at: int) -> str:
    method = leaf.indicator.method
    assert isinstance(method, Optimum)
    knots = ((method.low, 0), (method.first, 1), (method.last, 1), (method.high, 0))
    return f"optimum({value_of(leaf, at)}: {', '.join(f'{number(value)} -> {share}' for value, share in knots)})"


def _nothing(_leaf: Leaf, _at: int) -> str:
    return "-"


def _plain(leaf: Leaf, at: int) -> str:
    return f"{leaf.indicator.method.kind}({value_of(leaf, at)})"


FORMULAS: dict[str, Callable[[Leaf, int], str]] = {
    "linear_to_target": _linear_to_target,
    "official_ratio": _official_ratio,
    "lower_is_better": _lower_is_better,
    "share_of_peer_max": compared.share_of_peer_max,
    "steps": _steps,
    "level_map": _level,
    "boolean": _boolean,
    "min_max_goalposts": _goalposts,
    "zscore_minmax": compared.zscore_minmax,
    "minmax": compared.minmax,
    "target": _target_scale,
    "zscore": compared.zscore,
    "percentile": compared.percentile,
    "borda": compared.borda,
    "piecewise": _piecewise,
    "optimum": _optimum,
    "informational": _nothing,
}
