"""Answer how indicators stand against what is expected by now."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np

from services.scoring.domain.evaluations import evaluation_id
from services.scoring.domain.pace import pace_contents
from services.scoring.handlers.pinned import Pinned
from shared.refusal import not_found


class Paces:
    """The pace of every unit's indicators, of the saved evaluation."""

    def __init__(self, *, pinned: Pinned) -> None:
        self._pinned = pinned

    async def of(self, plan: str, year: int, *, unit: str | None, first: int, limit: int) -> dict[str, Any]:
        """Units `first` to `first + limit` by code, or the one named; Refusal where there is none."""
        state, computation = await self._pinned.computation(plan, year)
        cohort = computation.evaluation.cohort
        if unit is not None and unit not in cohort.position:
            raise not_found("đơn vị này trong đánh giá", "such unit in the evaluation")
        start, end = (first, first + limit) if unit is None else (cohort.position[unit], cohort.position[unit] + 1)
        at = np.arange(start, min(end, len(cohort.units)))
        items = await asyncio.to_thread(pace_contents, computation.evaluation, computation.progress, at)
        following = start + len(items)
        return {
            "evaluation": evaluation_id(plan, year),
            "plan": plan,
            "year": year,
            "as_of_ms": state.as_of_ms,
            "provisional": state.provisional,
            "items": items,
            "next_cursor": str(following) if unit is None and items and following < len(cohort.units) else None,
        }
