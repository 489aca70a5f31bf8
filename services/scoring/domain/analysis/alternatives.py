"""Each method choice alone: how ranks would move had this one been made otherwise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.scoring.domain.analysis.models import Models
from services.scoring.domain.analysis.outcome import Outcome, Part
from services.scoring.domain.analysis.shifts import moved
from services.scoring.domain.analysis.variations import Case, Switch
from shared.errors import Permanent
from shared.plan.base import Model

COLUMNS = (
    "choice",
    "value",
    "mean_rank_shift",
    "largest_rank_shift",
    "unmoved",
    "kendall_tau",
    "entered",
    "left",
    "refused",
)
CHOICES: tuple[tuple[str, str], ...] = (
    ("normaliser", "minmax"),
    ("normaliser", "zscore"),
    ("normaliser", "percentile"),
    ("mean", "arithmetic"),
    ("mean", "geometric"),
    ("missing", "zero"),
    ("missing", "reweight"),
    ("missing", "missing"),
    ("weights", "equal"),
)


class AlternativesParameters(Model):
    """Nothing to choose: every switch is thrown by itself."""


class Alternatives:
    """One row per choice. A choice that cannot be computed says why instead."""

    def __init__(self, case: Case, _parameters: AlternativesParameters) -> None:
        self._models = Models(case)
        self.total = self.steps = len(CHOICES)
        self._refused: dict[int, str] = {}
        _ = self._models.ranks, self._models.slots

    def step(self, number: int) -> Part:
        name, value = CHOICES[number]
        slots = self._models.slots
        weights = slots.weight[None, :]
        switch = Switch()
        if name == "weights":
            weights = slots.normalised((weights > 0).astype(np.float64))
        else:
            switch = Switch.model_validate({name: value})
        try:
            ranks = self._models.ranked(self._models.drawn([switch], weights))[0]
        except Permanent as err:
            return {"ranks": np.zeros(0, dtype=np.int32), "refused": np.array([str(err)])}
        return {"ranks": ranks, "refused": np.array([""])}

    def finish(self, parts: Sequence[Part]) -> Outcome:
        rows = []
        for (name, value), part in zip(CHOICES, parts, strict=True):
            refused = str(part["refused"][0])
            if refused:
                rows.append([name, value, *[None] * 6, refused])
                continue
            found = moved(self._models.ranks, part["ranks"].astype(np.int64))
            rows.append([name, value, *(found[column] for column in COLUMNS[2:8]), None])
        return Outcome({"choices": len(rows), "ranking": self._models.rule}, COLUMNS, rows)
