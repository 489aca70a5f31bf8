"""The tree above the indicators: groups, and how the index is made, published, ranked and banded."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from shared.events.base import Names
from shared.plan.base import Code, MissingPolicy, Model, Share
from shared.plan.indicators import Indicator

Aggregate = Literal[
    "points",
    "arithmetic",
    "geometric",
    "harmonic",
    "power",
    "minimum",
    "owa",
    "penalised_mean",
    "mean_min",
    "borda",
    "copeland",
]
ZeroPolicy = Annotated[
    Literal["strict", "shift", "floor", "error"],
    Field(
        description="What a child of score 0 does to a geometric, harmonic or power mean: `strict` is the textbook's "
        "mean (0, for geometric, harmonic and powers below 0), `shift` computes on 0.01 + 0.99 s and maps back, "
        "`floor` counts less than 0.01 as 0.01, `error` refuses to compute."
    ),
]


class Manual(Model):
    """The weights that stand at the children. In `percent` they must sum to 100."""

    kind: Literal["manual"]
    unit: Literal["ratio", "percent"] = "ratio"


class Equal(Model):
    """Every child counts the same, whatever weight stands at it."""

    kind: Literal["equal"]


class Expert(Model):
    """One expert's points for the children, in their order; they sum to 100."""

    points: tuple[Annotated[float, Field(ge=0)], ...]


class BudgetAllocation(Model):
    """The mean of the experts' points. Their dispersion is kept for the rank intervals."""

    kind: Literal["budget_allocation"]
    experts: Annotated[tuple[Expert, ...], Field(min_length=1, max_length=200)]


class Comparison(Model):
    """`first` matters `times` as much as `second` (1/9 to 9)."""

    first: Code
    second: Code
    times: Annotated[float, Field(gt=0)]


class PairwiseComparison(Model):
    """Analytic hierarchy process: weights from comparing children two by two, every pair once; the principal vector.

    Refused where the judgements contradict each other by more than `inconsistency_max` (consistency ratio).
    """

    kind: Literal["pairwise"]
    comparisons: Annotated[tuple[Comparison, ...], Field(min_length=1, max_length=500)]
    inconsistency_max: Annotated[float, Field(gt=0, le=1)] = 0.1


class FromData(Model):
    """Weights from the reference set's scores, frozen with it.

    `pca`: squared loadings of the first component; `entropy`: the more a child tells the units apart, the more it
    counts; `balanced`: every child has the same share of correlation with the group.
    """

    kind: Literal["pca", "entropy", "balanced"]


Weighting = Annotated[Manual | Equal | BudgetAllocation | PairwiseComparison | FromData, Field(discriminator="kind")]


class Combination(Model):
    """How children become a node; the same keys for groups and for the index.

    Where children are told in order (`budget_allocation`), it is indicators first, then groups, each as listed,
    without the informational ones.
    """

    aggregate: Aggregate = "points"
    zero_policy: ZeroPolicy = "strict"
    power: Annotated[float | None, Field(description="Exponent of `power`; 0 is the geometric mean.")] = None
    order_weights: Annotated[
        tuple[Annotated[float, Field(ge=0)], ...],
        Field(description="Weights of `owa`, best child first, one for each child; they are made to sum to 1."),
    ] = ()
    minimum_share: Annotated[Share, Field(description="Part of the least child in `mean_min`.")] = 0.5
    weighting: Weighting = Manual(kind="manual")
    missing: Annotated[
        MissingPolicy | None, Field(description="For what is inside; null: as the level above says.")
    ] = None
    min_coverage: Annotated[Share, Field(description="Least share of applicable children with a value.")] = 0.0
    coverage_by: Annotated[Literal["weight", "count"], Field(description="How that share is measured.")] = "weight"
    min_children: Annotated[int, Field(description="Least number of children with a value.", ge=0)] = 0
    zero_component: Annotated[
        Literal["counts", "voids"], Field(description="`voids`: a child that scores exactly 0 makes this node 0.")
    ] = "counts"


class Group(Combination):
    """A node of the tree: a pillar, a dimension, or a group within one.

    `weight` counts among siblings where the parent's aggregate is a mean; under `points` it is checked to be the
    sum of what is inside. `min_coverage` is the least share (by weight) of applicable children with a value.
    """

    code: Code
    names: Names
    weight: Annotated[float, Field(ge=0)]
    mandatory: Annotated[bool, Field(description="The node above has no score without it.")] = False
    source: str | None = None
    groups: tuple[Group, ...] = ()
    indicators: tuple[Indicator, ...] = ()

    @model_validator(mode="after")
    def not_empty(self) -> Group:
        if not self.groups and not self.indicators:
            raise ValueError("a group needs groups or indicators")
        if self.aggregate == "points":
            inside = sum(g.weight for g in self.groups) + sum(i.weight for i in self.indicators)
            if abs(inside - self.weight) > 1e-9:
                raise ValueError(f"points inside sum to {inside:g}, the group declares {self.weight:g}")
        elif sum(g.weight for g in self.groups) + sum(i.weight for i in self.indicators) <= 0:
            raise ValueError("the weights inside must sum to more than 0")
        return self


class Band(Model):
    code: Code
    names: Names
    at_least: Annotated[float, Field(description="Lower bound, inclusive, on the published index.", ge=0, le=1)]


class WeightSet(Model):
    """Other weights of children (indicator or group -> weight) for the units of some peer groups."""

    peer_groups: Annotated[tuple[Code, ...], Field(min_length=1)]
    weights: Annotated[dict[str, Annotated[float, Field(ge=0)]], Field(min_length=1)]


class Confidence(Model):
    """How much a cell of each status counts towards the confidence of a unit's score, and the grades A to C."""

    observed: Share = 1.0
    estimated: Share = 0.7
    imputed: Share = 0.5
    carried_a_year: Share = 0.8
    grades: tuple[Share, Share, Share] = (0.9, 0.75, 0.6)


class Scoring(Combination):
    """How the index is made from the tree, published, ranked and banded."""

    scale_max: Annotated[float, Field(description="Points of a perfect unit, as shown.", gt=0)] = 100.0
    decimals: Annotated[int, Field(description="Decimals of the published index in [0, 1].", ge=0, le=12)] = 4
    rank_on: Literal["published", "full"] = "published"
    rank_within: Literal["peer_group", "all"] = "peer_group"
    rank_rule: Annotated[
        Literal["competition", "dense", "fractional"],
        Field(
            description="Ties: 1-2-2-4, 1-2-2-3, or 1-2.5-2.5-4. A `fractional` rank is shown beside the competition "
            "rank, which stays the whole number that everything sorts by."
        ),
    ] = "competition"
    tie_break: Annotated[tuple[Code, ...], Field(description="Groups and indicators that decide ties, in order.")] = ()
    rank_shown_from: Annotated[
        Share,
        Field(
            description="Ranks are shown once this share of the weight of the ranked units is reported; else bounds."
        ),
    ] = 0.8
    missing: Annotated[
        MissingPolicy,
        Field(description="What a value that was not reported does where neither indicator nor group say."),
    ] = "zero"
    floor_percentile: Annotated[float, Field(description="Percentile of `floor`.", ge=0, le=100)] = 10.0
    carry_years_max: Annotated[int, Field(description="How far `carry` and `linear` look back.", ge=1, le=10)] = 1
    weight_sets: tuple[WeightSet, ...] = ()
    confidence: Confidence = Confidence()
    bands: tuple[Band, ...] = ()
    bands_from: Annotated[
        Literal["fixed", "quantile", "clusters"],
        Field(
            description="`fixed`: `at_least` are values of the index; `quantile`: shares of the reference set below "
            "the band; `clusters`: cut where the reference set parts best, `at_least` only orders the bands."
        ),
    ] = "fixed"
    band_guardrail: Annotated[
        Share | None, Field(description="Largest yearly move of a cut that comes from data; null: none.")
    ] = None
    band_hysteresis: Annotated[
        Share, Field(description="A unit leaves its band of last year only when it is this far beyond the cut.")
    ] = 0.0
    bands_basis: str | None = None

    @model_validator(mode="after")
    def bands_cover(self) -> Scoring:
        lows = [band.at_least for band in self.bands]
        if lows and (lows != sorted(set(lows), reverse=True) or lows[-1] != 0):
            raise ValueError("list bands from the highest down, strictly decreasing, the last `at_least: 0`")
        return self
