"""What is announced beside score and rank: percentile, bounds, confidence."""

from __future__ import annotations

from typing import Any

import numpy as np

from services.scoring.domain.cells import Bools, Floats, Ints
from services.scoring.domain.confidence import GRADES, NO_GRADE
from services.scoring.domain.evaluate import Evaluation
from services.scoring.domain.rank import UNRANKED

DIGITS = 6
"""Of percentiles, bounds and confidence: beyond them a number would change without anything having changed."""


def standings(evaluation: Evaluation, at: Ints) -> list[dict[str, Any]]:
    """One dict per unit at these positions, as in a `ScoreState`: rank_fractional, percentile, bounds, confidence."""
    ranking, shown = evaluation.ranking.of(at), evaluation.shown[at]
    hidden = ~shown | (ranking.rank == UNRANKED)
    fractional = evaluation.plan.scoring.rank_rule == "fractional"
    percentile = _rounded(np.where(hidden, np.nan, ranking.percentile))
    shared = _rounded(np.where(hidden, np.nan, ranking.fractional)) if fractional else [None] * len(percentile)
    return [
        {"rank_fractional": place, "percentile": share, "bounds": bound, "confidence": sure}
        for place, share, bound, sure in zip(
            shared, percentile, _bounds(evaluation, at, shown), _confidence(evaluation, at), strict=True
        )
    ]


def _bounds(evaluation: Evaluation, at: Ints, shown: Bools) -> list[dict[str, Any] | None]:
    low, high = _rounded(evaluation.bounds.low[at]), _rounded(evaluation.bounds.high[at])
    best = worst = [None] * len(low)
    if not shown.all():
        best, worst = (row[at].tolist() for row in (evaluation.rank_bounds.best, evaluation.rank_bounds.worst))
    found: list[dict[str, Any] | None] = []
    for place, is_shown in enumerate(shown.tolist()):
        ranks = (None, None) if is_shown else (best[place], worst[place])
        told = {"low": low[place], "high": high[place], "rank_best": ranks[0], "rank_worst": ranks[1]}
        found.append(None if low[place] is None else told)
    return found


def _confidence(evaluation: Evaluation, at: Ints) -> list[dict[str, Any] | None]:
    value, grade = _rounded(evaluation.confidence.value[at]), evaluation.confidence.grade[at].tolist()
    return [
        None if number == NO_GRADE else {"value": one, "grade": GRADES[number]}
        for one, number in zip(value, grade, strict=True)
    ]


def _rounded(row: Floats) -> list[float | None]:
    found: list[float] = np.round(row, DIGITS).tolist()
    return [None if one != one else one for one in found]  # noqa: PLR0124 - only NaN differs from itself
