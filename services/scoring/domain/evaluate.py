"""The whole evaluation of one (plan, year): annual values, shares, tree, index, rank, band, for the whole cohort."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from services.scoring.domain.bounds import Bounds, RankBounds, bounds, rank_bounds
from services.scoring.domain.cells import Bools, Floats, Ints, Status, is_missing
from services.scoring.domain.confidence import Confident, confidence
from services.scoring.domain.impute import policies
from services.scoring.domain.inputs import Cohort, Inputs
from services.scoring.domain.leaves import Leaf, Setting, leaf_of, targets
from services.scoring.domain.overall import overall, ranked_together, scored, terms_of
from services.scoring.domain.rank import Ranking
from services.scoring.domain.reference import Reference
from services.scoring.domain.rounding import half_up
from services.scoring.domain.silence import gain_of_silence
from services.scoring.domain.tree import Node, Terms
from shared.plan.model import Plan

__all__ = ["Evaluation", "Leaf", "evaluate", "targets"]


@dataclass(frozen=True)
class Evaluation:
    """Everything that was computed, one entry per unit of the cohort.

    `ranking` is complete; `shown` says for which units ranks may be shown. `cuts` are the lower bounds of the bands.
    `reference` are the numbers that were taken from data, ready to be frozen; `frozen` those that were given.
    """

    plan: Plan
    year: int
    cohort: Cohort
    leaves: dict[str, Leaf]
    index: Node
    published: Floats
    ranking: Ranking
    band: Ints
    shown: Bools
    cuts: tuple[float, ...]
    reference: Reference
    frozen: Reference | None = None

    @property
    def full(self) -> Floats:
        """The index before rounding; NaN where not rated."""
        return self.index.combined.score

    @property
    def terms(self) -> Terms:
        """What the tree was grown under, to grow it again."""
        return terms_of(self.plan, self.cohort, self.frozen)

    @cached_property
    def bounds(self) -> Bounds:
        """Least and greatest index while cells are open, unrounded."""
        tops = {code: max(1.0, getattr(leaf.indicator.method, "cap", 1.0)) for code, leaf in self.leaves.items()}
        open_ = {code: _open(leaf) for code, leaf in self.leaves.items()}
        leaves = scored(self.leaves)
        return bounds(self.plan, self.index, leaves, open_=open_, tops=tops, terms=self.terms)

    @cached_property
    def rank_bounds(self) -> RankBounds:
        """Best and worst rank while cells are open."""
        scoring, low, high = self.plan.scoring, self.bounds.low, self.bounds.high
        if scoring.rank_on == "published":
            low, high = half_up(low, scoring.decimals), half_up(high, scoring.decimals)
        among = ranked_together(scoring, self.cohort)
        return rank_bounds(low, high, among, ties_count=bool(scoring.tie_break))

    @cached_property
    def confidence(self) -> Confident:
        """How far each score rests on what was reported."""
        status = {code: leaf.status for code, leaf in self.leaves.items()}
        age = {code: leaf.age for code, leaf in self.leaves.items() if leaf.age is not None}
        return confidence(self.index, status, self.plan.scoring.confidence, age=age)

    @cached_property
    def gain_of_silence(self) -> Floats:
        """Index were missing values left out less the index were they 0: large where not reporting pays."""
        silent = {code: leaf.applicable & ~leaf.reported for code, leaf in self.leaves.items()}
        return gain_of_silence(self.plan, self.index, scored(self.leaves), silent, self.terms)


def evaluate(plan: Plan, year: int, inputs: Inputs, *, reference: Reference | None = None) -> Evaluation:
    """Evaluate a cohort. The order of units or indicators changes no number.

    `reference` holds what is frozen from the last final. Undefined where a policy of the plan is `error` and its case
    comes up.
    """
    cohort = inputs.cohort
    setting, missing = Setting(plan, year, inputs, reference), policies(plan)
    leaves = {
        indicator.code: leaf_of(setting, group.code, indicator, missing[indicator.code])
        for group, indicator in plan.leaves()
    }
    top = overall(plan, cohort, leaves, reference=reference, last=inputs.last_year)
    return Evaluation(
        plan=plan,
        year=year,
        cohort=cohort,
        leaves=leaves,
        index=top.index,
        published=top.published,
        ranking=top.ranking,
        band=top.band,
        shown=top.shown,
        cuts=top.cuts,
        reference=top.reference,
        frozen=reference,
    )


def _open(leaf: Leaf) -> Bools:
    """Cells that can still be reported, or corrected, in the year."""
    if leaf.indicator.method.kind == "informational":
        return np.zeros(len(leaf.status), dtype=bool)
    # What does not tell the units apart yet counts as soon as it does.
    flat = leaf.flags.get("zero_range", np.False_)
    put_in_place = (leaf.status == Status.IMPUTED) | (leaf.status == Status.CARRIED)
    waiting = (is_missing(leaf.status) | put_in_place) & (leaf.applicable | flat)
    return np.asarray(waiting | ((leaf.status == Status.EXCLUDED) & flat) | (leaf.status == Status.NOT_DUE))
