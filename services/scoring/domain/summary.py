"""What an evaluation says about each unit and each peer group: the plain content of events and lists."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from services.scoring.domain.bands import NOT_RATED
from services.scoring.domain.cells import Floats, Ints, Status, carries_value, is_missing
from services.scoring.domain.evaluate import Evaluation, Leaf
from services.scoring.domain.pace import Progress, pace_cells
from services.scoring.domain.rank import UNRANKED
from services.scoring.domain.standings import standings
from services.scoring.domain.tree import Node, walk

LABELS = [status.label for status in Status]
LISTED = (
    *("unit", "peer_group", "index", "band", "rank", "ranked", "rank_shown", "rank_fractional", "percentile"),
    *("coverage", "bounds", "confidence", "provisional", "layers", "groups"),
)
"""What a list says of each unit: everything but its indicators."""


def unit_contents(
    evaluation: Evaluation, at: Ints, *, provisional: bool, progress: Progress | None = None
) -> list[dict[str, Any]]:
    """One dict per unit at these positions of the cohort: everything of a `ScoreState` that the inputs determine.

    `progress`: to tell the pace of each indicator. Some 50 KB a unit with 60 indicators: a large
    cohort is told in slices.
    """
    indicators = [_indicator_rows(evaluation, leaf, at, progress) for leaf in evaluation.leaves.values()]
    groups = [_group_rows(node, at) for node in walk(evaluation.index)]
    published, bands = optional(evaluation.published[at]), evaluation.plan.scoring.bands
    ranking = evaluation.ranking.of(at)
    rank, ranked, band = ranking.rank.tolist(), ranking.ranked.tolist(), evaluation.band[at].tolist()
    shown, standing = evaluation.shown[at].tolist(), standings(evaluation, at)
    coverage = evaluation.index.combined.coverage[at].tolist()
    peers = evaluation.cohort.peer[at].tolist()
    return [
        {
            "plan_version": evaluation.plan.version,
            "peer_group": evaluation.cohort.peer_groups[peers[place]],
            "index": published[place],
            "band": None if band[place] == NOT_RATED else bands[band[place]].code,
            "rank": None if rank[place] == UNRANKED or not shown[place] else rank[place],
            "ranked": ranked[place],
            "rank_shown": shown[place],
            **standing[place],
            "coverage": coverage[place],
            "groups": [rows[place] for rows in groups],
            "indicators": [rows[place] for rows in indicators],
            "provisional": provisional,
        }
        for place in range(len(at))
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


def leaf_points(evaluation: Evaluation, leaf: Leaf, at: Ints) -> tuple[Floats, Floats]:
    """(points, points_max) of an indicator under points, of the units at these positions; NaN where it does not count
    or its parent is a mean."""
    parent = next(node for node in walk(evaluation.index) if node.code == leaf.group)
    if parent.aggregate != "points":
        return np.full(len(at), np.nan), np.full(len(at), np.nan)
    child = next(child for child in parent.children if child.code == leaf.indicator.code)
    earned, counted = child.earned[at], child.counted[at]
    return np.where(counted > 0, earned, np.nan), np.where(counted > 0, counted, np.nan)


def _indicator_rows(
    evaluation: Evaluation, leaf: Leaf, at: Ints, progress: Progress | None
) -> Sequence[dict[str, Any]]:
    status = leaf.status[at]
    points, points_max = leaf_points(evaluation, leaf, at)
    shown = np.where(is_missing(status) | carries_value(status), leaf.target[at], np.nan)
    columns = (
        status.tolist(),
        optional(leaf.column.value[at]),
        optional(shown),
        optional(leaf.share[at]),
        optional(points),
        optional(points_max),
    )
    rows = [
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
    if progress is not None:
        for row, pace in zip(rows, pace_cells(leaf, progress, at), strict=True):
            row["pace"] = pace
    return rows


def _group_rows(node: Node, at: Ints) -> Sequence[dict[str, Any]]:
    counted = node.combined.counted[at]
    counts = (counted > 0) & (node.aggregate == "points")
    columns = (
        optional(node.combined.score[at]),
        optional(np.where(counts, node.combined.earned[at], np.nan)),
        optional(np.where(counts, counted, np.nan)),
        node.combined.coverage[at].tolist(),
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
