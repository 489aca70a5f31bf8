"""The whole evaluation once more, the slow and obvious way: one unit at a time, in exact fractions where possible.

Written from the product's text, not from the engine: it shares no code with it. Logarithms and powers are floats.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction as F
from typing import Any

from shared.plan.model import Group, Indicator, Plan

OUT = {"not_applicable", "not_due", "excluded", "informational"}
Number = F | float


@dataclass
class Cell:
    """One unit's accepted annual value: a number, (numerator, denominator), "n/a", or None when not reported."""

    given: Any


@dataclass
class Result:
    index: float | None
    published: float | None
    coverage: float
    statuses: dict[str, str]
    shares: dict[str, float | None]


def evaluate(plan: Plan, year: int, units: dict[str, str], cells: dict[str, dict[str, Cell]]) -> dict[str, Result]:
    """Unit -> peer group, indicator -> unit -> cell."""
    shares: dict[str, dict[str, tuple[str, Number | None]]] = {}
    for one in plan.indicators():
        values = {unit: annual(one, cells[one.code][unit], group) for unit, group in units.items()}
        shares[one.code] = {unit: share(one, year, unit, units, values) for unit in units}
    index: dict[str, Number | None] = {}
    coverage = {}
    for unit in units:
        children = [node(plan, group, unit, shares) for group in plan.groups]
        tops = [as_child(plan.scoring.aggregate, one, child) for one, child in zip(plan.groups, children, strict=True)]
        top = combine(plan.scoring.aggregate, tops, plan.scoring.missing, plan.scoring.min_coverage)
        index[unit], coverage[unit] = top[0], top[1]
    published = {unit: None if s is None else half_up(s, plan.scoring.decimals) for unit, s in index.items()}
    return {
        unit: Result(
            index=None if index[unit] is None else float(index[unit] or 0),
            published=published[unit],
            coverage=float(coverage[unit]),
            statuses={code: rows[unit][0] for code, rows in shares.items()},
            shares={code: None if (own := rows[unit][1]) is None else float(own) for code, rows in shares.items()},
        )
        for unit in units
    }


def half_up(value: Number, decimals: int) -> float:
    return math.floor(float(value) * 10.0**decimals + 0.5 + 1e-9) / 10.0**decimals


def annual(one: Indicator, cell: Cell, group: str) -> tuple[str, F | None, F | None]:
    """(status, value, official ratio)."""
    given = cell.given
    if (one.applies_to and group not in one.applies_to) or given == "n/a":
        return "not_applicable", None, None
    if given is None:
        return "not_reported", None, None
    ratio = None
    if isinstance(given, tuple):
        numerator, denominator = F(given[0]), F(given[1])
        if denominator == 0:
            return ("not_applicable" if one.empty_denominator == "not_applicable" else "suppressed"), None, None
        ratio = numerator / denominator
        value = F(float(F(one.scale) * ratio))
        if one.type == "ratio" and not one.allow_over_100 and ratio > 1:
            return "invalid", None, None
    else:
        value = F(given)
    if (one.low is not None and value < F(one.low)) or (one.high is not None and value > F(one.high)):
        return "invalid", None, None
    return "observed", value, ratio


def clip(value: F, top: F = F(1)) -> F:
    return max(F(0), min(top, value))


def share(  # noqa: PLR0911, PLR0912 - one branch per method, so that it can be read against the text
    one: Indicator, year: int, unit: str, units: dict[str, str], values: dict[str, tuple[str, F | None, F | None]]
) -> tuple[str, Number | None]:
    status, value, ratio = values[unit]
    if value is None:
        return status, None
    everyone = [v for s, v, _ in values.values() if v is not None]
    peers = [v for u, (s, v, _) in values.items() if v is not None and units[u] == units[unit]]
    method = one.method
    lower = one.direction == "lower"
    own = one.target(year, unit)
    target = None if own is None else F(own)
    result: Number
    if method.kind == "informational":
        return "informational", None
    if method.kind == "linear_to_target":
        if target is None or (target == 0 and method.zero_target == "exclude"):
            return "excluded", None
        if target == 0:
            return status, F(1) if method.zero_target == "full" else F(0)
        if lower:
            result = F(method.cap) if value <= 0 else clip(target / value, F(method.cap))
        else:
            result = clip(value / target, F(method.cap))
        return status, result
    if method.kind == "lower_is_better":
        if target is None:
            return "excluded", None
        worst = F(method.worst)
        return status, F(1) if value <= target else F(0) if value >= worst else (worst - value) / (worst - target)
    if method.kind == "steps":
        reached = [step.share for step in method.steps if value >= F(step.at_least)]
        return status, F(reached[-1]) if reached else F(0)
    if method.kind == "level_map":
        named = {level.level: level.share for level in method.levels}
        return (status, F(named[int(value)])) if value in named else ("invalid", None)
    if method.kind == "boolean":
        if value not in (0, 1):
            return "invalid", None
        result = value
    elif method.kind == "official_ratio":
        assert ratio is not None
        result = clip(ratio)
    elif method.kind == "share_of_peer_max":
        if max(peers) <= 0:
            return "excluded", None
        result = clip(value / max(peers))
    elif method.kind == "min_max_goalposts":
        low, high = method.low, method.high
        if method.log:
            if value <= 0:
                return status, F(0)
            result = max(0.0, min(1.0, (math.log(value) - math.log(low)) / (math.log(high) - math.log(low))))
        else:
            result = clip((value - F(low)) / (F(high) - F(low)))
    else:
        assert method.kind == "zscore_minmax"
        if len(everyone) < 2 or min(everyone) == max(everyone):
            return "excluded", None
        mean = sum(everyone) / len(everyone)
        variance = sum((v - mean) ** 2 for v in everyone) / (len(everyone) - method.ddof)
        z = [float(v - mean) / math.sqrt(variance) for v in everyone]
        mine = float(value - mean) / math.sqrt(variance)
        result = (mine - min(z)) / (max(z) - min(z))
    return status, 1 - result if lower else result


Child = tuple[Number | None, Number, Number, Number, Number]
"""(score, coverage, whole weight, counted weight, earned)"""


def node(plan: Plan, group: Group, unit: str, shares: dict[str, dict[str, tuple[str, Number | None]]]) -> Child:
    children: list[Child] = []
    for one in group.indicators:
        status, score = shares[one.code][unit]
        whole = F(0) if status in OUT else F(one.weight)
        covered = F(1) if score is not None else F(0)
        if score is None and status not in OUT and plan.scoring.missing == "zero":
            score = F(0)
        counted = whole if score is not None else F(0)
        children.append((score, covered, whole, counted, counted * (score or 0)))
    for inner in group.groups:
        children.append(as_child(group.aggregate, inner, node(plan, inner, unit, shares)))
    return combine(group.aggregate, children, plan.scoring.missing, group.min_coverage)


def as_child(parent: str, inner: Group, found: Child) -> Child:
    """Points within points add up; anything else counts with its own weight."""
    if parent == "points" and inner.aggregate == "points":
        return found
    score, covered, whole, _, _ = found
    weight = F(inner.weight) if whole > 0 else F(0)
    counted = weight if score is not None else F(0)
    return score, covered, weight, counted, counted * (score or 0)


def combine(kind: str, children: list[Child], missing: str, least: float) -> Child:
    whole = sum((c[2] for c in children), F(0))
    counted = sum((c[3] for c in children), F(0))
    earned = sum((c[4] for c in children), F(0))
    present = sum((c[2] for c in children if c[3] > 0), F(0))
    covered = sum((c[1] * c[2] for c in children), F(0)) / whole if whole > 0 else F(0)
    need = F(1) if missing == "missing" else F(least) if missing == "reweight" else F(0)
    if counted == 0 or present < whole * (need - F(1, 10**12)):
        return None, covered, whole, F(0), F(0)
    if kind != "geometric":
        return earned / counted, covered, whole, counted, earned
    scores = [(c[0], c[3]) for c in children if c[3] > 0]
    if any(s == 0 for s, _ in scores):
        return F(0), covered, whole, counted, earned
    logs = math.fsum(float(w / counted) * math.log(s) for s, w in scores if s is not None)
    return math.exp(logs), covered, whole, counted, earned
