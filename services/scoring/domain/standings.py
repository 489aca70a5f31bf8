"""What is announced beside score and rank: percentile, bounds, confidence."""

from __future__ import annotations

from typing import Any

import numpy as np

from services.scoring.domain.cells import Floats
from services.scoring.domain.confidence import GRADES, NO_GRADE
from services.scoring.domain.evaluate import Evaluation
from services.scoring.domain.rank import UNRANKED

DIGITS = 6
"""Of percentiles, bounds and confidence: beyond them a number would change without anything having changed."""


def standings(evaluation: Evaluation) -> list[dict[str, Any]]:
    """One dict per unit, as in a `ScoreState`: rank_fractional, percentile, bounds, confidence."""
    ranking, hidden = evaluation.ranking, ~evaluation.shown | (evaluation.ranking.rank == UNRANKED)
    fractional = evaluation.plan.scoring.rank_rule == "fractional"
    percentile = _rounded(np.where(hidden, np.nan, ranking.percentile))
    shared = _rounded(np.where(hidden, np.nan, ranking.fractional)) if fractional else [None] * len(percentile)
    return [
        {"rank_fractional": place, "percentile": share, "bounds": bound, "confidence": sure}
        for place, share, bound, sure in zip(
            shared, percentile, _bounds(evaluation), _confidence(evaluation), strict=True
        )
    ]


def _bounds(evaluation: Evaluation) -> list[dict[str, Any] | None]:
    low, high = _rounded(evaluation.bounds.low), _rounded(evaluation.bounds.high)
    best, worst = evaluation.rank_bounds.best.tolist(), evaluation.rank_bounds.worst.tolist()
    found: list[dict[str, Any] | None] = []
    for at, shown in enumerate(evaluation.shown.tolist()):
        ranks = {"rank_best": None, "rank_worst": None} if shown else {"rank_best": best[at], "rank_worst": worst[at]}
        found.append(None if low[at] is None else {"low": low[at], "high": high[at], **ranks})
    return found


def _confidence(evaluation: Evaluation) -> list[dict[str, Any] | None]:
    value, grade = _rounded(evaluation.confidence.value), evaluation.confidence.grade.tolist()
    return [
        None if number == NO_GRADE else {"value": one, "grade": GRADES[number]}
        for one, number in zip(value, grade, strict=True)
    ]


def _rounded(row: Floats) -> list[float | None]:
    found: list[float] = np.round(row, DIGITS).tolist()
    return [None if one != one else one for one in found]  # noqa: PLR0124 - only NaN differs from itself
