"""The unit with one value changed, everything else as it is: what the engine's own functions then answer.

`Quick` scores one column and grows the tree of this one unit: for everything that does not make the unit's index depend
on others in another way than through the column. `Whole` evaluates the whole cohort again: always right, and slow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from services.scoring.domain.cells import Column, Status
from services.scoring.domain.evaluate import Evaluation, Leaf
from services.scoring.domain.explain.posts import FIXED
from services.scoring.domain.inputs import Inputs
from services.scoring.domain.layers import NOWHERE, Override
from services.scoring.domain.methods import score
from services.scoring.domain.rounding import half_up
from services.scoring.domain.tree import Node, Scored, Terms, grow, walk


@dataclass(frozen=True, slots=True)
class Cell:
    """A value to try; of a quotient with its parts."""

    value: float
    numerator: float = math.nan
    denominator: float = math.nan


@dataclass(frozen=True, slots=True)
class Lever:
    """What of an indicator is moved: the value, or of a quotient that has a denominator the numerator over it."""

    leaf: Leaf
    at: int

    @property
    def denominator(self) -> float | None:
        held = float(self.leaf.column.denominator[self.at])
        return held if self.leaf.indicator.is_quotient and held > 0 else None

    @property
    def held(self) -> float:
        """Where the lever stands; NaN without a value."""
        row = self.leaf.column.value if self.denominator is None else self.leaf.column.numerator
        usable = math.isfinite(float(self.leaf.column.value[self.at]))
        return float(row[self.at]) if usable else math.nan

    def position(self, value: float) -> float:
        """Where the lever must be for a value."""
        return value if self.denominator is None else value / self.leaf.indicator.scale * self.denominator

    def cell(self, position: float) -> Cell:
        """What the indicator becomes with the lever there."""
        scale = self.leaf.indicator.scale
        if self.denominator is not None:
            return Cell(position * scale / self.denominator, position, self.denominator)
        return Cell(position, position / scale, 1.0) if self.leaf.indicator.is_quotient else Cell(position)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The unit's index with the changed value, NaN where it has none, and the share that the value earned."""

    full: float
    published: float
    share: float


@dataclass(frozen=True, slots=True)
class Quick:
    """Tries values of one unit."""

    evaluation: Evaluation
    at: int

    def outcome(self, code: str, tried: Cell) -> Outcome:
        share = self._share(self.evaluation.leaves[code], tried)
        index = self._index(code, share)
        published = half_up(np.array([index]), self.evaluation.plan.scoring.decimals)
        return Outcome(index, float(published[0]), share)

    def _share(self, leaf: Leaf, tried: Cell) -> float:
        """The share of the value; NaN where it is refused or left out."""
        alone = leaf.indicator.method.kind in FIXED
        rows = np.array([self.at]) if alone else np.arange(len(leaf.share))
        place = 0 if alone else self.at
        cohort, frozen = self.evaluation.cohort, self.evaluation.frozen
        found = score(
            leaf.indicator,
            _with_cell(leaf.column, rows, place, tried),
            target=leaf.target[rows],
            peer=cohort.peer[rows],
            peer_groups=cohort.peer_groups,
            frozen=frozen.posts.get(leaf.indicator.code) if frozen else None,
        )
        return float(found.share[place])

    def _index(self, code: str, share: float) -> float:
        one = slice(self.at, self.at + 1)
        leaves = {name: Scored(leaf.share[one], leaf.applicable[one]) for name, leaf in self.evaluation.leaves.items()}
        leaves[code] = Scored(np.array([share]), np.array([not math.isnan(share)]))
        cohort = self.evaluation.cohort
        terms = Terms(peer=cohort.peer[one], peer_groups=cohort.peer_groups, frozen=self._weights())
        return float(grow(self.evaluation.plan, leaves, terms).combined.score[0])

    def _weights(self) -> dict[str, Mapping[str, float]]:
        nodes = (self.evaluation.index, *walk(self.evaluation.index))
        return {node.code: node.weights.values for node in nodes if node.weights.from_data}


@dataclass(frozen=True, slots=True)
class Whole:
    """Tries values by evaluating everybody again. `again` evaluates inputs as the evaluation was."""

    evaluation: Evaluation
    inputs: Inputs
    at: int
    again: Callable[[Inputs], Evaluation]

    def evaluated(self, code: str, tried: Cell) -> Evaluation:
        """The evaluation in which the unit's annual value is this one."""
        return self.again(supposed(self.inputs, code, self.at, tried))


def supposed(inputs: Inputs, code: str, at: int, tried: Cell) -> Inputs:
    """The inputs with the annual value of one cell in place of what was reported or appraised."""
    held = inputs.overrides.get(code)
    override = Override(
        valued=np.array([at]),
        value=np.array([tried.value]),
        numerator=np.array([tried.numerator]),
        denominator=np.array([tried.denominator]),
        exempt=NOWHERE,
        rejected=NOWHERE,
        confirmed=NOWHERE,
        absent=NOWHERE,
    )
    return replace(inputs, overrides={**inputs.overrides, code: _merged(held, override) if held else override})


def _merged(held: Override, new: Override) -> Override:
    at = int(new.valued[0])
    kept = held.valued != at
    rows = {
        name: np.concatenate([getattr(held, name)[kept], getattr(new, name)])
        for name in ("valued", "value", "numerator", "denominator")
    }
    others = {
        name: getattr(held, name)[getattr(held, name) != at] for name in ("exempt", "rejected", "confirmed", "absent")
    }
    return Override(**rows, **others)


def _with_cell(column: Column, rows: np.ndarray[tuple[int], np.dtype[np.int64]], place: int, tried: Cell) -> Column:
    status, value = column.status[rows], column.value[rows]
    numerator, denominator = column.numerator[rows], column.denominator[rows]
    status[place] = Status.OBSERVED
    value[place], numerator[place], denominator[place] = tried.value, tried.numerator, tried.denominator
    return Column(status, value, numerator, denominator)


def quick_enough(evaluation: Evaluation, leaf: Leaf) -> bool:
    """Whether `Quick` tells the truth about the index: nothing else of it hangs on this value."""
    nodes: list[Node] = [evaluation.index, *walk(evaluation.index)]
    scoring = evaluation.plan.scoring
    return (
        not any(node.aggregate in ("borda", "copeland") for node in nodes)
        and not any(node.weights.from_data and not node.weights.frozen for node in nodes)
        and scoring.bands_from == "fixed"
        and not scoring.band_hysteresis
        and leaf.indicator.shrink_by == 0
        and leaf.indicator.computed_by == "form"
    )
