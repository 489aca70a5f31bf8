"""Rank intervals: how far ranks depend on choices that could have been made otherwise, by Monte Carlo.

Every draw takes its own weights, posts, values of indicators with a declared error, imputed values and alternatives,
computes the index of everybody and ranks them. The 90 % interval of a unit's rank is reported beside the rank. Two
units are statistically tied when the 90 % interval of the *difference* of their indices contains 0:
overlapping intervals of two ranks say little, because what moves one unit mostly moves the other too.

Sources: Saisana, Saltelli and Tarantola (2005); OECD/JRC Handbook (2008), step 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from services.scoring.domain.analysis.disturbed import imputed, noisy
from services.scoring.domain.analysis.draws import Draws
from services.scoring.domain.analysis.models import Drawn, Models, drawn_by_engine
from services.scoring.domain.analysis.outcome import Outcome, Part, plain
from services.scoring.domain.analysis.ranking import Ranks, band_counts, kendall_tau, spread
from services.scoring.domain.analysis.refused import refused
from services.scoring.domain.analysis.slots import WeightNoise, draw_weights, reweighted
from services.scoring.domain.analysis.variations import (
    Case,
    Switch,
    choices,
    moved_posts,
)
from services.scoring.domain.cells import Floats, Ints
from services.scoring.domain.evaluate import Evaluation
from services.scoring.domain.rank import UNRANKED
from shared.plan.base import Model

BLOCK_DRAWS_MIN, BLOCK_DRAWS_MAX, BLOCK_INDICES = 25, 100, 2_500_000
"""Draws in one step, and indices that they are to come to."""
PROBABILITIES = (0.05, 0.5, 0.95)
NEIGHBOURS_UNITS_MAX = 500
"""Up to this many units every unit is compared with the next one of its ranking."""
RANKS_MAX = 200_000_000
"""Ranks held at once, of 4 bytes each."""
TAU_DRAWS, TAU_UNITS = 200, 200
"""Kendall's tau is the mean over so many draws, of so many units evenly along the ranking."""


class IntervalParameters(Model):
    """What may vary. Nothing does by default but the weights."""

    draws: Annotated[int, Field(ge=20, le=10_000)] = 1000
    seed: Annotated[str, Field(max_length=100, description="Another text gives other random numbers.")] = ""
    weights: WeightNoise | None = None
    posts: Annotated[
        float, Field(description="Goalposts and targets move by up to this part of their range.", ge=0, lt=0.5)
    ] = 0.0
    noise: Annotated[bool, Field(description="Add the measurement error that indicators declare (`noise_sd`).")] = False
    imputation: Annotated[bool, Field(description="Missing values are taken from a random peer in each draw.")] = False
    alternatives: Annotated[
        tuple[Switch, ...], Field(description="One of these at random in each draw; `{}` is the plan.", max_length=24)
    ] = ()
    top: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(max_length=10)] = (1, 3, 10)
    pairs: Annotated[tuple[tuple[str, str], ...], Field(description="Units to compare.", max_length=500)] = ()


class Intervals:
    """The analysis of one case. `run` names its random numbers."""

    def __init__(self, case: Case, parameters: IntervalParameters, *, run: str) -> None:
        self.parameters = parameters
        self._run = run
        self._models = Models(case)
        self._switches = parameters.alternatives or (Switch(),)
        self._pairs = self._compared()
        self.total = parameters.draws
        if parameters.draws * len(case.evaluation.cohort.units) > RANKS_MAX:
            most = RANKS_MAX // len(case.evaluation.cohort.units)
            raise refused(
                "draws", f"Nhiều nhất {most} lượt với số đơn vị này.", f"At most {most} draws of so many units."
            )
        # Of the cohort's size alone: sums round alike only in blocks of one size.
        fitting = BLOCK_INDICES // max(len(case.evaluation.cohort.units), 1)
        self._block = min(max(fitting, BLOCK_DRAWS_MIN), BLOCK_DRAWS_MAX)
        self.steps = -(-parameters.draws // self._block)
        # Threads share it: built before they start.
        _ = self._models.slots, self._models.ranker, self._models.ranks
        for switch in self._switches:
            self._models.ready(switch)
        ranked = np.flatnonzero(self._models.ranks != UNRANKED)
        ranked = ranked[np.argsort(self._models.ranks[ranked], kind="stable")]
        self._sampled = ranked[
            np.unique(np.linspace(0, max(len(ranked) - 1, 0), TAU_UNITS).astype(np.int64))[: len(ranked)]
        ]

    def step(self, number: int) -> Part:
        """Ranks (draws x units); by unit, in how many draws it is where; by draw, how far it is from the plan."""
        first = number * self._block
        numbers = range(first, min(first + self._block, self.total))
        drawn = self.drawn(numbers)
        scoring, cuts, index = self._models.case.plan.scoring, self._cuts, drawn.index
        one, other = self._pairs
        ranks, own = self._models.ranked(drawn), self._models.ranks
        every = max(self.total // TAU_DRAWS, 1)
        some = [row for number, row in zip(numbers, ranks, strict=True) if number % every == 0]
        return {
            "ranks": ranks,
            "tops": _within(ranks, self.parameters.top),
            "moves": _moves(ranks, own.astype(np.int32)),
            "taus": np.array([kendall_tau(own[self._sampled], row[self._sampled]) for row in some]),
            "bands": band_counts(index, cuts, scoring.decimals),
            "differences": index[:, one] - index[:, other],
        }

    def drawn(self, numbers: Sequence[int]) -> Drawn:
        """The draws of these numbers."""
        draws, given = Draws(self._run), self.parameters
        slots = self._models.slots
        weights = np.repeat(slots.weight[None, :], len(numbers), axis=0)
        if given.weights is not None:
            weights = draw_weights(slots, given.weights, draws, numbers)
        chosen = [choices(self._switches, draws, number) for number in numbers]
        if given.posts or given.noise or given.imputation:
            rows = zip(numbers, chosen, weights, strict=True)
            return drawn_by_engine([self._varied(draws, *each) for each in rows])
        return self._models.drawn(chosen, weights)

    def _varied(self, draws: Draws, number: int, switch: Switch, weights: Floats) -> Evaluation:
        """One draw by the engine."""
        given, slots, case = self.parameters, self._models.slots, self._models.of(switch)
        plan = case.plan if given.weights is None else reweighted(case.plan, slots, slots.named(weights))
        if given.posts:
            plan = moved_posts(plan, given.posts, draws, number)
        inputs = case.inputs
        if given.imputation:
            inputs = imputed(case, draws, number)
        if given.noise:
            inputs = noisy(Case(case.evaluation, inputs), draws, number)
        return case.again(plan, inputs)

    def finish(self, parts: Sequence[Part]) -> Outcome:
        cohort, evaluation = self._models.case.evaluation.cohort, self._models.case.evaluation
        ranks: list[Ranks] = [part["ranks"] for part in parts]
        found = spread(ranks, PROBABILITIES)
        columns: dict[str, Sequence[Any]] = {
            "unit": cohort.units,
            "peer_group": cohort.peer_group_of,
            "index": plain(evaluation.published),
            "rank": [rank or None for rank in evaluation.ranking.rank.tolist()],
            "rank_low": plain(found.quantiles[0], 2),
            "rank_median": plain(found.quantiles[1], 2),
            "rank_high": plain(found.quantiles[2], 2),
            "rank_mean": plain(found.mean, 4),
            "rank_sd": plain(found.sd, 4),
            "unranked": plain(found.unranked, 6),
        }
        tops = _summed([part["tops"] for part in parts])
        for at, place in enumerate(self.parameters.top):
            columns[f"top_{place}"] = plain(tops[at] / self.total, 6)
        counts = _summed([part["bands"] for part in parts])
        for at, band in enumerate(self._models.case.plan.scoring.bands):
            columns[f"band_{band.code}"] = plain(counts[at] / self.total, 6)
        rows = [list(row) for row in zip(*columns.values(), strict=True)]
        return Outcome(self._summary(parts), tuple(columns), rows)

    def _summary(self, parts: Sequence[Part]) -> dict[str, Any]:
        moves, taus = (np.concatenate([part[name] for part in parts]) for name in ("moves", "taus"))
        return {
            "draws": self.total,
            "ranking": self._models.rule,
            "probabilities": list(PROBABILITIES),
            "mean_rank_shift": float(moves.mean()) if len(moves) else 0.0,
            "mean_rank_shift_low": float(np.quantile(moves, PROBABILITIES[0])),
            "mean_rank_shift_high": float(np.quantile(moves, PROBABILITIES[-1])),
            "kendall_tau": float(taus.mean()),
            "pairs": self._pair_rows(np.concatenate([part["differences"] for part in parts])),
        }

    def _pair_rows(self, differences: Floats) -> list[dict[str, Any]]:
        """Of each pair: how often the first is above, and whether 0 lies within the interval of the difference."""
        units, found = self._models.case.evaluation.cohort.units, []
        for at, (one, other) in enumerate(zip(*self._pairs, strict=True)):
            row = differences[:, at]
            row = row[np.isfinite(row)]
            if len(row) == 0:
                continue
            low, high = (float(v) for v in np.quantile(row, (PROBABILITIES[0], PROBABILITIES[-1])))
            found.append(
                {
                    "unit": units[one],
                    "other": units[other],
                    "above": float((row > TIE).mean()),
                    "equal": float((np.abs(row) <= TIE).mean()),
                    "difference_low": low,
                    "difference_high": high,
                    "tied": low <= TIE and high >= -TIE,
                }
            )
        return found

    @cached_property
    def _cuts(self) -> Floats:
        return np.array(self._models.case.evaluation.cuts)

    def _compared(self) -> tuple[Ints, Ints]:
        """The pairs asked for; without any, every unit of a small cohort with the next one of its ranking."""
        cohort, ranks = self._models.case.evaluation.cohort, self._models.ranks
        unknown = {unit for pair in self.parameters.pairs for unit in pair} - set(cohort.units)
        if unknown:
            named = ", ".join(sorted(unknown))
            raise refused("pairs", f"Không thuộc đánh giá này: {named}.", f"Not in this evaluation: {named}.")
        pairs = [(cohort.position[a], cohort.position[b]) for a, b in self.parameters.pairs]
        if not pairs and len(ranks) <= NEIGHBOURS_UNITS_MAX:
            peer = self._models.ranker.peer
            order = sorted(np.flatnonzero(ranks != UNRANKED).tolist(), key=lambda at: (peer[at], ranks[at], at))
            pairs = [(a, b) for a, b in pairwise(order) if peer[a] == peer[b]]
        return np.array([a for a, _ in pairs], dtype=np.int64), np.array([b for _, b in pairs], dtype=np.int64)


TIE = 1e-12


def _summed(counts: Sequence[Ranks]) -> Ranks:
    """The sum of equal shapes, without stacking them first."""
    found = counts[0].copy()
    for each in counts[1:]:
        found += each
    return found


def _within(rows: Ranks, places: Sequence[int]) -> Ranks:
    """In how many draws (fewer than 128) each unit is at each of these places or before it: places x units."""
    gaps = bool(rows.size) and rows.min() == UNRANKED
    found = np.zeros((len(places), rows.shape[1]), dtype=np.int32)
    for at, place in enumerate(places):
        reached = rows <= place
        if gaps:
            reached &= rows != UNRANKED
        found[at] = np.add.reduce(reached.view(np.int8), axis=0, dtype=np.int8)
    return found


def _moves(rows: Ranks, own: Ranks) -> Floats:
    """Mean absolute change of rank in each draw, over units ranked in both."""
    found, moved = [], np.empty_like(own)
    gaps = bool(rows.size) and UNRANKED in (rows.min(), own.min())
    for row in rows:
        np.abs(np.subtract(row, own, out=moved), out=moved)
        both = (row != UNRANKED) & (own != UNRANKED) if gaps else None
        total = moved.sum() if both is None else moved[both].sum()
        found.append(int(total) / max(len(row) if both is None else int(np.count_nonzero(both)), 1))
    return np.array(found)
