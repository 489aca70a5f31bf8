"""A leaf or a node as its parent counts it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.scoring.domain.cells import Bools, Floats


@dataclass(frozen=True, slots=True)
class Child:
    """One entry per unit.

    `whole` is its weight where it applies, `counted` its weight where its score counts (both in points under a points
    parent), `earned` is counted weight times score. `has` marks where it counts; there the score is a number, and only
    there unless `counts` is False: weight 0, shown, never counted. `stops` marks units whose parent has no score
    because of it, `void` units whose index is 0 because of it. `reported` is how much of it was reported, a share or a
    mark; None: wherever it counts. `partly` is its counted weight where that is not all of `whole`: points in points.
    """

    code: str
    score: Floats
    whole: Floats
    earned: Floats
    has: Bools
    reported: Floats | Bools | None = None
    partly: Floats | None = None
    counts: bool = True
    stops: Bools | None = None
    void: Bools | None = None

    @property
    def counted(self) -> Floats:
        """Made when asked for: most children are only ever summed up, and memory is what a large cohort waits for."""
        return np.multiply(self.whole, self.has) if self.partly is None else self.partly

    @property
    def covered(self) -> Floats:
        """Weight of what was reported."""
        return self.counted if self.reported is None else np.multiply(self.whole, self.reported)
