"""What each indicator and each group is worth: everything computed again without it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from services.scoring.domain.analysis.models import Models
from services.scoring.domain.analysis.outcome import Outcome, Part
from services.scoring.domain.analysis.shifts import moved
from services.scoring.domain.analysis.variations import Case, Switch
from services.scoring.domain.cells import Ints
from services.scoring.domain.rank import UNRANKED
from shared.plan.base import Model

CODES_A_STEP = 8
COLUMNS = (
    "code",
    "kind",
    "mean_rank_shift",
    "largest_rank_shift",
    "unmoved",
    "kendall_tau",
    "entered",
    "left",
    "most_gaining",
    "gain",
    "most_losing",
    "loss",
)


class LeaveOneOutParameters(Model):
    """All indicators and groups, one left out at a time: its weight is 0, the others' stay as they are."""

    indicators: bool = True
    groups: bool = True


class LeaveOneOut:
    """Each node of the tree left out alone."""

    def __init__(self, case: Case, parameters: LeaveOneOutParameters) -> None:
        self._models = Models(case)
        leaves = case.evaluation.leaves
        slots = self._models.slots
        self._left = [
            (slot, child)
            for (_, child), slot in slots.at.items()
            if slots.weight[slot] > 0 and (parameters.indicators if child in leaves else parameters.groups)
        ]
        self.total = len(self._left)
        self.steps = -(-self.total // CODES_A_STEP)
        _ = self._models.ranks

    def step(self, number: int) -> Part:
        some = self._left[number * CODES_A_STEP : (number + 1) * CODES_A_STEP]
        weights = np.repeat(self._models.slots.weight[None, :], len(some), axis=0)
        for row, (slot, _) in enumerate(some):
            weights[row, slot] = 0.0
        return {"ranks": self._models.ranked(self._models.drawn([Switch()] * len(some), weights))}

    def finish(self, parts: Sequence[Part]) -> Outcome:
        """Rows by how much leaving out moves the ranks."""
        own, units = self._models.ranks, self._models.case.evaluation.cohort.units
        ranks = [row.astype(np.int64) for part in parts for row in part["ranks"]]
        leaves = self._models.case.evaluation.leaves
        rows = [
            _row(code, "indicator" if code in leaves else "group", own, after, units)
            for (_, code), after in zip(self._left, ranks, strict=True)
        ]
        rows.sort(key=lambda row: (-row[2], row[0]))
        return Outcome({"left_out": len(rows), "units": len(units), "ranking": self._models.rule}, COLUMNS, rows)


def _row(code: str, kind: str, own: Ints, after: Ints, units: Sequence[str]) -> list[Any]:
    found = moved(own, after)
    climbed = np.where((own != UNRANKED) & (after != UNRANKED), own - after, 0)
    best, worst = (int(climbed.argmax()), int(climbed.argmin())) if len(climbed) else (0, 0)
    return [
        code,
        kind,
        *(found[name] for name in COLUMNS[2:8]),
        units[best] if len(climbed) and climbed[best] > 0 else None,
        max(int(climbed[best]), 0) if len(climbed) else 0,
        units[worst] if len(climbed) and climbed[worst] < 0 else None,
        max(-int(climbed[worst]), 0) if len(climbed) else 0,
    ]
