"""The plan's tree computed bottom up: every group, then the index, for every unit at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from services.scoring.domain.aggregate import Aggregate, Child, Combined, child, combine, points_child
from services.scoring.domain.cells import Bools, Floats, Ints
from services.scoring.domain.comparisons import Among
from services.scoring.domain.weights import Weights, rows_of, weights_of
from shared.plan.base import MissingPolicy
from shared.plan.groups import Combination
from shared.plan.model import Group, Indicator, Plan


@dataclass(frozen=True, slots=True)
class Node:
    """A group (or the index, whose code is "") with what it was made of, in declared order.

    `weight` is what the plan declares for it; `weights` are those of its children as they were used, before the sets
    of single peer groups; `missing` is the policy for what is inside.
    """

    code: str
    parent: str | None
    aggregate: Aggregate
    weight: float
    combined: Combined
    children: tuple[Child, ...]
    nodes: tuple[Node, ...]
    """The children that are groups themselves: the last of `children`, in the same order."""
    spec: Combination
    weights: Weights
    missing: MissingPolicy


@dataclass(frozen=True, slots=True)
class Scored:
    """What a leaf brings: shares (NaN where none), where it applies and counts, and where its value was reported.

    Without `reported`, every share was.
    """

    share: Floats
    applicable: Bools
    reported: Bools | None = None


Joined = Callable[[Combination, str, Sequence[Child], "Terms"], Combined]


def _joined(spec: Combination, code: str, children: Sequence[Child], terms: Terms) -> Combined:
    return combine(spec, children, code=code, among=terms.among, lenient=terms.lenient)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the tree is grown under beside the plan.

    `peer` numbers each unit's peer group in `peer_groups` (weight sets need both), `among` who is compared with whom,
    `frozen` weights of groups that come from data. To ask what would be: `missing` in place of every policy, `lenient`
    without demands on coverage, `joined` in place of the ordinary way to make a node of its children.
    """

    peer: Ints | None = None
    peer_groups: tuple[str, ...] = ()
    among: Among | None = None
    frozen: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    missing: MissingPolicy | None = None
    lenient: bool = False
    joined: Joined = _joined


PLAIN = Terms()


def grow(plan: Plan, leaves: Mapping[str, Scored], terms: Terms = PLAIN) -> Node:
    """The index of the plan from its scored leaves. Undefined where the plan refuses to compute."""
    index = _Growth(plan, leaves, terms).node(None, None, plan.scoring.missing)
    void = index.combined.void
    if void is None or not void.any():
        return index
    return replace(index, combined=replace(index.combined, score=np.where(void, 0.0, index.combined.score)))


def walk(node: Node) -> Sequence[Node]:
    """The groups below a node, parents before children, in document order."""
    found: list[Node] = []
    for inner in node.nodes:
        found.append(inner)
        found.extend(walk(inner))
    return found


@dataclass(frozen=True, slots=True)
class _Growth:
    plan: Plan
    leaves: Mapping[str, Scored]
    terms: Terms

    def node(self, group: Group | None, parent: str | None, above: MissingPolicy) -> Node:
        """The node of a group; of none, the index."""
        spec: Combination = group or self.plan.scoring
        groups = group.groups if group else self.plan.groups
        indicators = group.indicators if group else ()
        code, weight = (group.code, group.weight) if group else ("", 0.0)
        missing = spec.missing or above
        nodes = tuple(self.node(one, code or None, missing) for one in groups)
        declared = {leaf.code: leaf.weight for leaf in indicators} | {one.code: one.weight for one in groups}
        weights = self._weights(spec, code, declared, indicators, nodes)
        terms = self.terms
        sets = self.plan.scoring.weight_sets
        if sets and terms.peer is not None:
            rows = rows_of(weights.values, sets, terms.peer_groups, terms.peer)
        else:
            rows = dict(weights.values)
        children = [self._leaf(one, rows[one.code], missing) for one in indicators]
        children += [
            self._inner(spec, node, rows[node.code], missing, one.mandatory)
            for node, one in zip(nodes, groups, strict=True)
        ]
        combined = terms.joined(spec, code, children, terms)
        return Node(code, parent, spec.aggregate, weight, combined, tuple(children), nodes, spec, weights, missing)

    def _weights(
        self,
        spec: Combination,
        code: str,
        declared: Mapping[str, float],
        indicators: Sequence[Indicator],
        nodes: Sequence[Node],
    ) -> Weights:
        if spec.weighting.kind == "manual":
            return Weights("manual", declared)
        counting = [one.code for one in indicators if one.method.kind != "informational"]
        scores = {one: self.leaves[one].share for one in counting} | {node.code: node.combined.score for node in nodes}
        counting += [node.code for node in nodes]
        return weights_of(spec, declared, counting, scores, self.terms.frozen.get(code))

    def _leaf(self, indicator: Indicator, weight: float | Floats, above: MissingPolicy) -> Child:
        scored = self.leaves[indicator.code]
        return child(
            indicator.code,
            weight,
            score=scored.share,
            applicable=scored.applicable,
            reported=scored.reported,
            missing=self.terms.missing or indicator.missing or above,
            mandatory=indicator.mandatory and not self.terms.lenient,
        )

    def _inner(
        self, spec: Combination, node: Node, weight: float | Floats, above: MissingPolicy, mandatory: bool
    ) -> Child:
        missing, mandatory = self.terms.missing or above, mandatory and not self.terms.lenient
        if spec.aggregate == "points" and node.aggregate == "points":
            return points_child(node.code, node.combined, missing=missing, mandatory=mandatory)
        combined = node.combined
        return child(
            node.code,
            weight,
            score=combined.score,
            applicable=combined.applicable,
            reported=combined.coverage,
            missing=missing,
            mandatory=mandatory,
            void=combined.void,
        )
