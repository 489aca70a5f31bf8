"""Ranks by counting: competition (1, 2, 2, 4), dense (1, 2, 2, 3), fractional (1, 2.5, 2.5, 4), and percentiles.

A competition rank is 1 + the number of units of the group with a strictly better value. Rounded values are whole
numbers of their last decimal, so that counting is exact and takes time in proportion to the units; unrounded values
are numbered densely first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.scoring.domain.cells import Bools, Floats, Ints

UNRANKED = 0
_CELLS_A_UNIT = 8
_CELLS = 1 << 16


@dataclass(frozen=True, slots=True)
class Ranking:
    """Per unit: its rank (UNRANKED without a value) by the plan's rule, and how many units its group ranks.

    `better` counts the units strictly before it, `tied` those level with it, itself among them (0 without a value).
    """

    rank: Ints
    ranked: Ints
    better: Ints
    tied: Ints

    def of(self, at: Ints) -> Ranking:
        """The units at these positions."""
        return Ranking(self.rank[at], self.ranked[at], self.better[at], self.tied[at])

    @property
    def percentile(self) -> Floats:
        """100 (worse + (tied - 1) / 2) / (ranked - 1): 100 is alone at the top, or alone; NaN where not ranked."""
        worse = self.ranked - self.better - self.tied
        spread = 100.0 * (worse + (self.tied - 1) / 2.0) / np.maximum(self.ranked - 1, 1)
        return np.where(self.rank == UNRANKED, np.nan, np.where(self.ranked == 1, 100.0, spread))

    @property
    def fractional(self) -> Floats:
        """The mean of the places that tied units take together; NaN where not ranked."""
        return np.where(self.rank == UNRANKED, np.nan, 1.0 + self.better + (self.tied - 1) / 2.0)


def ranking(
    value: Floats,
    group: Ints,
    groups: int,
    *,
    dense: bool = False,
    decimals: int | None = None,
    tie_breaks: Sequence[Floats] = (),
) -> Ranking:
    """Ranks within each group, best first; NaN is not ranked.

    `decimals`: the values are rounded to so many. `tie_breaks` decide between equal values, in their order, greater
    first, nothing last; units that are level in all of them stay tied. With `dense` no place is skipped.
    """
    has = np.isfinite(value)
    level, levels = _levels(value[has], decimals, groups)
    for row in tie_breaks:
        finer, _ = _levels(np.nan_to_num(row[has], nan=-1.0), None, groups)
        _, level = np.unique(level * (len(value) + 1) + finer, return_inverse=True)
        levels = int(level.max(initial=-1)) + 1
    better, tied, above, ranked = _counted(level, levels, group[has], groups)
    rank = _spread(has, (above if dense else better) + 1)
    return Ranking(rank, ranked[group].astype(np.int64), _spread(has, better), _spread(has, tied))


def better_and_tied(value: Floats, group: Ints, groups: int) -> tuple[Ints, Ints, Ints]:
    """Per unit, within its group: units with a strictly greater value, with its own (itself too), with any value."""
    found = ranking(value, group, groups)
    return found.better, found.tied, found.ranked


def _spread(has: Bools, found: Ints) -> Ints:
    row = np.full(len(has), UNRANKED, dtype=np.int64)
    row[has] = found
    return row


def _levels(values: Floats, decimals: int | None, groups: int) -> tuple[Ints, int]:
    """Whole numbers in the order of the values, equal exactly when they are, and their bound."""
    if decimals is not None and len(values) and decimals <= 15:
        whole = np.rint(values * 10.0**decimals)
        low, high = float(whole.min()), float(whole.max())
        if (high - low + 1) * groups <= _CELLS_A_UNIT * len(values) + _CELLS:
            return (whole - low).astype(np.int64), int(high - low) + 1
    levels, level = np.unique(values, return_inverse=True)
    return level.astype(np.int64), len(levels)


def _counted(level: Ints, levels: int, group: Ints, groups: int) -> tuple[Ints, Ints, Ints, Ints]:
    """(units better, units level, levels better) of every unit, and units of every group."""
    cell = group * levels + level
    if groups * levels <= _CELLS_A_UNIT * len(level) + _CELLS:
        count = np.bincount(cell, minlength=groups * levels)
        cell_group = np.repeat(np.arange(groups), levels)
    else:  # memory follows the units and not groups x levels
        held, cell, count = np.unique(cell, return_inverse=True, return_counts=True)
        cell_group = held // max(levels, 1)
    ranked = np.bincount(group, minlength=groups)
    taken = np.bincount(cell_group[count > 0], minlength=groups)
    better = np.cumsum(ranked)[cell_group] - np.cumsum(count)
    above = np.cumsum(taken)[cell_group] - np.cumsum(count > 0)
    return better[cell], count[cell], above[cell], ranked
