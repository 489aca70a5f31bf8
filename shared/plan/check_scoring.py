"""Whether methods and indicators of a plan can be computed: what would otherwise be found out when a year is scored."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from shared.plan.base import MissingPolicy
from shared.plan.faults import PathKey
from shared.plan.methods import Goalposts, LevelMap, Piecewise, Steps, Target
from shared.plan.model import Group, Indicator, Plan

_Finding = tuple[PathKey, str, str | None]

AVERAGES = frozenset({"group_mean", "group_median", "linear"})
"""Missing policies whose value may lie between the values that are possible."""
OF_QUOTIENTS = ("min_denominator", "small_denominator", "shrink_by")
LEVELS_MAX = 1000
YES_NO = frozenset({"boolean", "level_map", "informational"})
"""Methods that a yes or no can be scored by."""


def scoring_findings(plan: Plan) -> Iterator[_Finding]:
    """What is wrong with the methods, parameters and missing policies of the plan's indicators."""
    for path, indicator, policy in _leaves(plan):
        yield from _type(path, indicator)
        yield from _direction(path, indicator)
        yield from _target(path, indicator)
        yield from _steps(path, indicator)
        yield from _levels(path, indicator)
        yield from _denominators(path, indicator)
        yield from _missing(path, indicator, policy, plan.scoring.carry_years_max)


def _leaves(plan: Plan) -> Iterator[tuple[PathKey, Indicator, MissingPolicy]]:
    """Every indicator with its path and the missing policy that holds for it."""

    def walk(path: PathKey, group: Group, above: MissingPolicy) -> Iterator[tuple[PathKey, Indicator, MissingPolicy]]:
        here = group.missing or above
        for at, indicator in enumerate(group.indicators):
            yield (*path, "indicators", at), indicator, indicator.missing or here
        for at, child in enumerate(group.groups):
            yield from walk((*path, "groups", at), child, here)

    for at, group in enumerate(plan.groups):
        yield from walk(("groups", at), group, plan.scoring.missing)


def _type(path: PathKey, indicator: Indicator) -> Iterator[_Finding]:
    kind = indicator.method.kind
    here = (*path, "method", "kind")
    if indicator.type == "boolean" and kind not in YES_NO:
        yield here, f"{kind} cannot score a yes or no", "use `kind: boolean`, or another `type`"
    if kind == "boolean" and indicator.type != "boolean":
        yield here, f"a {indicator.type} is not a yes or no", "write `type: boolean`, or use another method"
    if kind == "level_map" and (indicator.is_quotient or indicator.type in ("money", "duration")):
        yield here, f"a {indicator.type} has no levels", "write `type: level`, or use `steps`"
    if isinstance(indicator.method, Goalposts) and indicator.method.log and indicator.type == "level":
        yield (*path, "method", "log"), "levels have no logarithm", "leave `log` out"


def _direction(path: PathKey, indicator: Indicator) -> Iterator[_Finding]:
    method, lower = indicator.method, indicator.direction == "lower"
    here = (*path, "direction")
    if method.kind == "optimum" and lower:
        yield here, "an optimum falls on both sides, it has no direction", "write `direction: none`"
    if isinstance(method, Piecewise) and len({knot.share for knot in method.knots}) == 1:
        says = "every knot has the same share, so the value makes no difference"
        yield (*path, "method", "knots"), says, "use `kind: informational` for what is only shown"
    if isinstance(method, Piecewise) and lower and _rises([knot.share for knot in method.knots]):
        says = "lower is better, but the shares of the knots rise"
        yield (*path, "method", "knots"), says, "list falling shares, or mend `direction`"
    if isinstance(method, Target) and not lower and method.worst is not None:
        says = "`worst` belongs to what is better lower"
        yield (*path, "method", "worst"), says, "write `baseline: ...`, or `direction: lower`"
    if isinstance(method, Target) and lower and method.worst is None:
        says = "target needs `worst` where lower is better"
        yield (*path, "method"), says, "add `worst: ...`, the value that earns nothing"


def _rises(shares: list[float]) -> bool:
    return all(one <= two for one, two in pairwise(shares))


def _target(path: PathKey, indicator: Indicator) -> Iterator[_Finding]:
    """Every target on the right side of where its scale begins, those of single units too."""
    method = indicator.method
    if not isinstance(method, Target):
        return
    lower = indicator.direction == "lower"
    start, name = (method.worst, "worst") if lower else (method.baseline, "baseline")
    if start is None:
        return
    for here, target in _targets(path, indicator):
        if target == start:
            yield here, f"the target equals `{name}`, {start:g}: nothing lies between", f"move `{name}` or the target"
        elif (target > start) == lower:
            side = "below" if lower else "above"
            hint = f"a target lies {side} `{name}` where {'lower' if lower else 'higher'} is better"
            yield here, f"the target {target:g} is on the wrong side of `{name}`, {start:g}", hint


def _targets(path: PathKey, indicator: Indicator) -> Iterator[tuple[PathKey, float]]:
    for year, target in indicator.targets.items():
        yield (*path, "targets", str(year)), target
    for at, own in enumerate(indicator.target_overrides):
        for year, target in own.targets.items():
            yield (*path, "target_overrides", at, "targets", str(year)), target


def _steps(path: PathKey, indicator: Indicator) -> Iterator[_Finding]:
    """Shares do not fall from worse to better steps, `below` being the worst."""
    method = indicator.method
    if not isinstance(method, Steps) or method.any_order:
        return
    lower = indicator.direction == "lower"
    steps = list(enumerate(method.steps))
    worst_first = [(at, step.share) for at, step in (reversed(steps) if lower else steps)]
    before = method.below
    for at, share in worst_first:
        if share < before:
            says = f"the share {share:g} is less than that of the worse step, {before:g}"
            yield (*path, "method", "steps", at, "share"), says, "mend the shares, or write `any_order: true`"
            return
        before = share


def _levels(path: PathKey, indicator: Indicator) -> Iterator[_Finding]:
    """Each level that is believed has a share, else reporting it would be invalid."""
    method = indicator.method
    if not isinstance(method, LevelMap):
        return
    here = (*path, "method", "levels")
    if indicator.type == "boolean":
        low, high = 0, 1
    elif indicator.low is None or indicator.high is None:
        return
    else:
        low, high = int(-(-indicator.low // 1)), int(indicator.high // 1)
    if high - low > LEVELS_MAX:
        yield here, f"a level map has {LEVELS_MAX} levels at most", "raise `low`, or use `steps`"
        return
    listed = {level.level for level in method.levels}
    lacking = [str(level) for level in range(low, high + 1) if level not in listed]
    if lacking:
        yield here, f"no share for level {', '.join(lacking[:8])}", "list every level between `low` and `high`"
    for at, level in enumerate(method.levels):
        if not low <= level.level <= high:
            yield (*here, at, "level"), f"level {level.level} lies outside of what is believed", "mend `low` and `high`"


def _denominators(path: PathKey, indicator: Indicator) -> Iterator[_Finding]:
    for name in OF_QUOTIENTS:
        if getattr(indicator, name) > 0 and not indicator.is_quotient:
            yield (*path, name), f"`{name}` is about quotients", "give `numerator` and `denominator`, or leave it out"
    least, small = indicator.min_denominator, indicator.small_denominator
    if 0 < small <= least:
        says = f"what is over less than {least:g} is suppressed, so nothing is left to flag below {small:g}"
        yield (*path, "small_denominator"), says, "raise it, or leave it out"


def _missing(path: PathKey, indicator: Indicator, policy: MissingPolicy, years_max: int) -> Iterator[_Finding]:
    if indicator.method.kind == "informational":
        return
    here = (*path, "missing")
    steps = indicator.type in ("level", "boolean") or indicator.method.kind in ("level_map", "boolean")
    if policy in AVERAGES and steps:
        says = f"`{policy}` may give a value between two {'levels' if indicator.type == 'level' else 'answers'}"
        yield here, says, "write `missing: carry`, `floor`, `reweight` or `zero` for this indicator"
    if policy == "linear" and years_max < 2:
        says = "`linear` needs two earlier years, `scoring.carry_years_max` allows one"
        yield here, says, "write `carry_years_max: 2` or more"
