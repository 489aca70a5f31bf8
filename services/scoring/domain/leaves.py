"""One indicator of the plan from its inputs to its shares: annual value, appraisal, gaps, method."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from services.scoring.domain.annual import annual
from services.scoring.domain.cells import Bools, Codes, Column, Floats, Ints, Status, constant, counts, is_reported
from services.scoring.domain.derived import computed, shrunk
from services.scoring.domain.impute import Gaps, filled, floor_share, marks, replaceable, too_few
from services.scoring.domain.inputs import Cohort, Inputs
from services.scoring.domain.layers import overridden
from services.scoring.domain.methods import Shares, score
from services.scoring.domain.methods_question import Frozen
from services.scoring.domain.reference import Reference
from shared.plan.base import MissingPolicy
from shared.plan.model import Indicator, Plan

POOLED = "pooled"
"""The post of `shrink_by`: the quotient of everybody together, under the group of all."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One indicator for every unit, with what it was held against.

    `column.value` is the value that was scored (imputed and shrunk ones too); `reference["reported"]` tells the one
    before shrinking. `posts` are the numbers taken from data (group compared within -> name -> number), `formula` the
    id of the formula as it was applied, `policy` what holds for its missing values, `floor` the share that `floor` puts
    in place, `age` the years since a carried value was reported (0: not carried; None: none was).
    """

    indicator: Indicator
    group: str
    status: Codes
    column: Column
    target: Floats
    share: Floats
    applicable: Bools
    flags: dict[str, Bools]
    reference: dict[str, Floats]
    posts: dict[str, dict[str, float]] = field(default_factory=dict)
    formula: str = ""
    policy: MissingPolicy = "zero"
    floor: float | None = None
    age: Ints | None = None

    @property
    def reported(self) -> Bools:
        """Where the share comes from what the unit reported itself."""
        return is_reported(self.status)


@dataclass(frozen=True, slots=True)
class Setting:
    """What all leaves of an evaluation have in common. `reference`: the numbers of the last final edition."""

    plan: Plan
    year: int
    inputs: Inputs
    reference: Reference | None

    def frozen(self, indicator: str) -> Frozen:
        return self.reference.posts.get(indicator, {}) if self.reference else {}

    def gaps(self, policy: MissingPolicy) -> Gaps:
        cohort, years_max = self.inputs.cohort, self.plan.scoring.carry_years_max
        return Gaps(policy, self.year, years_max, self.inputs.history, cohort.peer, len(cohort.peer_groups))


def leaf_of(setting: Setting, group: str, indicator: Indicator, policy: MissingPolicy) -> Leaf:
    """Score one indicator of `group`; `policy` holds for what is missing. Undefined where the plan refuses."""
    cohort, frozen = setting.inputs.cohort, setting.frozen(indicator.code)
    as_reported = annual_column(indicator, setting.inputs)
    column, pooled = shrunk(indicator, as_reported, frozen.get("", {}).get(POOLED))
    column, age = filled(indicator, column, setting.gaps(policy))
    target = targets(indicator, setting.year, cohort)
    shares = score(indicator, column, target=target, peer=cohort.peer, peer_groups=cohort.peer_groups, frozen=frozen)
    floor = None
    if policy == "floor" and indicator.method.kind != "informational":
        floor = _floor(setting, indicator, shares)
        open_ = replaceable(indicator, shares.status, column.denominator)
        shares = _floored(shares, floor, open_ if shares.left_out is None else open_ & ~shares.left_out)
    asked = _asked(shares.status) if column.flags else np.zeros(0, dtype=bool)
    flags: dict[str, Bools] = {name: held for name, mask in column.flags.items() if (held := mask & asked).any()}
    before: dict[str, Floats] = {}
    if pooled is not None:
        before = {"reported": as_reported.value, POOLED: np.broadcast_to(np.asarray(pooled), target.shape)}
    return Leaf(
        indicator=indicator,
        group=group,
        status=shares.status,
        column=column,
        target=target,
        share=shares.share,
        applicable=_applicable(indicator, shares, column),
        flags={**flags, **shares.flags},
        reference={**shares.reference, **before},
        posts=_with_pooled(shares.posts, pooled),
        formula=shares.formula,
        policy=policy,
        floor=floor,
        age=age,
    )


def annual_column(indicator: Indicator, inputs: Inputs) -> Column:
    """The year's values as reported or appraised, where the indicator applies."""
    column = overridden(indicator, _column(indicator, inputs), inputs.overrides.get(indicator.code))
    return _where_it_applies(indicator, column, inputs.cohort)


def targets(indicator: Indicator, year: int, cohort: Cohort) -> Floats:
    """The target of every unit, only to be read: its own where it has one, else the plan's, NaN where there is none."""
    row = constant(indicator.targets.get(year, np.nan), len(cohort.units))
    if indicator.target_overrides:
        row = row.copy()
    for own in indicator.target_overrides:
        if year in own.targets and own.unit in cohort.position:
            row[cohort.position[own.unit]] = own.targets[year]
    return row


def _column(indicator: Indicator, inputs: Inputs) -> Column:
    if indicator.computed_by == "form":
        return annual(indicator, inputs.reported[indicator.code], inputs.due[indicator.code])
    numerator, denominator = inputs.counted[indicator.computed_by]
    empty = Status.NOT_DUE if indicator.computed_by == "reports_on_time" else Status.NOT_APPLICABLE
    return computed(indicator, numerator, denominator, empty)


def _where_it_applies(indicator: Indicator, column: Column, cohort: Cohort) -> Column:
    if not indicator.applies_to:
        return column
    applies = np.array([indicator.applies(peer_group) for peer_group in cohort.peer_groups], dtype=bool)[cohort.peer]
    if applies.all():
        return column
    rows = [np.where(applies, row, np.nan) for row in (column.value, column.numerator, column.denominator)]
    status = np.where(applies, column.status, np.int8(Status.NOT_APPLICABLE))
    return replace(column, status=status, value=rows[0], numerator=rows[1], denominator=rows[2])


def _floor(setting: Setting, indicator: Indicator, shares: Shares) -> float | None:
    held = setting.reference.floors.get(indicator.code) if setting.reference else None
    return floor_share(shares.status, shares.share, setting.plan.scoring.floor_percentile) if held is None else held


def _floored(shares: Shares, floor: float | None, missing: Bools) -> Shares:
    """The shares with the floor in place of what is missing; without a floor the cells are flagged `unfilled`."""
    if not missing.any():
        return shares
    got = missing if floor is not None else np.zeros_like(missing)
    flags = {name: mask for name, mask in marks(shares.status, missing, got).items() if mask.any()}
    status = np.where(got, np.int8(Status.IMPUTED), shares.status)
    share = shares.share if floor is None else np.where(got, floor, shares.share)
    return replace(shares, status=status, share=share, flags={**shares.flags, **flags})


def _asked(status: Codes) -> Bools:
    return np.asarray(counts(status) | (status == np.int8(Status.INFORMATIONAL)))


def _applicable(indicator: Indicator, shares: Shares, column: Column) -> Bools:
    """Where it counts in numerator and denominator. A quotient over too few leaves both: it neither earns nor costs."""
    if indicator.method.kind == "informational":
        return np.zeros(len(shares.status), dtype=bool)
    applicable = counts(shares.status)
    if shares.left_out is not None:
        applicable &= ~shares.left_out
    if indicator.min_denominator > 0:
        applicable &= ~too_few(indicator, shares.status, column.denominator)
    return applicable


def _with_pooled(posts: dict[str, dict[str, float]], pooled: float | None) -> dict[str, dict[str, float]]:
    return posts if pooled is None else {**posts, "": {**posts.get("", {}), POOLED: pooled}}
