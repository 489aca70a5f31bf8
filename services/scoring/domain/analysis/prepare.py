"""Making an evaluation ready for other weights: its tree as branches, chains of points flattened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from services.scoring.domain.aggregate import LINEAR
from services.scoring.domain.analysis.prepared import ABSENT, OUT, PRESENT, Branch, Prepared, Rule, patterns
from services.scoring.domain.analysis.slots import slots_of
from services.scoring.domain.cells import Codes, Floats
from services.scoring.domain.child import Child
from services.scoring.domain.evaluate import Evaluation
from services.scoring.domain.means import scale_of
from services.scoring.domain.tree import Node, walk
from shared.plan.groups import Combination, Group
from shared.plan.model import Plan

Term = tuple[tuple[int, ...], float]
"""Slots whose product, divided by the number, is a weight."""


def prepare(evaluation: Evaluation, group: str = "") -> Prepared | None:
    """The index, or a group, ready for other weights.

    None where the plan's methods do not allow it: then the engine computes every draw.
    """
    if evaluation.plan.scoring.weight_sets or not _plain(evaluation.plan):
        return None
    nodes = (evaluation.index, *walk(evaluation.index))
    growth = _Growth(evaluation)
    growth.grow(next(node for node in nodes if node.code == group))
    return Prepared(growth.slots, tuple(growth.branches), len(evaluation.cohort.units))


def combinations(plan: Plan) -> dict[str, Combination]:
    """Node ("" for the index) -> how it combines its children."""
    found: dict[str, Combination] = {"": plan.scoring}

    def look(groups: Sequence[Group]) -> None:
        for group in groups:
            found[group.code] = group
            look(group.groups)

    look(plan.groups)
    return found


def _plain(plan: Plan) -> bool:
    """Every node is a mean of its own children; no policy reaches across nodes."""
    nodes = combinations(plan)
    if "void" in {node.missing for node in nodes.values()} | {leaf.missing for leaf in plan.indicators()}:
        return False
    for node in nodes.values():
        if scale_of(node) is None or node.zero_component != "counts" or node.zero_policy == "error":
            return False
    return all(_flattens(plan.scoring, group, plan.scoring.missing) for group in plan.groups)


def _flattens(parent: Combination, group: Group, policy: str) -> bool:
    """Points inside points simply add up, unless either has conditions, or the inner one a policy of its own."""
    own = group.missing or policy
    if parent.aggregate == group.aggregate == "points":
        held = {own, *(leaf.missing or own for leaf in group.indicators)}
        conditions = any(node.min_coverage > 0 or node.min_children > 0 for node in (parent, group))
        mandatory = group.mandatory or any(leaf.mandatory for leaf in group.indicators)
        if held != {policy} or conditions or mandatory:
            return False
    return all(_flattens(group, inner, own) for inner in group.groups)


@dataclass(slots=True)
class _Parts:
    """What is gathered of one flattened node: of its leaves, then of the branches below it."""

    rows: list[Floats] = field(default_factory=list)
    states: list[Codes] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    stops: list[bool] = field(default_factory=list)
    branches: list[int] = field(default_factory=list)
    branch_terms: list[Term] = field(default_factory=list)
    branch_stops: list[bool] = field(default_factory=list)
    branch_fills: list[bool] = field(default_factory=list)

    def rule(self, made: Combination) -> Rule:
        return Rule(
            min_coverage=made.min_coverage,
            by_count=made.coverage_by == "count",
            min_children=made.min_children,
            stops=np.array(self.stops + self.branch_stops, dtype=bool),
            fills=np.array([False] * len(self.rows) + self.branch_fills, dtype=bool),
        )


class _Growth:
    """Branches, bottom up, of one evaluation."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation
        self._made = combinations(evaluation.plan)
        self.slots = slots_of(evaluation)
        self.branches: list[Branch] = []

    def grow(self, node: Node) -> int:
        """Append the node's branch after those below it; its number."""
        parts = _Parts()
        self._collect(node, parts, ((), 1.0))
        made, units = self._made[node.code], len(self._evaluation.cohort.units)
        scale = None if made.aggregate in LINEAR else scale_of(made)
        rows = np.array(parts.rows).reshape(len(parts.rows), units)
        states = np.array(parts.states, dtype=np.int8).reshape(len(parts.rows), units)
        zero = np.zeros_like(states, dtype=bool)
        if scale is not None:
            zero = (rows <= 0) & (states == PRESENT) & scale.zero_kills
            counts = (states == PRESENT) & ~zero
            rows = np.where(counts, scale.forward(scale.lifted(np.where(counts, rows, 1.0))), 0.0)
        distinct, pattern = patterns(states)
        self.branches.append(
            Branch(
                scale=scale,
                rule=parts.rule(made),
                rows=np.ascontiguousarray(rows),
                terms=tuple(parts.terms + parts.branch_terms),
                branches=tuple(parts.branches),
                leaf_states=states,
                patterns=distinct,
                pattern=pattern,
                zero_leaves=zero,
            )
        )
        return len(self.branches) - 1

    def _collect(self, node: Node, parts: _Parts, above: Term) -> None:
        """The children of a node, and of the points inside it, with the slots that their weight is the product of."""
        below = {inner.code: inner for inner in node.nodes}
        for child in node.children:
            term = ((*above[0], self.slots.at[node.code, child.code]), above[1])
            inner = below.get(child.code)
            if inner is None:
                self._leaf(child, node.missing, parts)
                parts.terms.append(term)
            elif node.aggregate == inner.aggregate == "points":
                total = float(self.slots.weight[self.slots.part(self.slots.nodes.index(inner.code))].sum())
                self._collect(inner, parts, (term[0], term[1] * (total or 1.0)))
            else:
                group = self._made[inner.code]
                assert isinstance(group, Group)
                parts.branches.append(self.grow(inner))
                parts.branch_terms.append(term)
                parts.branch_stops.append(group.mandatory or node.missing == "missing")
                parts.branch_fills.append(node.missing == "zero" and not group.mandatory)

    def _leaf(self, child: Child, above: str, parts: _Parts) -> None:
        leaf = self._evaluation.leaves[child.code]
        # A zero in the place of a missing value counts, unless the value is mandatory.
        has = leaf.applicable & np.isfinite(leaf.share if leaf.indicator.mandatory else child.score)
        parts.rows.append(np.where(has, child.score, 0.0))
        parts.states.append(np.where(has, PRESENT, np.where(leaf.applicable, ABSENT, OUT)).astype(np.int8))
        parts.stops.append(leaf.indicator.mandatory or (leaf.indicator.missing or above) == "missing")
