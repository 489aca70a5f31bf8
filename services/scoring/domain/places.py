"""How many of those compared are below each value, and how many equal it: one sort a group, no pair of units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.scoring.domain.cells import Bools, Floats, blank
from services.scoring.domain.methods_question import Question


@dataclass(frozen=True, slots=True)
class Places:
    """Per unit, NaN without a value: how many are below, how many equal (itself included), how many compared.

    `alone`: the unit's group has fewer than two reported values; `level`: they are all equal.
    """

    below: Floats
    equal: Floats
    compared: Floats
    alone: Bools
    level: Bools

    def above(self) -> Floats:
        return self.compared - self.below - self.equal


def places_of(question: Question, groups: Sequence[tuple[str, Bools]], within: str) -> Places:
    """The place of every value among the reported ones of its group; `groups` as `methods_posts.compared` tells."""
    units = len(question.value)
    below, equal, size = blank(units), blank(units), blank(units)
    alone, level = np.zeros(units, dtype=bool), np.zeros(units, dtype=bool)
    for number, (_, members) in enumerate(groups):
        inside = np.ones(units, dtype=bool) if within == "all" else question.peer == number
        at = np.flatnonzero(members)
        order = np.argsort(question.value[at])
        row = question.value[at][order]
        first, many = _runs(row)
        below[at[order]], equal[at[order]], size[at] = np.repeat(first, many), np.repeat(many, many), len(row)
        others = np.flatnonzero(inside & question.has_value & ~question.basis)
        if len(others):
            start = np.searchsorted(row, question.value[others], side="left")
            end = np.searchsorted(row, question.value[others], side="right")
            below[others], equal[others], size[others] = start, end - start + 1, len(row) + 1
        alone |= inside & (len(row) < 2)
        level |= inside & (len(first) < 2)
    return Places(below, equal, size, alone, level)


def _runs(row: Floats) -> tuple[np.ndarray[tuple[int], np.dtype[np.intp]], np.ndarray[tuple[int], np.dtype[np.intp]]]:
    """Where each run of equal values of a sorted row begins, and its length."""
    if not len(row):
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    first = np.flatnonzero(np.concatenate(([True], row[1:] != row[:-1])))
    return first, np.diff(np.append(first, len(row)))
