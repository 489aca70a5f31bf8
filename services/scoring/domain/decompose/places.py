"""Ranks of a number among other numbers, by the plan's own rule: what the place would be if only one side had moved."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from services.scoring.domain.cells import Bools, Floats
from services.scoring.domain.evaluate import Evaluation
from services.scoring.domain.overall import tie_breaks
from services.scoring.domain.rank import UNRANKED


@dataclass(frozen=True, slots=True)
class Field:
    """A cohort as it is ranked: `keys` are the value and then the tie-breakers, one row each, best largest."""

    evaluation: Evaluation
    keys: tuple[Floats, ...]
    rule: str

    def own(self, unit: str) -> tuple[float, ...] | None:
        """The unit's key; None where it is not in the cohort or not rated."""
        at = self.evaluation.cohort.position.get(unit)
        if at is None or math.isnan(float(self.keys[0][at])):
            return None
        return tuple(float(row[at]) for row in self.keys)


def field_of(evaluation: Evaluation) -> Field:
    """The cohort with what it is ranked on."""
    scoring = evaluation.plan.scoring
    value = evaluation.published if scoring.rank_on == "published" else evaluation.full
    breaks = tie_breaks(scoring, evaluation.index, evaluation.leaves)
    keys = (value, *(np.where(np.isfinite(row), row, -1.0) for row in breaks))
    return Field(evaluation, keys, scoring.rank_rule)


def peers(field: Field, peer_group: str, only: frozenset[str] | None = None) -> Bools:
    """Whom a unit of this peer group is ranked with: the rated units, `only` of these where given."""
    cohort = field.evaluation.cohort
    inside = np.isfinite(field.keys[0])
    if field.evaluation.plan.scoring.rank_within == "peer_group":
        number = cohort.peer_groups.index(peer_group) if peer_group in cohort.peer_groups else -1
        inside &= cohort.peer == number
    if only is not None:
        inside &= np.array([unit in only for unit in cohort.units], dtype=bool)
    return inside


def place(
    field: Field, unit: str, key: tuple[float, ...] | None, peer_group: str, only: frozenset[str] | None = None
) -> int | None:
    """The rank of this key among the others of the field, the unit itself left out. None for no key.

    Competition ranks (1, 2, 2, 4), also for the fractional rule; dense ones (1, 2, 2, 3) where the plan says so.
    """
    if key is None:
        return None
    others = peers(field, peer_group, only)
    at = field.evaluation.cohort.position.get(unit)
    if at is not None:
        others[at] = False
    better, equal = np.zeros(len(others), dtype=bool), others.copy()
    for row, own in zip(field.keys, key, strict=True):
        better |= equal & (row > own)
        equal &= row == own
    if field.rule == "dense":
        ahead = np.array([row[better] for row in field.keys])
        return 1 + int(np.unique(ahead, axis=1).shape[1])
    return 1 + int(better.sum())


def rank_of(evaluation: Evaluation, unit: str) -> int | None:
    """The rank that the evaluation gives, shown or not; None where it gives none."""
    at = evaluation.cohort.position.get(unit)
    rank = UNRANKED if at is None else int(evaluation.ranking.rank[at])
    return None if rank == UNRANKED else rank


def standing(evaluation: Evaluation, unit: str) -> int | None:
    """The rank where it may be shown."""
    at = evaluation.cohort.position.get(unit)
    return rank_of(evaluation, unit) if at is not None and evaluation.shown[at] else None
