"""Indicators: what is measured, how its year is made, how it is scored."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from shared.events.base import Names
from shared.plan.base import Code, Frequency, MissingPolicy, Model
from shared.plan.methods import TARGET_METHODS, LinearToTarget, LowerIsBetter, Method

TimeSemantics = Literal["flow", "stock", "cumulative_ytd"]
IndicatorType = Literal["ratio", "rate", "count", "money", "duration", "level", "boolean", "number"]


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
    min_denominator: Annotated[
        float, Field(description="A quotient over less is suppressed: shown, not scored.", ge=0)
    ] = 0.0
    small_denominator: Annotated[
        float, Field(description="A quotient over less is flagged as noisy (small numbers).", ge=0)
    ] = 0.0
    shrink_by: Annotated[
        float,
        Field(
            description="m of (a + m * mean) / (b + m): pulls quotients of small denominators to the mean of all.",
            ge=0,
        ),
    ] = 0.0
    missing: Annotated[
        MissingPolicy | None, Field(description="What a value that was not reported does; null: as the group says.")
    ] = None
    mandatory: Annotated[bool, Field(description="Its group has no score without it.")] = False
    noise_sd: Annotated[
        float, Field(description="Standard deviation of its measurement error, in its unit of measure.", ge=0)
    ] = 0.0

    @property
    def is_quotient(self) -> bool:
        """Reported as numerator and denominator."""
        return self.numerator is not None and self.denominator is not None

    def target(self, year: int, unit: str | None = None) -> float | None:
        """The target of a year: the unit's own where there is one, else the plan's, else None."""
        if unit is not None and self.target_overrides:
            return self.own_targets(unit).get(year, self.targets.get(year))
        return self.targets.get(year)

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
