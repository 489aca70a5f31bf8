"""The whole evaluation of one (plan, year): annual values, shares, tree, index, rank, band, for the whole cohort."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.scoring.domain.annual import annual, computed
from services.scoring.domain.bands import banded
from services.scoring.domain.cells import Bools, Codes, Column, Floats, Ints, Status
from services.scoring.domain.inputs import Cohort, Inputs
from services.scoring.domain.methods import score
from services.scoring.domain.rank import Ranking, competition
from services.scoring.domain.rounding import half_up
from services.scoring.domain.tree import Node, Scored, grow
from shared.plan.model import Group, Indicator, Plan

OUTSIDE = (Status.NOT_APPLICABLE, Status.NOT_DUE, Status.EXCLUDED, Status.INFORMATIONAL)
"""Leaves numerator and denominator."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One indicator for every unit, with what it was held against."""

    indicator: Indicator
    group: str
    status: Codes
    column: Column
    target: Floats
    share: Floats
    applicable: Bools
    flags: dict[str, Bools]
    reference: dict[str, Floats]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that was computed, one entry per unit of the cohort."""

    plan: Plan
    year: int
    cohort: Cohort
    leaves: dict[str, Leaf]
    index: Node
    published: Floats
    ranking: Ranking
    band: Ints

    @property
    def full(self) -> Floats:
        """The index before rounding; NaN where not rated."""
        return self.index.combined.score


def evaluate(plan: Plan, year: int, inputs: Inputs) -> Evaluation:
    """Evaluate a cohort. The order of units or indicators changes no number."""
    cohort = inputs.cohort
    leaves = {indicator.code: _leaf(group, indicator, year, inputs) for group, indicator in plan.leaves()}
    index = grow(plan, {code: Scored(leaf.share, leaf.applicable) for code, leaf in leaves.items()})
    published = half_up(index.combined.score, plan.scoring.decimals)
    ranked_on = published if plan.scoring.rank_on == "published" else index.combined.score
    within = cohort.peer if plan.scoring.rank_within == "peer_group" else np.zeros(len(cohort.units), dtype=np.int64)
    ranking = competition(ranked_on, within, max(len(cohort.peer_groups), 1))
    return Evaluation(plan, year, cohort, leaves, index, published, ranking, banded(published, plan.scoring.bands))


def targets(indicator: Indicator, year: int, cohort: Cohort) -> Floats:
    """The target of every unit, NaN where there is none: the unit's own where it has one, else the plan's."""
    row = np.full(len(cohort.units), indicator.targets.get(year, np.nan))
    for own in indicator.target_overrides:
        if year in own.targets and own.unit in cohort.position:
            row[cohort.position[own.unit]] = own.targets[year]
    return row


def _leaf(group: Group, indicator: Indicator, year: int, inputs: Inputs) -> Leaf:
    cohort = inputs.cohort
    column = _column(indicator, inputs)
    applies = np.array([indicator.applies(peer_group) for peer_group in cohort.peer_groups], dtype=bool)[cohort.peer]
    column = Column(
        np.where(applies, column.status, np.int8(Status.NOT_APPLICABLE)).astype(np.int8),
        np.where(applies, column.value, np.nan),
        np.where(applies, column.numerator, np.nan),
        np.where(applies, column.denominator, np.nan),
    )
    target = targets(indicator, year, cohort)
    shares = score(indicator, column, target=target, peer=cohort.peer, peers=len(cohort.peer_groups))
    counts = indicator.method.kind != "informational"
    applicable = ~np.isin(shares.status, np.array(OUTSIDE, dtype=np.int8)) & counts
    return Leaf(
        indicator=indicator,
        group=group.code,
        status=shares.status,
        column=column,
        target=target,
        share=shares.share,
        applicable=applicable,
        flags=shares.flags,
        reference=shares.reference,
    )


def _column(indicator: Indicator, inputs: Inputs) -> Column:
    if indicator.computed_by == "form":
        return annual(indicator, inputs.reported[indicator.code], inputs.due[indicator.code])
    numerator, denominator = inputs.counted[indicator.computed_by]
    empty = Status.NOT_DUE if indicator.computed_by == "reports_on_time" else Status.NOT_APPLICABLE
    return computed(indicator, numerator, denominator, empty)
