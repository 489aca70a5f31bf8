"""Which choice moves the ranks: variance-based sensitivity by Saltelli's design.

Matrices A and B of N scrambled Sobol' points each, and AB_i, which is A with column i of B: N (d + 2) evaluations.
Estimates are not clipped; those `shown` are, to [0, 1], for display.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from services.scoring.domain.analysis.draws import Draws
from services.scoring.domain.analysis.jansen import FLAT, estimate, swapped
from services.scoring.domain.analysis.models import Models
from services.scoring.domain.analysis.outcome import Outcome, Part, plain
from services.scoring.domain.analysis.refused import refused
from services.scoring.domain.analysis.sobol_points import DIMENSIONS_MAX, sobol_points
from services.scoring.domain.analysis.variations import Case, Mean, Normaliser, Policy, Switch
from services.scoring.domain.cells import Floats, Ints
from services.scoring.domain.rank import UNRANKED
from shared.plan.base import Model

INSIDE = 1 << 26
"""Stream of the weights inside a group, of which a draw's number is 32 bits of its coordinate."""
RUNS_A_STEP, INDICES_A_STEP = 256, 4_000_000


class SobolParameters(Model):
    """What varies: every weight of the index by itself, the weights inside each of its children together, and switches.

    A switch varies among the named choices and what the plan says.
    """

    rows: Annotated[int, Field(description="N, a power of two.", ge=8, le=8192)] = 256
    seed: Annotated[str, Field(max_length=100)] = ""
    spread: Annotated[float, Field(description="Weights move by up to this part of themselves.", gt=0, lt=1)] = 0.25
    inside: Annotated[bool, Field(description="Also the weights inside each child of the index.")] = True
    normalisers: tuple[Normaliser, ...] = ()
    means: tuple[Mean, ...] = ()
    missing: tuple[Policy, ...] = ()


class Sobol:
    """The analysis of one case on two outputs: the mean change of rank, and each unit's rank."""

    def __init__(self, case: Case, parameters: SobolParameters, *, run: str) -> None:
        if parameters.rows & (parameters.rows - 1):
            raise refused("rows", "N phải là lũy thừa của 2.", f"N must be a power of two, not {parameters.rows}.")
        self.parameters = parameters
        self._models, self._draws, self._run = Models(case), Draws(run), run
        slots = self._models.slots
        self._tops = slots.children[0]
        self._switches = {
            name: (None, *given)
            for name, given in (
                ("normaliser", parameters.normalisers),
                ("mean", parameters.means),
                ("missing", parameters.missing),
            )
            if given
        }
        inside = [f"inside:{top}" for top in self._tops if parameters.inside and self._below(top)]
        self.factors = (*(f"weight:{top}" for top in self._tops), *inside, *self._switches)
        if 2 * len(self.factors) > DIMENSIONS_MAX:
            raise refused(
                "inside",
                f"{len(self.factors)} yếu tố là quá nhiều; nhiều nhất {DIMENSIONS_MAX // 2}.",
                f"{len(self.factors)} factors are too many; at most {DIMENSIONS_MAX // 2}.",
            )
        self._points = sobol_points(parameters.rows, 2 * len(self.factors), self._draws)
        runs = min(RUNS_A_STEP, INDICES_A_STEP // max(len(case.evaluation.cohort.units), 1))
        self._rows = max(runs // (len(self.factors) + 2), 1)
        self.total = parameters.rows * (len(self.factors) + 2)
        self.steps = -(-parameters.rows // self._rows)
        _ = self._models.ranks

    def step(self, number: int) -> Part:
        """Outputs of some rows, and each unit's sums of ranks and of squared differences."""
        d = len(self.factors)
        rows = self._points[number * self._rows : (number + 1) * self._rows]
        a, b = rows[:, :d], rows[:, d:]
        ranks = self._ranks(np.concatenate([a, b, *(swapped(a, b, factor) for factor in range(d))]))
        ranks = ranks.reshape(d + 2, len(rows), -1)
        own = self._models.ranks
        counted = own != UNRANKED
        y = np.abs(ranks - own)[:, :, counted].mean(axis=2) if counted.any() else np.zeros(ranks.shape[:2])
        return {
            "y": y,
            "sum": ranks[:2].sum(axis=(0, 1)),
            "squares": (ranks[:2] ** 2).sum(axis=(0, 1)),
            "first": ((ranks[1] - ranks[2:]) ** 2).sum(axis=1),
            "total": ((ranks[0] - ranks[2:]) ** 2).sum(axis=1),
        }

    def finish(self, parts: Sequence[Part]) -> Outcome:
        y = np.concatenate([part["y"] for part in parts], axis=1)
        found = estimate(y[0], y[1], y[2:], Draws(self._run))
        factors = [
            {
                "factor": name,
                "first": _number(found.first[at]),
                "first_low": _number(found.first_low[at]),
                "first_high": _number(found.first_high[at]),
                "first_shown": _number(np.clip(found.first[at], 0, 1)),
                "total": _number(found.total[at]),
                "total_low": _number(found.total_low[at]),
                "total_high": _number(found.total_high[at]),
                "total_shown": _number(np.clip(found.total[at], 0, 1)),
            }
            for at, name in enumerate(self.factors)
        ]
        summary = {
            "rows": self.parameters.rows,
            "ranking": self._models.rule,
            "runs": self.total,
            "mean_rank_shift": float(y[:2].mean()),
            "variance": found.variance,
            "factors": factors,
        }
        return Outcome(summary, *self._table(parts))

    def _table(self, parts: Sequence[Part]) -> tuple[tuple[str, ...], list[list[Any]]]:
        """Each unit's variance of rank, and how much of it each factor is part of."""
        sums = {name: np.sum([part[name] for part in parts], axis=0) for name in ("sum", "squares", "first", "total")}
        runs = 2 * self.parameters.rows
        variance = sums["squares"] / runs - (sums["sum"] / runs) ** 2
        flat = variance < FLAT * 1e6
        with np.errstate(divide="ignore", invalid="ignore"):
            first = np.where(flat, np.nan, 1.0 - sums["first"] / self.parameters.rows / (2.0 * variance))
            total = np.where(flat, np.nan, sums["total"] / self.parameters.rows / (2.0 * variance))
        cohort = self._models.case.evaluation.cohort
        columns = {
            "unit": list(cohort.units),
            "rank": [rank or None for rank in self._models.ranks.tolist()],
            "rank_variance": plain(variance, 6),
            **{f"first_{name}": plain(first[at], 6) for at, name in enumerate(self.factors)},
            **{f"total_{name}": plain(total[at], 6) for at, name in enumerate(self.factors)},
        }
        return tuple(columns), [list(row) for row in zip(*columns.values(), strict=True)]

    def _ranks(self, points: Floats) -> Ints:
        """Ranks (points x units); a unit without an index in a run comes after all that have one."""
        drawn = self._models.drawn([self._switch(point) for point in points], self._weights(points))
        ranks = self._models.ranked(drawn).astype(np.int64)
        return np.where(ranks == UNRANKED, ranks.max(axis=1, keepdims=True) + 1, ranks)

    def _weights(self, points: Floats) -> Floats:
        slots, spread = self._models.slots, self.parameters.spread
        factor = np.ones((len(points), len(slots.weight)))
        factor[:, slots.part(0)] += spread * (2.0 * points[:, : len(self._tops)] - 1.0)
        for at, name in enumerate(self.factors):
            if name.startswith("inside:"):
                inside = self._below(name.removeprefix("inside:"))
                numbers = np.floor(points[:, at] * 2.0**32).astype(np.uint64).tolist()
                u = np.array([self._draws.uniform(number, len(inside), stream=INSIDE + at) for number in numbers])
                factor[:, inside] += spread * (2.0 * u - 1.0)
        return slots.normalised(slots.weight * factor)

    def _switch(self, point: Floats) -> Switch:
        first = len(self.factors) - len(self._switches)
        chosen: dict[str, Any] = {}
        for at, (name, named) in enumerate(self._switches.items(), first):
            chosen[name] = named[min(int(point[at] * len(named)), len(named) - 1)]
        return Switch.model_validate(chosen)

    def _below(self, top: str) -> list[int]:
        """Slots of the weights of a child of the index and of everything below it, where there are several."""
        slots, wanted = self._models.slots, [top]
        found: list[int] = []
        while wanted:
            code = wanted.pop()
            if code in slots.nodes:
                node = slots.nodes.index(code)
                wanted.extend(slots.children[node])
                if len(slots.children[node]) > 1:
                    part = slots.part(node)
                    found.extend(range(part.start, part.stop))
        return sorted(found)


def _number(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)
