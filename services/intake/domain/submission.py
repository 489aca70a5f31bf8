"""What a unit sends: strict models (`false` is no number, `"5"` is no number), bounded in count and size. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from shared.events.report import ReportedValue, ValueStatus
from shared.shape_faults import incoherent

VALUES_MAX = 500
EXPLANATIONS_MAX = 50
NUMBER_MAX = 1e15

Mode = Literal["ATOMIC", "PARTIAL"]
# Past 1e15 a double no longer holds every whole number: such a value is a slip, never a count or an amount.
Number = Annotated[float, Field(ge=-NUMBER_MAX, le=NUMBER_MAX, allow_inf_nan=False)]
Token = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Text = Annotated[str, Field(min_length=1, max_length=2000)]


class Input(BaseModel):
    """Strict and closed: a misspelt member is an error, not silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class EvidenceInput(Input):
    """What supports a value."""

    kind: Literal["document_number", "url", "file"]
    reference: Annotated[str, Field(min_length=1, max_length=500)]
    sha256: Annotated[str | None, Field(pattern=r"^[0-9a-f]{64}$")] = None


class ValueInput(Input):
    """One indicator: a plain `value`, or `numerator` and `denominator`; or a status that says why there is none."""

    indicator: Token
    status: ValueStatus = "reported"
    estimated: Literal[True] | None = Field(
        default=None, description="The number is the unit's own estimate: it counts, with less confidence."
    )
    value: Number | None = None
    numerator: Number | None = None
    denominator: Number | None = None
    reason: Text | None = None
    evidence: EvidenceInput | None = None

    def reported(self) -> ReportedValue:
        """The value as it is kept and announced."""
        return reported((self,))[0]


# One call for all values of a report: a call each costs more than twice as much.
_REPORTED = TypeAdapter(tuple[ReportedValue, ...])


def reported(values: Sequence[ValueInput]) -> tuple[ReportedValue, ...]:
    """The values as they are kept and announced."""
    return _REPORTED.validate_python([value.__dict__ for value in values], from_attributes=True)


REPORT_EXAMPLE: dict[str, Any] = {
    "plan": "MIC-ITAPP-2011-2015",
    "form": "QUARTERLY",
    "unit": "VCNTT",
    "period": "2011-Q1",
    "mode": "ATOMIC",
    "values": [
        {"indicator": "INF-01", "numerator": 40, "denominator": 42},
        {"indicator": "SVC-04", "value": 3},
        {"indicator": "INF-07", "status": "not_applicable", "reason": "Không có cuộc họp nào"},
    ],
    "explanations": {"V09": "Đơn vị vừa được trang bị 12 máy tính mới"},
}


class ReportInput(Input):
    """One report for one obligation. `nil` says "nothing to report" for the whole form, with a reason."""

    plan: Token
    form: Token
    unit: Token
    period: Annotated[str, Field(min_length=4, max_length=10)]
    nil: bool = False
    nil_reason: Text | None = None
    values: Annotated[tuple[ValueInput, ...], Field(max_length=VALUES_MAX, strict=False)] = ()
    explanations: Annotated[dict[Token, Text], Field(max_length=EXPLANATIONS_MAX)] = Field(default_factory=dict)
    change_reason: Annotated[
        Text | None, Field(description="Why this replaces another version: kept with it, no part of the content.")
    ] = None
    mode: Mode = "ATOMIC"

    @model_validator(mode="after")
    def nil_or_values(self) -> ReportInput:
        if self.nil and self.values:
            raise incoherent(
                "nil_with_values",
                "Báo cáo không phát sinh thì không có số liệu: gửi nil kèm nil_reason, hoặc gửi values",
                "a nil report has no values: send either nil with nil_reason, or values",
            )
        if self.nil and not self.nil_reason:
            raise incoherent(
                "nil_without_reason",
                "Báo cáo không phát sinh phải nêu lý do (nil_reason)",
                "a nil report needs nil_reason",
            )
        if not self.nil and not self.values:
            raise incoherent(
                "nothing_reported",
                "Gửi số liệu (values), hoặc nil kèm nil_reason",
                "send values, or nil with nil_reason",
            )
        if not self.nil and self.nil_reason:
            raise incoherent(
                "reason_without_nil",
                "nil_reason chỉ dùng cho báo cáo không phát sinh",
                "nil_reason belongs to a nil report only",
            )
        return self

    def duplicates(self) -> list[int]:
        """Positions of values whose indicator was given before in the same payload."""
        seen: set[str] = set()
        found: list[int] = []
        for index, value in enumerate(self.values):
            if value.indicator in seen:
                found.append(index)
            seen.add(value.indicator)
        return found
