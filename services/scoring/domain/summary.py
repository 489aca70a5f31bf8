"""What an evaluation says about each unit and each peer group: the plain content of events and lists."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from services.scoring.domain.bands import NOT_RATED
from services.scoring.domain.cells import Floats, Status, carries_value, is_missing
from services.scoring.domain.evaluate import Evaluation, Leaf
from services.scoring.domain.rank import UNRANKED
from services.scoring.domain.standings import standings
from services.scoring.domain.tree import Node, walk

LABELS = [status.label for status in Status]


def unit_contents(evaluation: Evaluation, *, provisional: bool) -> list[dict[str, Any]]:
    """One dict per unit of the cohort, in its order: everything of a `ScoreState` that the inputs determine."""
    indicators = [_indicator_rows(evaluation, leaf) for leaf in evaluation.leaves.values()]
    groups = [_group_rows(node) for node in walk(evaluation.index)]
    published, bands = optional(evaluation.published), evaluation.plan.scoring.bands
    rank, ranked, band = evaluation.ranking.rank.tolist(), evaluation.ranking.ranked.tolist(), evaluation.band.tolist()
    shown, standing = evaluation.shown.tolist(), standings(evaluation)
    coverage = evaluation.index.combined.coverage.tolist()
    return [
        {
            "plan_version": evaluation.plan.version,
            "peer_group": evaluation.cohort.peer_group(at),
            "index": published[at],
            "band": None if band[at] == NOT_RATED else bands[band[at]].code,
            "rank": None if rank[at] == UNRANKED or not shown[at] else rank[at],
            "ranked": ranked[at],
            "rank_shown": shown[at],
            **standing[at],
            "coverage": coverage[at],
            "groups": [rows[at] for rows in groups],
            "indicators": [rows[at] for rows in indicators],
            "provisional": provisional,
        }
        for at in range(len(evaluation.cohort.units))
    ]


def left_content(plan_version: str, peer_group: str) -> dict[str, Any]:
    """The content for a unit that is no longer in the cohort: not rated, nothing inside, whatever the others do."""
    return {
        "plan_version": plan_version,
        "peer_group": peer_group,
        "index": None,
        "band": None,
        "rank": None,
        "ranked": 0,
        "coverage": 0.0,
        "groups": [],
        "indicators": [],
        "provisional": False,
    }


def peer_contents(evaluation: Evaluation) -> list[dict[str, Any]]:
    """One dict per peer group: how many units, how many rated, mean published index, units per band."""
    codes = [band.code for band in evaluation.plan.scoring.bands]
    contents = []
    for number, peer_group in enumerate(evaluation.cohort.peer_groups):
        inside = evaluation.cohort.peer == number
        bands = evaluation.band[inside & (evaluation.band != NOT_RATED)]
        counts = np.bincount(bands, minlength=len(codes)).tolist()
        contents.append(
            {
                "peer_group": peer_group,
                "units": int(inside.sum()),
                "ranked": int(np.isfinite(evaluation.published[inside]).sum()),
                "mean_index": mean(evaluation.published[inside]),
                "bands": dict(zip(codes, counts, strict=True)),
            }
        )
    return contents


def mean(published: Floats) -> float | None:
    """Mean of the rated units' published index; None when nobody is rated."""
    rated = published[np.isfinite(published)]
    return float(math.fsum(rated.tolist()) / len(rated)) if len(rated) else None


def optional(row: Floats) -> list[float | None]:
    """The row as plain floats, None where it has no value."""
    values: list[float | None] = row.tolist()
    blanks = np.flatnonzero(np.isnan(row))
    if len(blanks) == len(values):
        return [None] * len(values)
    for at in blanks.tolist():
        values[at] = None
    return values


def leaf_points(evaluation: Evaluation, leaf: Leaf) -> tuple[Floats, Floats]:
    """(points, points_max) of an indicator under points; NaN where it does not count or its parent is a mean."""
    units = len(evaluation.cohort.units)
    parent = next(node for node in walk(evaluation.index) if node.code == leaf.group)
    if parent.aggregate != "points":
        return np.full(units, np.nan), np.full(units, np.nan)
    child = next(child for child in parent.children if child.code == leaf.indicator.code)
    counts = child.counted > 0
    return np.where(counts, child.earned, np.nan), np.where(counts, child.counted, np.nan)


def _indicator_rows(evaluation: Evaluation, leaf: Leaf) -> Sequence[dict[str, Any]]:
    points, points_max = leaf_points(evaluation, leaf)
    shown = np.where(is_missing(leaf.status) | carries_value(leaf.status), leaf.target, np.nan)
    columns = (
        leaf.status.tolist(),
        optional(leaf.column.value),
        optional(shown),
        optional(leaf.share),
        optional(points),
        optional(points_max),
    )
    return [
        {
            "code": leaf.indicator.code,
            "group": leaf.group,
            "status": LABELS[status],
            "value": value,
            "target": target,
            "share": share,
            "points": earned,
            "points_max": most,
        }
        for status, value, target, share, earned, most in zip(*columns, strict=True)
    ]


def _group_rows(node: Node) -> Sequence[dict[str, Any]]:
    in_points = node.aggregate == "points"
    counts = node.combined.counted > 0
    points = np.where(counts & in_points, node.combined.earned, np.nan)
    points_max = np.where(counts & in_points, node.combined.counted, np.nan)
    columns = (
        optional(node.combined.score),
        optional(points),
        optional(points_max),
        node.combined.coverage.tolist(),
    )
    return [
        {
            "code": node.code,
            "parent": node.parent,
            "score": score,
            "points": earned,
            "points_max": most,
            "coverage": coverage,
        }
        for score, earned, most, coverage in zip(*columns, strict=True)
    ]
