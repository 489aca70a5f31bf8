"""The tree of a plan once more, the slow and obvious way: one unit at a time, in exact fractions where possible.

Written from the product's text, not from the engine: it shares no code with it. Logarithms and powers are floats.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction as F
from typing import Any

from shared.plan.groups import BudgetAllocation, Combination
from shared.plan.model import Group, Indicator, Plan

Number = F | float
OUT = {"not_applicable", "not_due", "excluded", "informational"}
Cells = Mapping[str, Mapping[str, tuple[str, Number | None]]]
"""Indicator -> unit -> (status, share)."""


@dataclass
class Child:
    score: Number | None
    whole: F
    counted: F
    earned: Number
    coverage: Number
    stops: bool
    void: bool
    worth: Number = F(0)


@dataclass
class Node:
    """One node for one unit."""

    score: Number | None
    whole: F
    counted: F
    earned: Number
    coverage: Number
    void: bool


def indices(plan: Plan, units: Mapping[str, str], cells: Cells) -> dict[str, Node]:
    """The index of every unit (unit -> peer group)."""
    found = Tree(plan, units, cells).node(None, plan.scoring.missing)
    for one in found.values():
        if one.void:
            one.score = F(0)
    return found


@dataclass
class Tree:
    plan: Plan
    units: Mapping[str, str]
    cells: Cells

    def node(self, group: Group | None, above: str) -> dict[str, Node]:
        spec: Combination = group or self.plan.scoring
        policy = spec.missing or above
        leaves = group.indicators if group else ()
        groups = group.groups if group else self.plan.groups
        inner = [self.node(one, policy) for one in groups]
        children: dict[str, list[Child]] = {}
        for unit in self.units:
            own = self.weights(spec, leaves, groups, unit)
            children[unit] = [self.leaf(one, unit, own[one.code], policy) for one in leaves]
            for one, found in zip(groups, inner, strict=True):
                children[unit].append(as_child(spec, one, found[unit], own[one.code], policy))
        return self.combined(spec, children)

    def weights(
        self, spec: Combination, leaves: Sequence[Indicator], groups: Sequence[Group], unit: str
    ) -> dict[str, F]:
        weights = {one.code: F(one.weight) for one in leaves} | {one.code: F(one.weight) for one in groups}
        counting = [one.code for one in leaves if one.method.kind != "informational"] + [one.code for one in groups]
        if spec.weighting.kind == "equal":
            weights = {code: F(code in counting) for code in weights}
        if isinstance(spec.weighting, BudgetAllocation):
            experts = spec.weighting.experts
            means = [
                sum(map(F, points), F(0)) / len(experts) for points in zip(*(e.points for e in experts), strict=True)
            ]
            weights = {code: dict(zip(counting, means, strict=True)).get(code, F(0)) for code in weights}
        for one in self.plan.scoring.weight_sets:
            if self.units[unit] in one.peer_groups:
                weights |= {code: F(weight) for code, weight in one.weights.items() if code in weights}
        return weights

    def leaf(self, one: Indicator, unit: str, weight: F, above: str) -> Child:
        status, share = self.cells[one.code][unit]
        covered = F(status in ("observed", "estimated"))
        return child(share, status not in OUT, weight, covered, one.missing or above, one.mandatory)

    def combined(self, spec: Combination, children: Mapping[str, list[Child]]) -> dict[str, Node]:
        rated = {unit: is_rated(spec, own) for unit, own in children.items()}
        scores: dict[str, Number | None] = dict.fromkeys(children)
        for unit, own in children.items():
            if rated[unit] and spec.aggregate in ("borda", "copeland"):
                scores[unit] = self.place(spec, unit, {one: children[one] for one in children if rated[one]})
            elif rated[unit]:
                scores[unit] = MEANS[spec.aggregate](spec, counts(own))
            if rated[unit] and spec.zero_component == "voids" and any(one.score == 0 for one in counts(own)):
                scores[unit] = F(0)
        return {unit: total(own, scores[unit]) for unit, own in children.items()}

    def place(self, spec: Combination, unit: str, rated: Mapping[str, list[Child]]) -> Number:
        everyone = self.plan.scoring.rank_within == "all"
        others = [u for u in rated if u != unit and (everyone or self.units[u] == self.units[unit])]
        mine = rated[unit]
        if spec.aggregate == "borda":
            shares = [(one.counted, beaten(one, [rated[u][at] for u in others])) for at, one in enumerate(mine)]
            return sum((w * share for w, share in shares if w > 0), F(0)) / sum((w for w, _ in shares), F(0))
        points, duels = F(0), 0
        for other in others:
            margins = [one.counted * compare(one, two) for one, two in zip(mine, rated[other], strict=True)]
            if any(one.counted > 0 and two.counted > 0 for one, two in zip(mine, rated[other], strict=True)):
                exact = [
                    F(str(float(one.counted))) * (1 if m > 0 else -1 if m < 0 else 0)
                    for one, m in zip(mine, margins, strict=True)
                ]
                points += F(1) if sum(exact) > 0 else F(1, 2) if sum(exact) == 0 else F(0)
                duels += 1
        return points / duels if duels else F(1)


def compare(one: Child, two: Child) -> int:
    if one.counted == 0 or two.counted == 0:
        return 0
    a, b = round(float(one.score or 0), 9), round(float(two.score or 0), 9)
    return (a > b) - (a < b)


def beaten(one: Child, others: list[Child]) -> F:
    held = [two for two in others if two.counted > 0]
    return F(sum(compare(one, two) > 0 for two in held), len(held)) if held else F(1)


def child(  # noqa: PLR0917 - what a child is, in the order of its columns
    score: Number | None, applies: bool, weight: F, covered: Number, policy: str, mandatory: bool, void: bool = False
) -> Child:
    absent = applies and score is None and weight > 0
    whole = weight if applies else F(0)
    if absent and policy in ("zero", "void"):
        score = F(0)
    counted = whole if score is not None else F(0)
    stops = absent and (mandatory or policy == "missing")
    earned = counted * score if score is not None and counted > 0 else F(0)
    return Child(score, whole, counted, earned, covered, stops, void or (absent and policy == "void"))


def as_child(spec: Combination, group: Group, found: Node, weight: F, policy: str) -> Child:
    """Points within points add up; anything else counts with its own weight."""
    if spec.aggregate != "points" or group.aggregate != "points":
        return child(found.score, found.whole > 0, weight, found.coverage, policy, group.mandatory, found.void)
    absent = found.whole > 0 and found.counted == 0
    filled = absent and policy in ("zero", "void")
    return Child(
        F(0) if filled else found.score,
        found.whole,
        found.whole if filled else found.counted,
        found.earned,
        found.coverage,
        absent and (group.mandatory or policy == "missing"),
        found.void or (absent and policy == "void"),
    )


def counts(children: list[Child]) -> list[Child]:
    return [one for one in children if one.counted > 0]


def is_rated(spec: Combination, children: list[Child]) -> bool:
    live = counts(children)
    if not live or len(live) < spec.min_children or any(one.stops for one in children):
        return False
    if spec.coverage_by == "count":
        have, of = F(len(live)), F(sum(one.whole > 0 for one in children))
    else:
        have, of = sum((one.whole for one in live), F(0)), sum((one.whole for one in children), F(0))
    return have >= of * (F(spec.min_coverage) - F(1, 10**12))


def total(children: list[Child], score: Number | None) -> Node:
    whole = sum((one.whole for one in children), F(0))
    covered = sum((one.whole * one.coverage for one in children), F(0)) / whole if whole else F(0)
    counted = sum((one.counted for one in children), F(0)) if score is not None else F(0)
    earned: Number = sum((one.earned for one in children), F(0)) if score else F(0)
    return Node(score, whole, counted, earned, covered, any(one.void for one in children))


def mean(live: list[Child]) -> Number:
    return sum((one.earned for one in live), F(0)) / sum((one.counted for one in live), F(0))


def lifted(spec: Combination, score: Number) -> Number:
    if spec.zero_policy == "shift":
        return F(1, 100) + F(99, 100) * score if isinstance(score, F) else 0.01 + 0.99 * score
    return max(score, F(1, 100)) if spec.zero_policy == "floor" else score


def quasi(power: float, spec: Combination, live: list[Child]) -> Number:
    """The power mean; 0 is the geometric one."""
    if power <= 0 and spec.zero_policy == "strict" and any(one.score == 0 for one in live):
        return F(0)
    whole = sum((one.counted for one in live), F(0))
    parts = [(float(one.counted / whole), float(lifted(spec, one.score or F(0)))) for one in live]
    if power == 0:
        found = math.exp(math.fsum(w * math.log(s) for w, s in parts))
    else:
        found = math.fsum(w * s**power for w, s in parts) ** (1 / power)
    found = (found - 0.01) / 0.99 if spec.zero_policy == "shift" else found
    ends = [one.score or F(0) for one in live]
    if spec.zero_policy == "floor":
        ends = [lifted(spec, one) for one in ends]
    return min(max(found, min(ends)), max(ends))


def owa(spec: Combination, live: list[Child]) -> Number:
    """Each child takes as much of the order as its weight; the order's weights spread evenly over it."""
    whole, result, reached = sum((one.counted for one in live), F(0)), F(0), F(0)
    steps = [F(v) for v in spec.order_weights]

    def area(until: F) -> F:
        at = until * len(steps)
        full = math.floor(at)
        part = sum(steps[:full], F(0)) + (steps[full] * (at - full) if full < len(steps) else F(0))
        return part / sum(steps, F(0))

    for one in sorted(live, key=lambda c: -F(c.score or 0)):
        following = reached + one.counted / whole
        result += F(one.score or 0) * (area(following) - area(reached))
        reached = following
    return result


def penalised(_: Combination, live: list[Child]) -> Number:
    middle = mean(live)
    if middle == 0:
        return F(0)
    whole = sum((one.counted for one in live), F(0))
    spread = sum((one.counted * ((one.score or F(0)) - middle) ** 2 for one in live), F(0)) / whole
    found = middle - spread / middle
    return found if found > 1e-12 else F(0)


def mean_min(spec: Combination, live: list[Child]) -> Number:
    part = F(spec.minimum_share)
    return (1 - part) * mean(live) + part * least(live)


def least(live: list[Child]) -> Number:
    return min(one.score for one in live if one.score is not None)


MEANS: dict[str, Callable[[Combination, list[Child]], Any]] = {
    "points": lambda _, live: mean(live),
    "arithmetic": lambda _, live: mean(live),
    "geometric": lambda spec, live: quasi(0.0, spec, live),
    "harmonic": lambda spec, live: quasi(-1.0, spec, live),
    "power": lambda spec, live: quasi(spec.power or 0.0, spec, live),
    "minimum": lambda _, live: least(live),
    "owa": owa,
    "penalised_mean": penalised,
    "mean_min": mean_min,
}
