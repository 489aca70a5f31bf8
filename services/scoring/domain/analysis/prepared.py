"""An evaluation made ready for other weights: shares as rows, what counts for whom as patterns.

For one draw of weights the engine would walk the tree for every unit again. But weights change nothing about which
cells have values: units fall into few patterns of present, absent and not applicable children, so that everything
that depends on the weights alone is computed per pattern, and a unit's score is a product of its row of shares.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.scoring.domain.aggregate import TOLERANCE
from services.scoring.domain.analysis.slots import Slots
from services.scoring.domain.cells import Bools, Codes, Floats, Ints
from services.scoring.domain.means import Scale

OUT, ABSENT, PRESENT = 0, 1, 2
"""States of a child: not applicable, applicable without a value, with a value."""
COUNTED_MAX = 3**10
"""Patterns are counted up to so many possible ones, and sorted beyond."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When a node has a score. `stops` and `fills` say for each child what its absence does: no score, or a zero."""

    min_coverage: float
    by_count: bool
    min_children: int
    stops: Bools
    fills: Bools


@dataclass(frozen=True, slots=True)
class Branch:
    """One node, chains of points flattened. Leaves come first among its children, then branches.

    `rows` (leaves x units) are shares, on the scale of the node's mean (`scale`; None: as they are), 0 where absent.
    `terms[k]` are the slots of child k with what their product is divided by. `patterns` (leaves x patterns) are the
    distinct columns of `leaf_states` (leaves x units), `pattern` says which is each unit's. `zero_leaves` marks shares
    of 0 that make the mean 0.
    """

    scale: Scale | None
    rule: Rule
    rows: Floats
    terms: tuple[tuple[tuple[int, ...], float], ...]
    branches: tuple[int, ...]
    leaf_states: Codes
    patterns: Codes
    pattern: Ints
    zero_leaves: Bools

    def weights(self, drawn: Floats) -> Floats:
        """Weights (draws x children) out of those of all slots (draws x slots)."""
        columns = [np.prod(drawn[:, list(slots)], axis=1) / over for slots, over in self.terms]
        return np.stack(columns, axis=1)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Branches bottom up, the index last. Units in the order of the cohort everywhere."""

    slots: Slots
    branches: tuple[Branch, ...]
    units: int


def rules(branch: Branch, states: Codes, weights: Floats) -> tuple[Codes, Floats]:
    """State of the node and counted weight, draws x patterns, for patterns of states (children x patterns)."""
    present, applicable = (states == PRESENT).astype(np.float64), (states != OUT).astype(np.float64)
    counted, whole = weights @ present, weights @ applicable
    rule = branch.rule
    by_count = (weights > 0).astype(np.float64)
    have, could = by_count @ present, by_count @ applicable
    reached, full = (have, could) if rule.by_count else (counted, whole)
    rated = (counted > 0) & (have >= rule.min_children)
    if rule.min_coverage > 0:
        rated &= reached >= full * (rule.min_coverage - TOLERANCE)
    if rule.stops.any():
        rated &= by_count[:, rule.stops] @ (states[rule.stops] == ABSENT).astype(np.float64) == 0
    return np.where(whole > 0, np.where(rated, PRESENT, ABSENT), OUT).astype(np.int8), counted


def patterns(states: Codes) -> tuple[Codes, Ints]:
    """(children x patterns, pattern of each unit) of states (children x units)."""
    if len(states) > 39:  # more than base 3 can number in 63 bits
        packed = np.ascontiguousarray(states.T).view(np.dtype((np.void, len(states)))).ravel()
        _, first, inverse = np.unique(packed, return_index=True, return_inverse=True)
        return states[:, first], inverse.astype(np.intp)
    key = np.zeros(states.shape[1], dtype=np.int64)
    for row in states:
        key *= 3
        key += row
    if 3 ** len(states) > COUNTED_MAX:
        _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
        return states[:, first], inverse.astype(np.intp)
    taken = np.bincount(key, minlength=1) > 0
    example = np.zeros(len(taken), dtype=np.int64)
    example[key] = np.arange(len(key))  # any unit of a pattern is an example of it
    return states[:, example[taken]], (np.cumsum(taken) - 1)[key]
