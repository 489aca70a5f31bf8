"""Ranks of many draws: counting on the whole number that a published index is, and order statistics of ranks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.scoring.domain.bands import placed
from services.scoring.domain.cells import Floats, Ints
from services.scoring.domain.rank import UNRANKED, ranking
from services.scoring.domain.rounding import NOISE, half_up

Ranks = NDArray[np.int32]

SPARSE = 4
"""With fewer units than one in so many possible scores, sorting is quicker than counting."""
FULL_DECIMALS = 12
"""Unrounded indices are compared at this many decimals: sums in another order must not part equal units."""
CHUNK_UNITS = 256
"""Ranks of so many units at once: turned from draws x units to units x draws within the cache."""
THREADS, THREADS_FROM_CHUNKS = 2, 8
"""Order statistics of a large cohort are shared by so many threads."""


@dataclass(frozen=True, slots=True)
class Ranker:
    """Ranks within groups, best first: 1-2-2-4, or 1-2-2-3 where `dense`. `peer` numbers the group of each unit.

    `decimals` are those that an index is compared at; tie-breaks are compared at the same.
    """

    peer: Ints
    peers: int
    decimals: int
    dense: bool = False

    def rows(self, index: Floats, breaks: Sequence[Floats] = ()) -> Ranks:
        """Ranks of draws x units; UNRANKED where the index is NaN.

        `breaks` (each draws x units) decide between units of one index, in their order, greater first.
        """
        scale = 10.0**self.decimals
        best = float(index.max(initial=0.0))
        gaps = math.isnan(best)
        bins = math.floor((float(np.nanmax(index, initial=0.0)) if gaps else best) * scale + 1.0) + 2
        if breaks:
            return self._broken(index, breaks)
        if index.shape[1] < bins * self.peers // SPARSE:
            key = _bin(index * scale + (0.5 + NOISE))
            return np.where(key > 0, self._sorted(key + self.peer * bins), np.int32(UNRANKED))
        return self._counted(index, bins, gaps=gaps)

    def _counted(self, index: Floats, bins: int, *, gaps: bool) -> Ranks:
        """Where there are many units: one row after the other, in arrays that stay in cache.

        A unit's bin is 1 + the whole number that its index is; 0, below everybody, without one.
        """
        units, scale = index.shape[1], 10.0**self.decimals
        found = np.empty(index.shape, dtype=np.int32)
        first = self.peer * bins + 1
        scaled, key = np.empty(units), np.empty(units, dtype=np.int64)
        for at, row in enumerate(index):
            np.multiply(row, scale, out=scaled)
            scaled += 0.5 + NOISE
            if gaps:
                np.copyto(scaled, -1.0, where=np.isnan(scaled))
            np.copyto(key, scaled, casting="unsafe")
            key += first
            # Every key is within bounds: to clip is only the quickest way to be told so.
            np.take(self._places(key, bins), key, out=found[at], mode="clip")
        return found

    def _places(self, key: Ints, bins: int) -> Ranks:
        """The rank that each bin of each group stands for."""
        counts = np.bincount(key, minlength=bins * self.peers).reshape(self.peers, bins)
        if self.dense:
            counts = (counts > 0).astype(np.int64)
        rank = (counts.sum(axis=1, keepdims=True) - np.cumsum(counts, axis=1) + 1).astype(np.int32)
        rank[:, 0] = UNRANKED
        return np.asarray(rank.ravel())

    def _sorted(self, key: Ints) -> Ranks:
        """Where scores are few among many possible ones: all draws in one sort."""
        order = np.argsort(key, axis=1)
        values = np.take_along_axis(key, order, axis=1)
        last = np.ones(key.shape, dtype=bool)
        last[:, :-1] = values[:, 1:] != values[:, :-1]
        group_ends = np.cumsum(np.bincount(self.peer, minlength=self.peers))[self.peer]
        # Ascending: better than a unit is everything behind the end of its run, up to the end of its group.
        if self.dense:
            runs = np.cumsum(last, axis=1)
            place = np.take_along_axis(runs, group_ends[order] - 1, axis=1) - (runs - last)
        else:
            ends = np.where(last, np.arange(key.shape[1]), key.shape[1])
            place = group_ends[order] - np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]
        found = np.empty(key.shape, dtype=np.int32)
        np.put_along_axis(found, order, place.astype(np.int32), axis=1)
        return found

    def _broken(self, index: Floats, breaks: Sequence[Floats]) -> Ranks:
        """By the rule that an evaluation itself is ranked by, draw by draw: some times dearer than counting."""
        found = np.empty(index.shape, dtype=np.int32)
        for at, row in enumerate(index):
            key = _bin(row * 10.0**self.decimals + (0.5 + NOISE)).astype(np.float64)
            value = np.where(key > 0, key, np.nan)
            tie_breaks = [half_up(each[at], self.decimals) for each in breaks]
            found[at] = ranking(value, self.peer, self.peers, dense=self.dense, decimals=0, tie_breaks=tie_breaks).rank
        return found


def _bin(scaled: Floats) -> Ints:
    """1 + the whole number below; 0, below everybody, without an index."""
    key = np.where(np.isnan(scaled), -1.0, scaled).astype(np.int64)
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
    """Order statistics over blocks of ranks (draws x units): type 7 quantiles, mean, standard deviation, unranked.

    Chunks of units stand alone, so that threads share them; each writes its own part of the answer.
    """
    units = blocks[0].shape[1]
    found = Spread(np.full((len(probabilities), units), np.nan), *(np.full(units, np.nan) for _ in range(3)))
    chunks = [slice(start, min(start + CHUNK_UNITS, units)) for start in range(0, units, CHUNK_UNITS)]
    if len(chunks) < THREADS_FROM_CHUNKS:
        for chunk in chunks:
            _spread(blocks, probabilities, chunk, found)
        return found
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(lambda chunk: _spread(blocks, probabilities, chunk, found), chunks))
    return found


def _spread(blocks: Sequence[Ranks], probabilities: Sequence[float], chunk: slice, found: Spread) -> None:
    """The spread of the units of a chunk."""
    draws = sum(len(block) for block in blocks)
    rows = np.empty((chunk.stop - chunk.start, draws), dtype=np.int32)
    first = 0
    for block in blocks:
        rows[:, first : first + len(block)] = block[:, chunk].T
        first += len(block)
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
