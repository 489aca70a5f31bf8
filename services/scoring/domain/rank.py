"""Competition ranks (1, 2, 2, 4) by counting: rank = 1 + number of units of the group with a strictly better value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.scoring.domain.cells import Floats, Ints

UNRANKED = 0


@dataclass(frozen=True, slots=True)
class Ranking:
    """Per unit: its rank (UNRANKED without a value) and how many units its group ranks."""

    rank: Ints
    ranked: Ints


def competition(value: Floats, group: Ints, groups: int) -> Ranking:
    """Ranks within each group, best first, exact ties sharing the best place; NaN is not ranked.

    Values are first numbered densely (largest last), then counted per group: no comparison of units with units.
    """
    has = np.isfinite(value)
    levels, level = np.unique(value[has], return_inverse=True)
    key = group[has] * len(levels) + level
    # Distinct (group, level) pairs only, so that memory follows the units and not groups x levels.
    pairs, pair, size = np.unique(key, return_inverse=True, return_counts=True)
    ranked = np.bincount(group[has], minlength=groups)
    reached = np.cumsum(size)
    before_group = np.concatenate(([0], np.cumsum(ranked)))[pairs // max(len(levels), 1)]
    at_most = reached - before_group
    rank = np.full(len(value), UNRANKED, dtype=np.int64)
    rank[has] = (ranked[pairs // max(len(levels), 1)] - at_most + 1)[pair]
    return Ranking(rank, ranked[group].astype(np.int64))
