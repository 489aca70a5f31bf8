"""The groups of one unit: what each scored, covers, counts for and brings."""

from __future__ import annotations

from typing import Any

from services.scoring.domain.explain.indicators import Counts
from services.scoring.domain.explain.plain import plain
from services.scoring.domain.tree import Node
from shared.plan.model import Group


def groups_by_code(groups: tuple[Group, ...]) -> dict[str, Group]:
    """Every group of the tree, in document order."""
    found: dict[str, Group] = {}
    for group in groups:
        found |= {group.code: group} | groups_by_code(group.groups)
    return found


def node_row(node: Node, group: Group, at: int, own: Counts) -> dict[str, Any]:
    """One group as JSON values."""
    combined, in_points = node.combined, node.aggregate == "points"
    counts = bool(combined.counted[at] > 0)
    return {
        "code": node.code,
        "parent": node.parent,
        "names": group.names.model_dump(),
        "aggregate": node.aggregate,
        "weight": node.weight,
        "effective_weight": own.weight,
        "status": "rated" if counts else "missing" if combined.applicable[at] else "not_applicable",
        "score": plain(combined.score, at),
        "points": float(combined.earned[at]) if in_points and counts else None,
        "points_max": float(combined.counted[at]) if in_points and counts else None,
        "coverage": float(combined.coverage[at]),
        "contribution": own.contribution,
        "lost": own.lost,
    }
