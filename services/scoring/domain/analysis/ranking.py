"""Ranks of many draws: counting on the whole number that a published index is, and order statistics of ranks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.scoring.domain.bands import placed
from services.scoring.domain.cells import Floats, Ints
from services.scoring.domain.rank import UNRANKED
from services.scoring.domain.rounding import NOISE, half_up

Ranks = NDArray[np.int32]

SPARSE = 4
"""With fewer units than one in so many possible scores, sorting is quicker than counting."""
FULL_DECIMALS = 12
"""Unrounded indices are compared at this many decimals: sums in another order must not part equal units."""
CHUNK_UNITS = 256
"""Ranks of so many units at once: turned from draws x units to units x draws within the cache."""


@dataclass(frozen=True, slots=True)
class Ranker:
    """Competition ranks within groups, best first. `peer` numbers the group of each unit."""

    peer: Ints
    peers: int
    decimals: int

    def rows(self, index: Floats) -> Ranks:
        """Ranks of draws x units; UNRANKED where the index is NaN."""
        scale = 10.0**self.decimals
        bins = math.floor(float(np.nanmax(index, initial=0.0)) * scale + 1.0) + 2
        offset = self.peer * bins
        if index.shape[1] < bins * self.peers // SPARSE:
            key = _bin(index * scale + (0.5 + NOISE))
            return np.where(key > 0, self._sorted(key + offset), np.int32(UNRANKED))
        found = np.empty(index.shape, dtype=np.int32)
        for at, row in enumerate(index):
            key = _bin(row * scale + (0.5 + NOISE))
            key += offset
            found[at] = self._counted(key, bins)
        return found

    def _counted(self, key: Ints, bins: int) -> Ranks:
        counts = np.bincount(key, minlength=bins * self.peers).reshape(self.peers, bins)
        rank = (counts.sum(axis=1, keepdims=True) - np.cumsum(counts, axis=1) + 1).astype(np.int32)
        rank[:, 0] = UNRANKED
        return np.asarray(rank.ravel()[key])

    def _sorted(self, key: Ints) -> Ranks:
        """Where scores are few among many possible ones: all draws in one sort."""
        order = np.argsort(key, axis=1)
        values = np.take_along_axis(key, order, axis=1)
        units = key.shape[1]
        last = np.ones(key.shape, dtype=bool)
        last[:, :-1] = values[:, 1:] != values[:, :-1]
        # Ascending: better than a unit is everything behind the end of its run, up to the end of its group.
        ends = np.where(last, np.arange(units), units)
        ends = np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]
        group_ends = np.cumsum(np.bincount(self.peer, minlength=self.peers))[self.peer]
        found = np.empty(key.shape, dtype=np.int32)
        np.put_along_axis(found, order, (group_ends[order] - ends).astype(np.int32), axis=1)
        return found


def _bin(scaled: Floats) -> Ints:
    """1 + the whole number below; 0, below everybody, without an index."""
    without = np.isnan(scaled)
    if without.any():
        scaled = np.where(without, -1.0, scaled)
    key = scaled.astype(np.int64)
    key += 1
    return np.asarray(key)


def band_rows(index: Floats, cuts: Floats, decimals: int) -> Ints:
    """Position of the band (highest first) for draws x units, on the published index; NOT_RATED without one."""
    return placed(half_up(index, decimals), cuts.tolist())


def band_counts(index: Floats, cuts: Floats, decimals: int) -> Ranks:
    """In how many draws (fewer than 128) each unit is in each band: bands x units, highest first.

    A band is reached where the whole number of the published index is at least the least one that reaches its cut.
    """
    scale = 10.0**decimals
    whole = np.floor(cuts * scale)
    least = np.where(whole / scale >= cuts, whole, whole + 1)
    least[-1:] = 0.0
    reached = np.zeros((len(cuts), index.shape[1]), dtype=np.int8)
    scaled, is_reached = np.empty(index.shape[1]), np.empty(index.shape[1], dtype=bool)
    for row in index:  # one draw at a time stays in cache
        np.multiply(row, scale, out=scaled)
        scaled += 0.5 + NOISE
        for at, limit in enumerate(least):
            np.greater_equal(scaled, limit, out=is_reached)
            reached[at] += is_reached.view(np.int8)
    found = reached.astype(np.int32)
    found[1:] -= reached[:-1]
    return found


@dataclass(frozen=True, slots=True)
class Spread:
    """Per unit over the draws in which it is ranked; NaN where in none. `quantiles` has one row per probability."""

    quantiles: Floats
    mean: Floats
    sd: Floats
    unranked: Floats


def spread(blocks: Sequence[Ranks], probabilities: Sequence[float]) -> Spread:
    """Order statistics over blocks of ranks (draws x units): type 7 quantiles, mean, standard deviation, unranked."""
    draws, units = sum(len(block) for block in blocks), blocks[0].shape[1]
    found = Spread(np.full((len(probabilities), units), np.nan), *(np.full(units, np.nan) for _ in range(3)))
    for start in range(0, units, CHUNK_UNITS):
        chunk = slice(start, min(start + CHUNK_UNITS, units))
        rows = np.ascontiguousarray(np.concatenate([block[:, chunk] for block in blocks]).T)
        rows.sort(axis=1)
        absent = (rows == UNRANKED).sum(axis=1) if rows[:, 0].min(initial=1) == UNRANKED else np.zeros(len(rows), int)
        present = draws - absent
        some = np.maximum(present, 1)
        mean = rows.sum(axis=1, dtype=np.int64) / some
        # Sums of whole numbers are exact, so that the order of the draws cannot matter.
        squares = np.einsum("ud,ud->u", rows, rows, dtype=np.int64)
        variance = np.maximum(squares / some - mean**2, 0.0)
        for at, probability in enumerate(probabilities):
            found.quantiles[at, chunk] = np.where(present > 0, _type7(rows, absent, some, probability), np.nan)
        found.mean[chunk] = np.where(present > 0, mean, np.nan)
        found.sd[chunk] = np.where(present > 0, np.sqrt(variance), np.nan)
        found.unranked[chunk] = absent / draws
    return found


def _type7(rows: Ranks, absent: Ints, present: Ints, probability: float) -> Floats:
    """Linear interpolation of order statistics (Hyndman and Fan's type 7) behind the unranked, which sort first."""
    place = (present - 1) * probability
    low = np.floor(place).astype(np.int64)
    at = np.arange(len(rows))
    last = rows.shape[1] - 1
    first, second = rows[at, np.minimum(absent + low, last)], rows[at, np.minimum(absent + low + 1, last)]
    return np.asarray(first + (place - low) * (second.astype(np.float64) - first))


def kendall_tau(first: Ints, second: Ints | Ranks, *, units_max: int = 2000) -> float:
    """Kendall's tau-b of two rankings over units ranked in both; 1 where there is nothing to compare.

    Beyond `units_max` units, of that many taken evenly along the first ranking: its cost is the square of units.
    """
    both = np.flatnonzero((first != UNRANKED) & (second != UNRANKED))
    if len(both) > units_max:
        order = both[np.argsort(first[both], kind="stable")]
        both = order[np.linspace(0, len(order) - 1, units_max).astype(np.int64)]
    a, b = first[both].astype(np.int64), second[both].astype(np.int64)
    one, two = np.sign(a[:, None] - a), np.sign(b[:, None] - b)
    size = math.sqrt(float((one != 0).sum()) * float((two != 0).sum()))
    return float((one * two).sum() / size) if size > 0 else 1.0
