"""Aggregates that compare units with units: Borda and Copeland, as a score in [0, 1].

Borda: of each child the share of the other units that score strictly less, averaged over the unit's own children by
weight. Copeland: of each other unit, 1 when the children on which it is beaten outweigh those on which it wins, one
half when they balance, else 0; averaged over the units that share a child with it. A pair is held against each other
on the children that both have, nothing else; weights are whole numbers and a balance is their exact equality, so that
24.5 of 49 is a tie. Scores that differ by less than 1e-9 are equal. A unit without anyone to compare with scores 1, as
its percentile would be. Compared are the units that are ranked together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np

from services.scoring.domain.cells import Floats, Ints
from services.scoring.domain.child import Child
from services.scoring.domain.rank import better_and_tied
from services.scoring.domain.undefined import Undefined

KINDS = frozenset({"borda", "copeland"})
DECIMALS = 9
COPELAND_UNITS_MAX = 5000
_ROWS = 128
_WHOLE_MAX = 2**53


@dataclass(frozen=True, slots=True)
class Among:
    """Who is compared with whom: the number of each unit's group, and how many groups there are."""

    group: Ints
    groups: int


def everyone(units: int) -> Among:
    """All units in one group."""
    return Among(np.zeros(units, dtype=np.int64), 1)


def compared(
    code: str, kind: str, live: Sequence[Child], rated: np.ndarray[tuple[int], np.dtype[np.bool_]], among: Among
) -> tuple[Floats, list[Floats]]:
    """The score of every unit and what each child brings to it (they sum to it); arbitrary where not rated.

    Undefined where Copeland would have to compare too many units.
    """
    scores = [np.where(rated & one.has, np.round(one.score, DECIMALS), np.nan) for one in live]
    weights = [one.counted for one in live]
    parts = [_share_beaten(score, among) for score in scores]
    counted = np.sum(weights, axis=0) if live else np.zeros(len(rated))
    below = np.where(counted > 0, counted, 1.0)
    borda = [weight / below * part for weight, part in zip(weights, parts, strict=True)]
    score = np.sum(borda, axis=0) if live else np.zeros(len(rated))
    if kind == "borda" or not live:
        return score, borda
    copeland = _copeland(code, scores, live, among)
    rest = copeland - score  # what a duel adds or takes is spread by weight
    return copeland, [part + weight / below * rest for part, weight in zip(borda, weights, strict=True)]


def _share_beaten(score: Floats, among: Among) -> Floats:
    """Share of the others of its group that score strictly less; 1 without others, 0 without a score."""
    better, tied, held = better_and_tied(score, among.group, among.groups)
    less = held - better - tied
    share = np.where(held > 1, less / np.maximum(held - 1, 1), 1.0)
    return np.where(np.isfinite(score), share, 0.0)


def _copeland(code: str, scores: Sequence[Floats], live: Sequence[Child], among: Among) -> Floats:
    result = np.zeros(len(among.group))
    for number in range(among.groups):
        inside = np.flatnonzero(among.group == number)
        if len(inside) > COPELAND_UNITS_MAX:
            case = f"copeland compares every pair of units, {COPELAND_UNITS_MAX} at most, and here are {len(inside)}"
            raise Undefined(code or "index", case)
        if len(inside):
            table = np.array([score[inside] for score in scores])
            weights = whole_numbers([float(one.whole[inside].max()) for one in live])
            result[inside] = _duels(table, weights)
    return result


def _duels(table: Floats, weights: Sequence[int]) -> Floats:
    """(2 wins + ties) / (2 duels) of every column of `table` (children x units), in whole numbers."""
    units = table.shape[1]
    has = np.isfinite(table)
    points, duels = np.zeros(units, dtype=np.int64), np.zeros(units, dtype=np.int64)
    for start in range(0, units, _ROWS):
        rows = slice(start, min(start + _ROWS, units))
        margin = np.zeros((rows.stop - start, units), dtype=np.int64)
        shared = np.zeros(margin.shape, dtype=bool)
        for row, known, weight in zip(table, has, weights, strict=True):
            own = row[rows, None]  # comparisons with NaN are False
            margin += weight * ((own > row).astype(np.int64) - (own < row))
            shared |= known[rows, None] & known
        shared[np.arange(rows.stop - start), np.arange(start, rows.stop)] = False
        points[rows] = (shared * (np.sign(margin) + 1)).sum(axis=1)
        duels[rows] = shared.sum(axis=1)
    return np.where(duels > 0, points / np.maximum(2 * duels, 1), 1.0)


def whole_numbers(weights: Sequence[float]) -> list[int]:
    """Whole numbers in the ratio of the weights as written (0.1 is one tenth); of endless fractions, to 15 digits."""
    exact = [Fraction(repr(weight)) for weight in weights]
    common = lcm(*(one.denominator for one in exact))
    whole = [int(one * common) for one in exact]
    if sum(whole) <= _WHOLE_MAX:
        return whole
    total = sum(exact)
    return [round(one / total * 10**15) for one in exact]
