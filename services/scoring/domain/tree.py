"""The plan's tree computed bottom up: every group, then the index, for every unit at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.scoring.domain.aggregate import Aggregate, Child, Combined, combine, leaf, mean_child, points_child
from services.scoring.domain.cells import Bools, Floats
from shared.plan.model import Group, Indicator, Plan, Scoring


@dataclass(frozen=True, slots=True)
class Node:
    """A group (or the index, whose code is "") with what it was made of, in declared order."""

    code: str
    parent: str | None
    aggregate: Aggregate
    weight: float
    combined: Combined
    children: tuple[Child, ...]
    nodes: tuple[Node, ...]
    """The children that are groups themselves: the last of `children`, in the same order."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What a leaf brings: shares (NaN where none) and where it applies and counts."""

    share: Floats
    applicable: Bools


def grow(plan: Plan, leaves: Mapping[str, Scored]) -> Node:
    """The index of the plan from its scored leaves."""
    scoring = plan.scoring
    nodes = tuple(_group(scoring, group, "", leaves) for group in plan.groups)
    children = [_as_child(scoring.aggregate, node) for node in nodes]
    combined = combine(scoring.aggregate, children, missing=scoring.missing, min_coverage=scoring.min_coverage)
    return Node("", None, scoring.aggregate, 0.0, combined, tuple(children), nodes)


def walk(node: Node) -> Sequence[Node]:
    """The groups below a node, parents before children, in document order."""
    found: list[Node] = []
    for child in node.nodes:
        found.append(child)
        found.extend(walk(child))
    return found


def _group(scoring: Scoring, group: Group, parent: str, leaves: Mapping[str, Scored]) -> Node:
    nodes = tuple(_group(scoring, child, group.code, leaves) for child in group.groups)
    children = [_leaf(scoring, indicator, leaves[indicator.code]) for indicator in group.indicators]
    children += [_as_child(group.aggregate, node) for node in nodes]
    combined = combine(group.aggregate, children, missing=scoring.missing, min_coverage=group.min_coverage)
    return Node(group.code, parent or None, group.aggregate, group.weight, combined, tuple(children), nodes)


def _leaf(scoring: Scoring, indicator: Indicator, scored: Scored) -> Child:
    return leaf(
        indicator.code,
        indicator.weight,
        share=scored.share,
        applicable=scored.applicable,
        missing=scoring.missing,
    )


def _as_child(parent: Aggregate, node: Node) -> Child:
    if parent == "points" and node.aggregate == "points":
        return points_child(node.code, node.combined)
    return mean_child(node.code, node.weight, node.combined)
