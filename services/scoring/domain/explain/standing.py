"""How one unit stands: index, rank, band, bounds, confidence."""

from __future__ import annotations

from typing import Any

import numpy as np

from services.scoring.domain.bands import NOT_RATED
from services.scoring.domain.confidence import GRADES, NO_GRADE
from services.scoring.domain.evaluate import Evaluation
from services.scoring.domain.explain.plain import plain
from services.scoring.domain.rank import UNRANKED


def index_row(evaluation: Evaluation, at: int, total: float) -> dict[str, Any]:
    """The index before and after rounding; `total` is the sum of the contributions."""
    scoring, combined = evaluation.plan.scoring, evaluation.index.combined
    return {
        "unrounded": plain(evaluation.full, at),
        "published": plain(evaluation.published, at),
        "decimals": scoring.decimals,
        "rounding": "half_up",
        "scale_max": scoring.scale_max,
        "aggregate": scoring.aggregate,
        "missing": scoring.missing,
        "coverage": float(combined.coverage[at]),
        "points": float(combined.earned[at]) if scoring.aggregate == "points" else None,
        "points_max": float(combined.counted[at]) if scoring.aggregate == "points" else None,
        "contributions_sum": total,
    }


def rank_row(evaluation: Evaluation, at: int) -> dict[str, Any]:
    """The rank, who is tied with the unit, and by which rule; no rank while too little of the group is reported."""
    scoring, ranking = evaluation.plan.scoring, evaluation.ranking
    rank, shown = int(ranking.rank[at]), bool(evaluation.shown[at])
    told = shown and rank != UNRANKED
    return {
        "rank": rank if told else None,
        "fractional": float(ranking.fractional[at]) if told and scoring.rank_rule == "fractional" else None,
        "percentile": float(ranking.percentile[at]) if told else None,
        "shown": shown,
        "ranked": int(ranking.ranked[at]),
        "rule": scoring.rank_rule,
        "on": scoring.rank_on,
        "within": scoring.rank_within,
        "tie_break": list(scoring.tie_break),
        "better": int(ranking.better[at]) if told else None,
        "tied_with": _tied(evaluation, at) if told else [],
    }


def _tied(evaluation: Evaluation, at: int) -> list[str]:
    """The others that share its place: as many units strictly before them, among those ranked with it."""
    ranking, cohort = evaluation.ranking, evaluation.cohort
    together = (ranking.rank == ranking.rank[at]) & (ranking.better == ranking.better[at])
    if evaluation.plan.scoring.rank_within == "peer_group":
        together &= cohort.peer == cohort.peer[at]
    return [cohort.units[place] for place in np.flatnonzero(together) if place != at]


def band_row(evaluation: Evaluation, at: int) -> dict[str, Any] | None:
    """The band and how much is missing to the next; None without one."""
    bands, number = evaluation.plan.scoring.bands, int(evaluation.band[at])
    if number == NOT_RATED:
        return None
    band, better = bands[number], bands[number - 1] if number > 0 else None
    missing = evaluation.cuts[number - 1] - float(evaluation.published[at]) if better else None
    return {
        "code": band.code,
        "names": band.names.model_dump(),
        "at_least": evaluation.cuts[number],
        "next": better and {"code": better.code, "names": better.names.model_dump(), "missing": missing},
        "basis": evaluation.plan.scoring.bands_basis,
    }


def bounds_row(evaluation: Evaluation, at: int) -> dict[str, Any]:
    """Between what index and rank must end while cells are open, without any assumption. Unrounded."""
    ranks, low, high = evaluation.rank_bounds, evaluation.bounds.low, evaluation.bounds.high
    best, worst = int(ranks.best[at]), int(ranks.worst[at])
    return {
        "index_low": plain(low, at),
        "index_high": plain(high, at),
        "rank_best": best or None,
        "rank_worst": worst or None,
    }


def confidence_row(evaluation: Evaluation, at: int) -> dict[str, Any]:
    """How far the score rests on what was reported, beside it and never mixed into it; and what silence gains it."""
    held = evaluation.confidence
    grade = int(held.grade[at])
    return {
        "value": plain(held.value, at),
        "grade": None if grade == NO_GRADE else GRADES[grade],
        "gain_of_silence": plain(evaluation.gain_of_silence, at),
    }
