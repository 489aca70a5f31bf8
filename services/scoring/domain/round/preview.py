"""Whose index, rank and band would move if a criterion were decided so: computed beside the record. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from services.scoring.domain.appraised import Appraised
from services.scoring.domain.bands import NOT_RATED
from services.scoring.domain.computation import Computation
from services.scoring.domain.evaluate import Evaluation, evaluate
from services.scoring.domain.inputs import gather
from services.scoring.domain.rank import UNRANKED

MOVES_MAX = 500


@dataclass(frozen=True, slots=True)
class Moves:
    """What would change: units in the order of their new rank; `total` counts those that are not listed too."""

    total: int
    items: list[dict[str, Any]]


def what_if(computation: Computation, decided: Appraised) -> Moves:
    """The evaluation once more with this row in place of what stands for its criterion: the same numbers otherwise."""
    place = (decided.unit, decided.indicator)
    others = tuple(row for row in computation.sources.appraised if (row.unit, row.indicator) != place)
    sources = replace(computation.sources, appraised=(*others, decided))
    before = computation.evaluation
    inputs = gather(before.plan, sources, computation.now_ms)
    return moves(before, evaluate(before.plan, before.year, inputs, reference=computation.reference))


def moves(before: Evaluation, after: Evaluation) -> Moves:
    """Units whose published index, rank or band differ between two evaluations of one cohort."""
    same = (
        _equal(before.published, after.published)
        & (before.ranking.rank == after.ranking.rank)
        & (before.band == after.band)
    )
    moved = np.flatnonzero(~same)
    order = sorted(moved.tolist(), key=lambda at: (int(after.ranking.rank[at]), after.cohort.units[at]))
    return Moves(len(moved), [_move(before, after, at) for at in order[:MOVES_MAX]])


def _equal(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.asarray((one == other) | (np.isnan(one) & np.isnan(other)))


def _move(before: Evaluation, after: Evaluation, at: int) -> dict[str, Any]:
    return {
        "unit": after.cohort.units[at],
        "peer_group": after.cohort.peer_group(at),
        "before": _place(before, at),
        "after": _place(after, at),
    }


def _place(evaluation: Evaluation, at: int) -> dict[str, Any]:
    published, rank, band = evaluation.published[at], int(evaluation.ranking.rank[at]), int(evaluation.band[at])
    return {
        "index": None if np.isnan(published) else float(published),
        "rank": None if rank == UNRANKED else rank,
        "band": None if band == NOT_RATED else evaluation.plan.scoring.bands[band].code,
    }
