"""Indices for many draws of weights at once, tile by tile: products of weights and rows of shares, in cache.

Units are of two kinds. For most of them no drawn weight changes which nodes have a score: their index is a chain of
matrix products, each divided by a number per pattern. For the few that stand on the edge of a coverage rule (`loose`)
the state of every node is followed draw by draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.scoring.domain.analysis.prepared import ABSENT, PRESENT, Branch, Prepared, patterns, rules
from services.scoring.domain.cells import Bools, Codes, Floats, Ints

TILE_UNITS = 4096
"""Units at once: with a block of draws their numbers stay in the processor's second cache."""
LARGE = 1e300
MULTIPLICATIONS = 1 << 18
"""OpenBLAS computes a product of up to so many on the calling thread."""


@dataclass(frozen=True, slots=True)
class Firm:
    """One branch for some draws: what each pattern is divided by, each unit's pattern, its state in the first draw.

    `states` and `inverse` are draws x patterns; `inverse` is 1 / counted weight, 0 where the node has no score.
    `factor` is that too, times the branch's own weight in the branch above where `weighted`.
    """

    weights: Floats
    states: Codes
    inverse: Floats
    pattern: Ints
    state: Codes
    zero: Bools | None
    factor: Floats
    weighted: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """Weights of some draws against a prepared evaluation."""

    prepared: Prepared
    firm: tuple[Firm, ...]
    loose: Ints
    rated: Bools


def index_rows(prepared: Prepared, drawn: Floats) -> Floats:
    """The index (draws x units) for weights (draws x slots); NaN where not rated. Memory: 8 bytes a draw and unit."""
    settled = settle(prepared, drawn)
    index = np.empty((len(drawn), prepared.units))
    # One array for each branch on the way down and one to gather into: they stay in cache, and are never given back.
    scratch = np.empty((len(prepared.branches) + 1, len(drawn) * min(TILE_UNITS, prepared.units)))
    for start in range(0, prepared.units, TILE_UNITS):
        tile = slice(start, min(start + TILE_UNITS, prepared.units))
        size = tile.stop - start
        arrays = [row[: len(drawn) * size].reshape(len(drawn), size) for row in scratch]
        _tile(settled, len(prepared.branches) - 1, tile, arrays)
        index[:, tile] = arrays[0]
    if not settled.rated.all():
        index[:, ~settled.rated] = np.nan
    if len(settled.loose):
        index[:, settled.loose] = _loose(settled)
    return index


def settle(prepared: Prepared, drawn: Floats) -> Settled:
    """What the drawn weights mean for each pattern of each branch."""
    firm: list[Firm] = []
    loose = np.zeros(prepared.units, dtype=bool)
    for branch in prepared.branches:
        found, pattern = branch.patterns, branch.pattern
        if branch.branches:
            found, pattern = patterns(_states(branch, branch.leaf_states, [firm[k].state for k in branch.branches]))
        weights = branch.weights(drawn)
        states, counted = rules(branch, found, weights)
        zero, unsure = _zero(branch, weights)
        moving = (states != states[0]).any(axis=0)
        if moving.any():
            loose |= moving[pattern]
        if unsure.any():
            loose |= unsure
        inverse = np.where(states == PRESENT, 1.0 / np.where(counted > 0, counted, 1.0), 0.0)
        _weigh(branch, weights, firm)
        firm.append(Firm(weights, states, inverse, pattern, states[0][pattern], zero, inverse, weighted=False))
    return Settled(prepared, tuple(firm), np.flatnonzero(loose), firm[-1].state == PRESENT)


def _weigh(branch: Branch, weights: Floats, firm: list[Firm]) -> None:
    """Put the weights of the branches below into their factors, where a sum is made of them: one pass less."""
    if branch.scale is not None:
        return
    for place, below in enumerate(branch.branches, len(branch.rows)):
        if firm[below].zero is None:
            factor = firm[below].inverse * weights[:, place, None]
            firm[below] = replace(firm[below], factor=factor, weighted=True)


def _states(branch: Branch, leaves: Codes, below: Sequence[Codes]) -> Codes:
    """Children x units: an absent branch that counts as zero is present."""
    filled = branch.rule.fills[len(leaves) :]
    parts = [
        np.where(state == ABSENT, PRESENT, state) if fills else state
        for fills, state in zip(filled, below, strict=True)
    ]
    return np.concatenate([leaves, np.array(parts, dtype=np.int8)])


def _zero(branch: Branch, weights: Floats) -> tuple[Bools | None, Bools]:
    """(units whose mean is 0 because a leaf is, units where that depends on the draw)."""
    counts = (weights > 0)[:, : len(branch.rows)]
    always, ever = counts.all(axis=0), counts.any(axis=0)
    unsure = np.asarray(branch.zero_leaves[ever & ~always].any(axis=0))
    if branch.scale is None:
        return None, unsure
    return np.asarray(branch.zero_leaves[always].any(axis=0)), unsure


def _tile(settled: Settled, number: int, tile: slice, scratch: Sequence[Floats]) -> None:
    """Write the scores of a branch for the firm units of a tile into the first array; the others' mean nothing there.

    The last array is there to gather into, those between are for the branches below.
    """
    branch, firm = settled.prepared.branches[number], settled.firm[number]
    leaves, total, gathered = len(branch.rows), scratch[0], scratch[-1]
    if leaves:
        _multiply(firm.weights[:, :leaves], branch.rows[:, tile], total)
    elif not branch.branches:
        total[:] = 0.0
    for place, below in enumerate(branch.branches, leaves):
        into = scratch[1:] if place else scratch  # the first child is the sum so far
        part = into[0]
        _tile(settled, below, tile, into)
        if branch.scale is not None:
            part[:] = _scaled(branch, place, part, settled.firm[below].state[tile])
        if not settled.firm[below].weighted:
            part *= firm.weights[:, place, None]
        if place:
            total += part
    total *= np.take(firm.factor, firm.pattern[tile], axis=1, out=gathered, mode="clip")
    if branch.scale is not None:
        assert firm.zero is not None
        none = (firm.state[tile] != PRESENT) | firm.zero[tile]
        if none.any():
            total[:, none] = 1.0
        total[:] = branch.scale.dropped(branch.scale.inverse(total))
        total[:, none] = 0.0


def _multiply(weights: Floats, rows: Floats, found: Floats) -> None:
    """The matrix product, in pieces so small that no library spreads them over threads.

    Analyses run on threads of their own; and a sum must not depend on how many processors there are.
    """
    piece = max(MULTIPLICATIONS // max(weights.size, 1), 32)
    for first in range(0, rows.shape[1], piece):
        at = slice(first, first + piece)
        np.matmul(weights, rows[:, at], out=found[:, at])


def _scaled(branch: Branch, place: int, score: Floats, state: Codes) -> Floats:
    """A branch's scores on the scale of the mean above, 0 where it has none.

    A zero that makes the mean 0 becomes a number so large that the mean of it comes out as 0.
    """
    assert branch.scale is not None
    counts = (state == PRESENT) | (branch.rule.fills[place] & (state == ABSENT))
    with np.errstate(divide="ignore", over="ignore"):
        scaled = branch.scale.forward(branch.scale.lifted(np.where(counts, score, 1.0)))
    return np.where(counts, np.clip(scaled, -LARGE, LARGE), 0.0)


def _loose(settled: Settled) -> Floats:
    """The index (draws x loose units), every node's state followed draw by draw; NaN where not rated."""
    units = settled.loose
    values: list[Floats] = []
    states: list[Codes] = []
    for branch, firm in zip(settled.prepared.branches, settled.firm, strict=True):
        if branch.branches:
            below = [(values[k], states[k]) for k in branch.branches]
            state, inverse = _followed(branch, firm, units, [each for _, each in below])
        else:
            below = []
            at = firm.pattern[units]
            state, inverse = firm.states[:, at], firm.inverse[:, at]
        score = _scored(branch, firm.weights, units, below) * inverse
        if branch.scale is not None:
            counts = (state == PRESENT) & ~_any_zero(branch, firm.weights, units)
            score = branch.scale.dropped(branch.scale.inverse(np.where(counts, score, 1.0)))
            score = np.where(counts, score, 0.0)
        values.append(score)
        states.append(state)
    return np.where(states[-1] == PRESENT, values[-1], np.nan)


def _followed(branch: Branch, firm: Firm, units: Ints, below: Sequence[Codes]) -> tuple[Codes, Floats]:
    """(state, 1 / counted weight or 0), draws x units, of a branch whose children come and go."""
    draws = len(firm.weights)
    leaves = np.tile(branch.leaf_states[:, units], (1, draws))
    found, pattern = patterns(_states(branch, leaves, [state.ravel() for state in below]))
    states, counted = rules(branch, found, firm.weights)
    inverse = np.where(states == PRESENT, 1.0 / np.where(counted > 0, counted, 1.0), 0.0)
    at = (np.arange(draws)[:, None], pattern.reshape(draws, len(units)))
    return states[at], inverse[at]


def _scored(branch: Branch, weights: Floats, units: Ints, below: Sequence[tuple[Floats, Codes]]) -> Floats:
    """Sum of weight times score, on the scale of the mean, over the children that are present."""
    leaves = len(branch.rows)
    total = np.empty((len(weights), len(units)))
    _multiply(weights[:, :leaves], branch.rows[:, units], total)
    for place, (value, state) in enumerate(below, leaves):
        part = value if branch.scale is None else _scaled(branch, place, value, state)
        total += weights[:, place, None] * part
    return np.asarray(total)


def _any_zero(branch: Branch, weights: Floats, units: Ints) -> Bools:
    """Where a leaf that counts scores a 0 that makes the mean 0: draws x units."""
    counts = (weights[:, : len(branch.rows)] > 0).astype(np.float64)
    return np.asarray(counts @ branch.zero_leaves[:, units].astype(np.float64) > 0)
