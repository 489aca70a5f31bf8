"""The whole evaluation once more, the slow and obvious way: one unit at a time, in exact fractions where possible.

Written from the product's text, not from the engine: it shares no code with it. Logarithms and powers are floats.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction as F

from shared.plan.model import Group, Plan
from tests.services.scoring.oracle_methods import LEFT_OUT, MISSING, Cell, History, Number, Posts, Scored, scored, shown

__all__ = ["Cell", "Result", "evaluate"]

OUT = {"not_applicable", "not_due", "excluded", "informational", "too_few", *(LEFT_OUT + status for status in MISSING)}


@dataclass
class Result:
    index: float | None
    published: float | None
    coverage: float
    statuses: dict[str, str]
    shares: dict[str, float | None]


def evaluate(
    plan: Plan,
    year: int,
    units: dict[str, str],
    cells: dict[str, dict[str, Cell]],
    *,
    history: History | None = None,
    posts: Posts | None = None,
) -> dict[str, Result]:
    """Unit -> peer group, indicator -> unit -> cell."""
    shares = {
        one.code: scored(plan, one, year, units, cells[one.code], history=history, posts=posts)
        for one in plan.indicators()
    }
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
            statuses={code: shown(rows[unit][0]) for code, rows in shares.items()},
            shares={code: None if (own := rows[unit][1]) is None else float(own) for code, rows in shares.items()},
        )
        for unit in units
    }


def half_up(value: Number, decimals: int) -> float:
    return math.floor(float(value) * 10.0**decimals + 0.5 + 1e-9) / 10.0**decimals


Child = tuple[Number | None, Number, Number, Number, Number]
"""(score, coverage, whole weight, counted weight, earned)"""


def node(plan: Plan, group: Group, unit: str, shares: dict[str, Scored]) -> Child:
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
