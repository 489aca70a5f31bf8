"""The plan as data: the schema of a plan document. `docs/plan.md` is its reference for writers.

A plan is a tree of groups (the default plan calls them pillars) with indicators as leaves, forms that say which
indicators are reported when, calendar regimes that say what a period is and when it is due, ladders of reminders,
validation and inspection rules, and digests. Nothing about any country or subject is in the code.
`methods`, `indicators` and `groups` beside this file hold what scoring reads.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from shared.events.base import Names
from shared.plan.base import CODE_PATTERN, Code, Frequency, Model, Share
from shared.plan.groups import Band, Group, Scoring
from shared.plan.indicators import Evidence, Indicator, IndicatorType, OwnTargets, TimeSemantics
from shared.plan.inspection import Escalation, EscalationStep, InspectionRule
from shared.plan.inspection_process import InspectionProcess
from shared.plan.methods import (
    TARGET_METHODS,
    BooleanMethod,
    Borda,
    Goalposts,
    Informational,
    Knot,
    Level,
    LevelMap,
    LinearToTarget,
    LowerIsBetter,
    Method,
    MinMax,
    OfficialRatio,
    Optimum,
    Percentile,
    Piecewise,
    ShareOfPeerMax,
    Step,
    Steps,
    Target,
    ZScore,
    ZScoreMinMax,
)

__all__ = [
    "CODE_PATTERN",
    "TARGET_METHODS",
    "Band",
    "BooleanMethod",
    "Borda",
    "Code",
    "Escalation",
    "EscalationStep",
    "Evidence",
    "Frequency",
    "Goalposts",
    "Group",
    "Indicator",
    "IndicatorType",
    "Informational",
    "InspectionRule",
    "Knot",
    "Level",
    "LevelMap",
    "LinearToTarget",
    "LowerIsBetter",
    "Method",
    "MinMax",
    "Model",
    "OfficialRatio",
    "Optimum",
    "OwnTargets",
    "Percentile",
    "Piecewise",
    "Plan",
    "QuietHours",
    "Scoring",
    "Share",
    "ShareOfPeerMax",
    "Step",
    "Steps",
    "Target",
    "TimeSemantics",
    "ZScore",
    "ZScoreMinMax",
]

ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


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


class QuietHours(Model):
    """Hours of the recipient's own zone in which no reminder is sent: [begin, end), across midnight if begin > end."""

    begin: ClockTime = "20:00"
    end: ClockTime = "07:00"


class Ladder(Model):
    """Rungs around the due day. `at` is a clock time in the recipient's zone."""

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
    quiet_hours: Annotated[
        QuietHours | None, Field(description="When no reminder is sent; null: reminders know no quiet hours.")
    ] = QuietHours()
    validation: Annotated[tuple[ValidationRule, ...], Field(max_length=200)] = ()
    inspection: Annotated[tuple[InspectionRule, ...], Field(max_length=100)] = ()
    escalation: Annotated[tuple[Escalation, ...], Field(max_length=3)] = ()
    inspection_process: InspectionProcess = InspectionProcess()
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
