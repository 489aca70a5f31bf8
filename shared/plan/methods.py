"""Methods of the plan: how an indicator's annual value becomes a share in [0, 1] (normalisers)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from shared.events.base import Names
from shared.plan.base import Model, Share

Posts = Annotated[
    Literal["frozen", "current"],
    Field(
        description="Where numbers that come from data are taken from: `frozen` from the last final edition (so that a "
        "score moves by the unit's own data only; the current values where there is none yet), or always `current`."
    ),
]
ZeroRange = Annotated[
    Literal["exclude", "neutral", "full", "error"],
    Field(description="When nobody differs: leave it out for everybody, score 0.5, score 1, or refuse to compute."),
]
Within = Annotated[Literal["all", "peer_group"], Field(description="Compared with every unit, or with its peers.")]


class LinearToTarget(Model):
    """share = clip(value / target, 0, cap). A zero target follows `zero_target`."""

    kind: Literal["linear_to_target"]
    cap: Annotated[float, Field(gt=0)] = 1.0
    zero_target: Literal["full", "zero", "exclude"] = "full"


class OfficialRatio(Model):
    """share = clip(numerator / denominator, 0, 1)."""

    kind: Literal["official_ratio"]


class LowerIsBetter(Model):
    """share = 1 when value <= target, 0 when value >= worst, linear between."""

    kind: Literal["lower_is_better"]
    worst: float


class ShareOfPeerMax(Model):
    """share = value / largest value in the peer group (cohort-relative). Nobody above 0 counts as no range."""

    kind: Literal["share_of_peer_max"]
    posts: Posts = "current"
    zero_range: ZeroRange = "exclude"


class Step(Model):
    at_least: float
    share: Share


class Steps(Model):
    """share of the highest step that the value reaches (reaching it earns it); before the first step: `below`.

    Where lower is better a step is reached from above: the share of the lowest `at_least` that the value does not
    exceed, `below` beyond the last. Shares must not fall as steps get better, unless `any_order`.
    """

    kind: Literal["steps"]
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    below: Share = 0.0
    any_order: bool = False

    @model_validator(mode="after")
    def increasing(self) -> Steps:
        limits = [step.at_least for step in self.steps]
        if limits != sorted(set(limits)):
            raise ValueError("steps must be listed by strictly increasing `at_least`")
        return self


class Level(Model):
    level: int
    share: Share
    names: Names


class LevelMap(Model):
    """share of the reported level; a level that is not listed is invalid."""

    kind: Literal["level_map"]
    levels: Annotated[tuple[Level, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def distinct(self) -> LevelMap:
        if len({level.level for level in self.levels}) != len(self.levels):
            raise ValueError("each level may be listed once")
        return self


class BooleanMethod(Model):
    """share = 1 when true, 0 when false (reversed when the direction is lower)."""

    kind: Literal["boolean"]


class Goalposts(Model):
    """share = (value - low) / (high - low), clipped; with `log`, on natural logarithms (value <= 0 gives 0)."""

    kind: Literal["min_max_goalposts"]
    low: float
    high: float
    log: bool = False

    @model_validator(mode="after")
    def ordered(self) -> Goalposts:
        if not self.low < self.high:
            raise ValueError("low must be less than high")
        if self.log and self.low <= 0:
            raise ValueError("log goalposts need low > 0")
        return self


class ZScoreMinMax(Model):
    """EGDI component: z-score over the cohort, then min-max of the z-scores (cohort-relative).

    `ddof` 0 is the population's standard deviation, 1 the sample's.
    """

    kind: Literal["zscore_minmax"]
    ddof: Literal[0, 1] = 0
    posts: Posts = "current"
    zero_range: ZeroRange = "exclude"


class MinMax(Model):
    """share = (value - least) / (largest - least) of the reference set; later values are clipped.

    `robust` takes the 5th and 95th percentile instead (type 7). `outliers: treat` first winsorises, or takes logarithms
    where that is not enough, when skewness and kurtosis say so; not both.
    """

    kind: Literal["minmax"]
    posts: Posts = "frozen"
    within: Within = "all"
    robust: bool = False
    outliers: Literal["keep", "treat"] = "keep"
    zero_range: ZeroRange = "exclude"

    @model_validator(mode="after")
    def one_treatment(self) -> MinMax:
        if self.robust and self.outliers == "treat":
            raise ValueError("`robust` and `outliers: treat` exclude each other")
        return self


class Target(Model):
    """share = clip((value - baseline) / (target - baseline), 0, cap); lower is better:
    clip((worst - value) / (worst - target), 0, cap). What exceeds 1 is kept as over-achievement."""

    kind: Literal["target"]
    baseline: float = 0.0
    worst: Annotated[float | None, Field(description="Where lower is better: the value that earns nothing.")] = None
    cap: Annotated[float, Field(gt=0)] = 1.0


class ZScore(Model):
    """share = clip(0.5 + 0.1 * (value - mean) / sd, 0, 1) of the reference set.

    `ddof` 1 takes the deviation of a sample, 0 of a population.
    """

    kind: Literal["zscore"]
    ddof: Literal[0, 1] = 1
    posts: Posts = "frozen"
    within: Within = "all"
    zero_range: ZeroRange = "exclude"


class Percentile(Model):
    """share = (number worse + (number equal - 1) / 2) / (n - 1) among those compared; `tie: low` leaves ties out.

    With `middle` everybody equal is 0.5 by itself; `zero_range` then speaks only where there is nobody to compare with.
    """

    kind: Literal["percentile"]
    tie: Literal["middle", "low"] = "middle"
    within: Within = "all"
    zero_range: ZeroRange = "exclude"


class Borda(Model):
    """share = number worse / (n - 1) among those compared."""

    kind: Literal["borda"]
    within: Within = "all"
    zero_range: ZeroRange = "exclude"


class Knot(Model):
    value: float
    share: Share


class Piecewise(Model):
    """Straight lines between the knots, flat outside them. The shares state the direction themselves."""

    kind: Literal["piecewise"]
    knots: Annotated[tuple[Knot, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def increasing(self) -> Piecewise:
        values = [knot.value for knot in self.knots]
        if values != sorted(set(values)):
            raise ValueError("knots must be listed by strictly increasing `value`")
        return self


class Optimum(Model):
    """share = 1 between `first` and `last`, falling in straight lines to 0 at `low` and at `high`."""

    kind: Literal["optimum"]
    low: float
    first: float
    last: float
    high: float

    @model_validator(mode="after")
    def ordered(self) -> Optimum:
        if not self.low < self.first <= self.last < self.high:
            raise ValueError("an optimum needs low < first <= last < high")
        return self


class Informational(Model):
    """Shown, never counted."""

    kind: Literal["informational"]


Method = Annotated[
    LinearToTarget
    | OfficialRatio
    | LowerIsBetter
    | ShareOfPeerMax
    | Steps
    | LevelMap
    | BooleanMethod
    | Goalposts
    | ZScoreMinMax
    | MinMax
    | Target
    | ZScore
    | Percentile
    | Borda
    | Piecewise
    | Optimum
    | Informational,
    Field(discriminator="kind"),
]

TARGET_METHODS = frozenset({"linear_to_target", "lower_is_better", "target"})
