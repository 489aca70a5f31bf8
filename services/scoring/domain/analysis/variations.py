"""Other choices than the plan's: mean, normaliser, missing policy, posts. Each is the plan, changed; the engine then
evaluates it like any other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np

from services.scoring.domain.analysis.draws import Draws
from services.scoring.domain.evaluate import Evaluation, evaluate
from services.scoring.domain.inputs import Inputs
from shared.plan.base import Model
from shared.plan.groups import Group
from shared.plan.indicators import Indicator
from shared.plan.methods import (
    BooleanMethod,
    Goalposts,
    Informational,
    LevelMap,
    LinearToTarget,
    LowerIsBetter,
    Method,
    MinMax,
    Optimum,
    Percentile,
    Target,
    ZScore,
)
from shared.plan.model import Plan

Normaliser = Literal["minmax", "zscore", "percentile"]
Mean = Literal["arithmetic", "geometric"]
Policy = Literal["zero", "reweight", "missing"]

POSTS, SWITCHES = 1 << 20, 1 << 23
"""Streams of random numbers: far from each other, so that one choice more or less changes no other number."""

_CATEGORIES = (LevelMap, BooleanMethod, Informational)
"""Methods whose values are names, not quantities: another normaliser would mean nothing."""
_NORMALISERS: dict[str, Method] = {
    "minmax": MinMax(kind="minmax", posts="current"),
    "zscore": ZScore(kind="zscore", posts="current"),
    "percentile": Percentile(kind="percentile"),
}


class Switch(Model):
    """One choice for the whole plan; None leaves what the plan says."""

    normaliser: Normaliser | None = None
    mean: Mean | None = None
    missing: Policy | None = None


class Case:
    """An evaluation with what it was computed from, so that it can be computed again with other choices.

    `inputs` may be given as a function, for what mostly needs none: it is called once, when they are needed.
    """

    def __init__(self, evaluation: Evaluation, inputs: Inputs | Callable[[], Inputs]) -> None:
        self.evaluation = evaluation
        self._given = inputs

    @cached_property
    def inputs(self) -> Inputs:
        return self._given if isinstance(self._given, Inputs) else self._given()

    @property
    def plan(self) -> Plan:
        return self.evaluation.plan

    def again(self, plan: Plan | None = None, inputs: Inputs | None = None) -> Evaluation:
        """The engine on another plan or other inputs of the same year, with the same frozen reference."""
        frozen = self.evaluation.frozen
        return evaluate(plan or self.plan, self.evaluation.year, inputs or self.inputs, reference=frozen)

    def changed(self, plan: Plan) -> Case:
        """The same inputs by another plan."""
        return Case(self.again(plan), lambda: self.inputs)


def switched(plan: Plan, switch: Switch) -> Plan:
    """The plan with the switch thrown; not checked for coherence."""
    plan = _of_indicators(plan, lambda indicator: _leaf_switched(indicator, switch))
    changes: dict[str, Any] = {}
    if switch.mean is not None:
        changes["aggregate"] = switch.mean
    if switch.missing is not None:
        changes["missing"] = switch.missing
    return _of_nodes(plan, changes) if changes else plan


def moved_posts(plan: Plan, spread: float, draws: Draws, number: int) -> Plan:
    """Goalposts, targets and worst values moved by up to `spread` of their range; targets of themselves."""
    codes = [indicator.code for indicator in plan.indicators()]
    u = 2.0 * draws.uniform(number, 2 * len(codes), stream=POSTS) - 1.0
    lots = {code: (spread * u[2 * at], spread * u[2 * at + 1]) for at, code in enumerate(codes)}
    return _of_indicators(plan, lambda indicator: _moved(indicator, *lots[indicator.code]))


def choices(switches: Sequence[Switch], draws: Draws, number: int) -> Switch:
    """The switch of a draw, each as likely."""
    return switches[int(draws.below(number, np.array([len(switches)]), stream=SWITCHES)[0])]


def _leaf_switched(indicator: Indicator, switch: Switch) -> Indicator:
    changes: dict[str, Any] = {}
    if switch.normaliser is not None and not isinstance(indicator.method, _CATEGORIES):
        changes["method"] = _NORMALISERS[switch.normaliser]
        changes["direction"] = _direction(indicator)
    if switch.missing is not None:
        changes["missing"] = None
    return indicator.model_copy(update=changes) if changes else indicator


def _direction(indicator: Indicator) -> str:
    """Of its values: some methods state it themselves."""
    return "lower" if isinstance(indicator.method, LowerIsBetter) else indicator.direction


def _moved(indicator: Indicator, first: float, second: float) -> Indicator:
    """The indicator with its posts moved: `first` times the range at the low or worst end, `second` at the other."""
    method = indicator.method
    if isinstance(method, Goalposts):
        return indicator.model_copy(update={"method": _goalposts(method, first, second)})
    if isinstance(method, Optimum):
        low, high = method.low + first * (method.first - method.low), method.high + second * (method.high - method.last)
        return indicator.model_copy(update={"method": method.model_copy(update={"low": low, "high": high})})
    if isinstance(method, LinearToTarget | LowerIsBetter | Target):
        targets = _raised(indicator.targets, second)
        own = tuple(
            each.model_copy(update={"targets": _raised(each.targets, second)}) for each in indicator.target_overrides
        )
        changes: dict[str, Any] = {"targets": targets, "target_overrides": own}
        if isinstance(method, LowerIsBetter):
            highest = max([*targets.values(), *(t for each in own for t in each.targets.values())])
            worst = method.worst + first * abs(method.worst - highest)
            changes["method"] = method.model_copy(update={"worst": max(worst, np.nextafter(highest, np.inf))})
        return indicator.model_copy(update=changes)
    return indicator


def _raised(targets: Mapping[int, float], by: float) -> dict[int, float]:
    return {year: target * (1.0 + by) for year, target in targets.items()}


def _goalposts(method: Goalposts, first: float, second: float) -> Goalposts:
    """A spread below one half keeps low below high."""
    if method.log:
        size = np.log(method.high) - np.log(method.low)
        return method.model_copy(
            update={"low": method.low * np.exp(first * size), "high": method.high * np.exp(second * size)}
        )
    size = method.high / 2 - method.low / 2
    return method.model_copy(update={"low": method.low + first * 2 * size, "high": method.high + second * 2 * size})


def _of_indicators(plan: Plan, change: Any) -> Plan:
    def group_of(group: Group) -> Group:
        leaves = tuple(change(indicator) for indicator in group.indicators)
        return group.model_copy(update={"indicators": leaves, "groups": tuple(map(group_of, group.groups))})

    return plan.model_copy(update={"groups": tuple(map(group_of, plan.groups))})


def _of_nodes(plan: Plan, changes: Mapping[str, Any]) -> Plan:
    """The same changes at every node; a missing policy is stated at the top only."""
    inner = {**changes, "missing": None} if "missing" in changes else dict(changes)

    def group_of(group: Group) -> Group:
        return group.model_copy(update={**inner, "groups": tuple(map(group_of, group.groups))})

    scoring = plan.scoring.model_copy(update=dict(changes))
    return plan.model_copy(update={"groups": tuple(map(group_of, plan.groups)), "scoring": scoring})
