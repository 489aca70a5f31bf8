"""Exact clusters on a line: the partition of sorted values into k runs with the least squared distance to their means.

Dynamic programming over the values, each layer by divide and conquer (the best last start never moves back), all
middles of a depth at once: O(k m log m) for m distinct values, no random restarts.
"""

from __future__ import annotations

import numpy as np

from services.scoring.domain.cells import Floats, Ints


def parted(values: Floats, counts: Floats, clusters: int) -> Ints:
    """Where the second to last runs begin in `values` (distinct, rising), each value standing for `counts` units."""
    sums = _Sums(values, counts)
    size = len(values)
    cost = sums.squares(np.zeros(size, dtype=np.int64), np.arange(size))
    starts = []
    for _ in range(1, clusters):
        cost, start = _layer(sums, cost)
        starts.append(start)
    found, end = [], size - 1
    for start in reversed(starts):
        found.append(int(start[end]))
        end = int(start[end]) - 1
    return np.array(found[::-1], dtype=np.int64)


class _Sums:
    """Prefix sums, so that the squared distance of any run is read off at once."""

    def __init__(self, values: Floats, counts: Floats) -> None:
        centred = values - np.average(values, weights=counts)
        self.count = np.concatenate(([0.0], np.cumsum(counts)))
        self.first = np.concatenate(([0.0], np.cumsum(counts * centred)))
        self.second = np.concatenate(([0.0], np.cumsum(counts * centred**2)))

    def squares(self, start: Ints, end: Ints) -> Floats:
        """Of the runs start..end, both inclusive."""
        count = self.count[end + 1] - self.count[start]
        first = self.first[end + 1] - self.first[start]
        return np.asarray(self.second[end + 1] - self.second[start] - first * first / count)


def _layer(sums: _Sums, before: Floats) -> tuple[Floats, Ints]:
    """One more run: least cost of values 0..i and where the last run begins; infinite where values are too few."""
    size = len(before)
    cost, start = np.full(size, np.inf), np.zeros(size, dtype=np.int64)
    low, high = np.array([1]), np.array([size - 1])
    least, most = np.array([1]), np.array([size - 1])
    while len(low):
        middle = (low + high) // 2
        cost[middle], start[middle] = _best(sums, before, middle, least, np.minimum(most, middle))
        found = start[middle]
        low, high = np.concatenate((low, middle + 1)), np.concatenate((middle - 1, high))
        least, most = np.concatenate((least, found)), np.concatenate((found, most))
        open_ = low <= high
        low, high, least, most = low[open_], high[open_], least[open_], most[open_]
    return cost, start


def _best(sums: _Sums, before: Floats, end: Ints, least: Ints, most: Ints) -> tuple[Floats, Ints]:
    """For every end the start between least and most with the least cost, the first of equals."""
    widths = np.maximum(most - least + 1, 1)
    heads = np.concatenate(([0], np.cumsum(widths)[:-1]))
    owner = np.repeat(np.arange(len(end)), widths)
    start = least[owner] + np.arange(int(widths.sum())) - heads[owner]
    cost = before[start - 1] + sums.squares(np.minimum(start, end[owner]), end[owner])
    best = np.minimum.reduceat(cost, heads)
    places = np.where(cost == best[owner], start, len(before))
    return best, np.minimum(np.minimum.reduceat(places, heads), end)
