"""The plan as data: the schema of a plan document. `docs/plan.md` is its reference for writers.

A plan is a tree of groups (the default plan calls them pillars) with indicators as leaves, forms that say which
indicators are reported when, calendar regimes that say what a period is and when it is due, ladders of reminders,
validation and inspection rules, and digests. Nothing about any country or subject is in the code.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.events.base import Names

CODE_PATTERN = r"^[A-Z0-9][A-Z0-9_.-]{0,39}$"
Code = Annotated[str, Field(pattern=CODE_PATTERN)]
Frequency = Literal["monthly", "quarterly", "half_year", "nine_months", "annual"]
TimeSemantics = Literal["flow", "stock", "cumulative_ytd"]
IndicatorType = Literal["ratio", "rate", "count", "money", "duration", "level", "boolean", "number"]
Share = Annotated[float, Field(ge=0, le=1)]
ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class Model(BaseModel):
    """Frozen; an unknown key is an error, because a misspelt key would silently change the plan."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# --- methods: how an indicator's annual value becomes a share in [0, 1] (SCORING: normalisers) ---


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
    """share = value / largest value in the peer group (cohort-relative)."""

    kind: Literal["share_of_peer_max"]


class Step(Model):
    at_least: float
    share: Share


class Steps(Model):
    """share of the highest step that the value reaches; below the first step: 0."""

    kind: Literal["steps"]
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

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
    | Informational,
    Field(discriminator="kind"),
]

TARGET_METHODS = frozenset({"linear_to_target", "lower_is_better"})


# --- indicators and groups ---


class Evidence(Model):
    required: bool = False
    kind: Literal["document_number", "url", "file", "any"] = "any"


class OwnTargets(Model):
    """The targets of one unit, by year. A list of these, not a mapping: codes of units have hyphens, keys have none."""

    unit: Code
    targets: Annotated[dict[int, float], Field(description="Year -> target.", min_length=1)]


class Indicator(Model):
    """One measured thing. `weight` is its points in a points plan, its weight among siblings otherwise."""

    code: Code
    names: Names
    type: IndicatorType
    measure: Annotated[str, Field(description="Unit of measure as shown, such as `%`.")]
    numerator: Names | None = None
    denominator: Names | None = None
    scale: Annotated[float, Field(description="value = scale * numerator / denominator; 100 for per cent.", gt=0)] = 1.0
    frequency: Frequency
    time: TimeSemantics
    direction: Literal["higher", "lower", "none"] = "higher"
    weight: Annotated[float, Field(ge=0)]
    method: Method
    targets: Annotated[dict[int, float], Field(description="Year -> target, in the shown unit of measure.")] = Field(
        default_factory=dict
    )
    target_overrides: Annotated[tuple[OwnTargets, ...], Field(description="Targets of single units.")] = ()
    target_basis: Annotated[str, Field(description="What is sourced and what is proposed; always shown.")]
    applies_to: Annotated[tuple[str, ...], Field(description="Peer groups; empty means all.")] = ()
    evidence: Evidence = Evidence()
    computed_by: Literal["form", "reports_on_time", "findings_remedied"] = "form"
    empty_denominator: Literal["error", "not_applicable"] = "error"
    allow_over_100: bool = False
    integer: bool = False
    low: Annotated[float | None, Field(description="Smallest value that is believed; lower is invalid.")] = None
    high: Annotated[float | None, Field(description="Largest value that is believed; higher is invalid.")] = None

    @property
    def is_quotient(self) -> bool:
        """Reported as numerator and denominator."""
        return self.numerator is not None and self.denominator is not None

    def target(self, year: int, unit: str | None = None) -> float | None:
        """The target of a year: the unit's own where there is one, else the plan's, else None."""
        own = self.own_targets(unit) if unit is not None else {}
        return own.get(year, self.targets.get(year))

    def own_targets(self, unit: str) -> dict[int, float]:
        """Year -> target of a unit that has targets of its own; empty for the others."""
        return next((own.targets for own in self.target_overrides if own.unit == unit), {})

    def applies(self, peer_group: str) -> bool:
        return not self.applies_to or peer_group in self.applies_to

    @model_validator(mode="after")
    def coherent(self) -> Indicator:
        if (self.numerator is None) != (self.denominator is None):
            raise ValueError("give both numerator and denominator, or neither")
        if self.type in ("ratio", "rate") and not self.is_quotient:
            raise ValueError(f"a {self.type} needs numerator and denominator")
        if self.method.kind == "official_ratio" and not self.is_quotient:
            raise ValueError("official_ratio needs numerator and denominator")
        if self.method.kind in TARGET_METHODS and not self.targets:
            raise ValueError(f"{self.method.kind} needs targets by year, such as `targets: {{2011: 85}}`")
        if isinstance(self.method, LowerIsBetter):
            bad = [year for year, target in self.targets.items() if target >= self.method.worst]
            if bad:
                raise ValueError(f"lower_is_better needs worst > target; not so in {bad[0]}")
        if isinstance(self.method, LinearToTarget) and any(target < 0 for target in self.targets.values()):
            raise ValueError("linear_to_target needs targets >= 0")
        if self.method.kind == "informational" and self.weight != 0:
            raise ValueError("an informational indicator has weight 0")
        if (self.low is not None and self.high is not None) and self.low > self.high:
            raise ValueError("low must not exceed high")
        return self


class Group(Model):
    """A node of the tree: a pillar, a dimension, or a group within one.

    `weight` counts among siblings where the parent's aggregate is a mean; under `points` it is checked to be the
    sum of what is inside. `min_coverage` is the least share (by weight) of applicable children with a value.
    """

    code: Code
    names: Names
    weight: Annotated[float, Field(ge=0)]
    aggregate: Literal["points", "arithmetic", "geometric"] = "points"
    min_coverage: Share = 0.0
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


class Scoring(Model):
    """How the index is made from the tree, published, ranked and banded."""

    aggregate: Literal["points", "arithmetic", "geometric"] = "points"
    scale_max: Annotated[float, Field(description="Points of a perfect unit, as shown.", gt=0)] = 100.0
    decimals: Annotated[int, Field(description="Decimals of the published index in [0, 1].", ge=0, le=12)] = 4
    rank_on: Literal["published", "full"] = "published"
    rank_within: Literal["peer_group", "all"] = "peer_group"
    missing: Annotated[
        Literal["zero", "reweight", "missing"],
        Field(description="What a value that was not reported does: scores 0, is left out, or voids the node."),
    ] = "zero"
    min_coverage: Share = 0.0
    bands: tuple[Band, ...] = ()
    bands_basis: str | None = None

    @model_validator(mode="after")
    def bands_cover(self) -> Scoring:
        lows = [band.at_least for band in self.bands]
        if lows and (lows != sorted(set(lows), reverse=True) or lows[-1] != 0):
            raise ValueError("list bands from the highest down, strictly decreasing, the last `at_least: 0`")
        return self


# --- calendar ---


class DayRef(Model):
    """A day relative to a month of the period: `month` 0 is that month, -1 the month before; day 1-31 or `last`."""

    month: Annotated[int, Field(ge=-24, le=24)] = 0
    day: Annotated[int, Field(ge=1, le=31)] | Literal["last"]


class PeriodRule(Model):
    """A period's first day relative to its first nominal month, its last day relative to its last nominal month."""

    first: DayRef
    last: DayRef


class WorkingDaysAfter(Model):
    """Due at the end of the n-th working day after the period's last day."""

    kind: Literal["working_days_after"]
    days: Annotated[int, Field(ge=1, le=60)]


class NoLaterThan(Model):
    """Due at the end of the named day, relative to the period's last nominal month."""

    kind: Literal["no_later_than"]
    on: DayRef
    if_day_off: Literal["keep", "next_working_day", "previous_working_day"] = "next_working_day"


class Before(Model):
    """Due at the end of the day before the named day."""

    kind: Literal["before"]
    on: DayRef
    if_day_off: Literal["keep", "next_working_day", "previous_working_day"] = "keep"


DueRule = Annotated[WorkingDaysAfter | NoLaterThan | Before, Field(discriminator="kind")]


class Regime(Model):
    """One official way to cut the year into periods and to set deadlines, per tier."""

    code: Code
    source: str | None = None
    periods: dict[Frequency, PeriodRule] = Field(default_factory=dict)
    deadlines: Annotated[dict[str, dict[Frequency, DueRule]], Field(description="Tier -> frequency -> rule.")] = Field(
        default_factory=dict
    )


class Holidays(Model):
    """Days off: a country's public holidays (by the kept library), plus and minus declared days."""

    country: str | None = None
    extra_days_off: tuple[date, ...] = ()
    swapped_working_days: tuple[date, ...] = ()


# --- forms, ladders, rules, digests ---


class Form(Model):
    """What one report contains and when it is owed. Indicators default to all of its frequency filled in by units."""

    code: Code
    names: Names
    frequency: Frequency
    regime: Code
    tier: str
    indicators: tuple[str, ...] = ()
    applies_to: tuple[str, ...] = ()
    open_days_before_close: Annotated[int, Field(ge=0, le=400)] = 0
    grace_days: Annotated[int, Field(description="Calendar days after due_at.", ge=0, le=120)] = 0
    lock_days: Annotated[int | None, Field(description="Days after period_end; null means never.", ge=1, le=3660)] = (
        None
    )
    review: Literal["automatic", "one_step", "two_step"] = "automatic"
    review_days: Annotated[
        int | None, Field(description="Working days that reviewers have; null sets no limit.", ge=1, le=60)
    ] = None
    partial_period: Literal["full_period_only", "prorate", "any_day"] = "any_day"
    nil_allowed: bool = True
    ladder: str | None = None
    states: Literal["open", "closing", "closed"] = "open"

    def applies(self, peer_group: str) -> bool:
        return not self.applies_to or peer_group in self.applies_to


class Rung(Model):
    code: Code
    working_days: Annotated[int, Field(description="Relative to the due day; negative is before.", ge=-60, le=120)]
    to: Annotated[tuple[str, ...], Field(min_length=1)]
    kind: Literal["reminder", "overdue", "escalation"] = "reminder"


class Ladder(Model):
    code: Code
    at: ClockTime = "09:00"
    rungs: Annotated[tuple[Rung, ...], Field(min_length=1)]


class ValidationRule(Model):
    """What reports are held against: a named `check` with its parameters, or an `expression` in CEL that must be true.

    `docs/plan.md` lists the checks and the names that an expression may use. `missing` says what a rule of several
    numbers does when some were not reported.
    """

    code: Code
    check: str | None = None
    expression: Annotated[str | None, Field(description="CEL; what must hold.")] = None
    for_each: Annotated[
        Literal["indicator", "report"], Field(description="Is it evaluated for each reported indicator, or once?")
    ] = "report"
    severity: Literal["error", "warning"]
    names: Names
    messages: Annotated[Names | None, Field(description="What to say, with `{...}` where a number is quoted.")] = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    indicators: Annotated[tuple[str, ...], Field(description="Those that an expression looks at; empty: all.")] = ()
    forms: Annotated[tuple[str, ...], Field(description="Forms that the rule looks at; empty means all.")] = ()
    missing: Literal["skip_if_any_missing", "skip_if_all_missing", "missing_is_zero"] = "skip_if_any_missing"
    explain: bool = False

    @model_validator(mode="after")
    def one_of_two(self) -> ValidationRule:
        if (self.check is None) == (self.expression is None):
            raise ValueError("give either `check` or `expression`")
        if self.expression is not None and self.parameters:
            raise ValueError("an expression takes no `parameters`")
        if self.check is not None and (self.messages or self.indicators or self.for_each != "report"):
            raise ValueError("`for_each`, `indicators` and `messages` belong to an expression")
        return self


class InspectionRule(Model):
    """Where to look: a signal with its parameters, how severe, how many risk points."""

    code: Code
    signal: Literal["report_overdue", "copied_report", "far_below_target"]
    names: Names
    severity: Literal["low", "medium", "high"]
    points: Annotated[int, Field(ge=0)]
    parameters: dict[str, float] = Field(default_factory=dict)


class Monthly(Model):
    kind: Literal["monthly"]
    day: Annotated[int, Field(ge=1, le=31)]


class Weekly(Model):
    kind: Literal["weekly"]
    weekday: Annotated[int, Field(description="1 Monday ... 7 Sunday.", ge=1, le=7)]


class EachWorkingDay(Model):
    kind: Literal["each_working_day"]


class AfterDue(Model):
    """Some working days after the due day of each period of a form: when the period is consolidated."""

    kind: Literal["after_due"]
    form: str
    working_days: Annotated[int, Field(ge=0, le=60)]


Schedule = Annotated[Monthly | Weekly | EachWorkingDay | AfterDue, Field(discriminator="kind")]


class Digest(Model):
    """A scheduled summary for an audience (roles of the standing body's unit)."""

    audience: Literal["operations", "standing_body", "leadership"]
    to: Annotated[tuple[str, ...], Field(min_length=1)]
    at: ClockTime = "08:00"
    schedules: Annotated[tuple[Schedule, ...], Field(min_length=1)]
    send_when_empty: bool = True


class PeerGroup(Model):
    code: Code
    names: Names
    note: str | None = None


class Effective(Model):
    first: date
    last: date | None = None

    @model_validator(mode="after")
    def ordered(self) -> Effective:
        if self.last is not None and self.last < self.first:
            raise ValueError("the last day is before the first")
        return self


class Plan(Model):
    """One version of a plan, complete and coherent: every reference in it resolves."""

    schema_version: Literal[1] = Field(description="Version of this schema.")
    code: Code
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
    names: Names
    source: str | None = None
    status_note: str | None = None
    effective: Effective
    time_zone: str = "Asia/Ho_Chi_Minh"
    standing_body: Annotated[str | None, Field(description="Code of the unit that urges and inspects.")] = None
    peer_groups: Annotated[tuple[PeerGroup, ...], Field(min_length=1)]
    scoring: Scoring
    groups: Annotated[tuple[Group, ...], Field(min_length=1)]
    holidays: Holidays = Holidays()
    regimes: Annotated[tuple[Regime, ...], Field(min_length=1)]
    forms: Annotated[tuple[Form, ...], Field(min_length=1)]
    ladders: tuple[Ladder, ...] = ()
    validation: Annotated[tuple[ValidationRule, ...], Field(max_length=200)] = ()
    inspection: tuple[InspectionRule, ...] = ()
    digests: tuple[Digest, ...] = ()

    def indicators(self) -> tuple[Indicator, ...]:
        """Every indicator of the tree, in document order."""
        return tuple(indicator for _, indicator in self.leaves())

    def leaves(self) -> tuple[tuple[Group, Indicator], ...]:
        """Every indicator with the group that it stands in, in document order."""
        found: list[tuple[Group, Indicator]] = []

        def walk(group: Group) -> None:
            found.extend((group, indicator) for indicator in group.indicators)
            for child in group.groups:
                walk(child)

        for group in self.groups:
            walk(group)
        return tuple(found)

    def indicator(self, code: str) -> Indicator:
        """The indicator of that code; KeyError when the plan has none."""
        for indicator in self.indicators():
            if indicator.code == code:
                return indicator
        raise KeyError(code)

    def form(self, code: str) -> Form:
        """The form of that code; KeyError when the plan has none."""
        for form in self.forms:
            if form.code == code:
                return form
        raise KeyError(code)

    def form_indicators(self, form: Form, peer_group: str) -> tuple[Indicator, ...]:
        """What a unit of the peer group fills in: the form's list, or all of its frequency not computed by us."""
        return tuple(
            indicator
            for indicator in self.indicators()
            if indicator.computed_by == "form"
            and indicator.applies(peer_group)
            and (indicator.code in form.indicators if form.indicators else indicator.frequency == form.frequency)
        )

    def regime(self, code: str) -> Regime:
        """The regime of that code; KeyError when the plan has none."""
        for regime in self.regimes:
            if regime.code == code:
                return regime
        raise KeyError(code)

    def ladder(self, code: str) -> Ladder:
        """The ladder of that code; KeyError when the plan has none."""
        for ladder in self.ladders:
            if ladder.code == code:
                return ladder
        raise KeyError(code)
