"""The named checks of reports and the signals of inspection, with their parameters: what a plan may ask for.

The predicates themselves are written where reports are validated and alerts are raised; this table is the contract.
An operand is written `CODE.numerator`, `CODE.denominator` or `CODE.value`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from shared.events.base import Names
from shared.plan.model import InspectionRule, ValidationRule

ParameterKind = Literal["number", "indicators", "operand", "choice"]
OPERAND_FIELDS = ("numerator", "denominator", "value")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `default` None makes it required; `low` and `high` bound a number, inclusive."""

    kind: ParameterKind
    says: str
    default: float | str | tuple[str, ...] | None = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def required(self) -> bool:
        return self.default is None


@dataclass(frozen=True, slots=True)
class Check:
    """A named check: what must hold (a sentence for the reporter) and the parameters that it takes."""

    says: Names
    parameters: dict[str, Parameter] = field(default_factory=dict)


_OF_INDICATORS = Parameter("indicators", "Indicators that are looked at; empty means all on the form.", default=())

CHECKS: dict[str, Check] = {
    "non_negative": Check(
        Names(
            vi="Tử số, mẫu số và giá trị không được âm; số đếm phải là số nguyên",
            en="Numerator, denominator and value are 0 or more; counts are whole numbers",
        ),
        {"indicators": _OF_INDICATORS},
    ),
    "numerator_within_denominator": Check(
        Names(
            vi="Tử số không được lớn hơn mẫu số, trừ chỉ tiêu cho phép vượt 100 %",
            en="The numerator is at most the denominator, unless the indicator may exceed 100 %",
        ),
        {"indicators": _OF_INDICATORS},
    ),
    "denominator_zero": Check(
        Names(
            vi="Mẫu số chỉ được bằng 0 ở chỉ tiêu cho phép; khi đó giá trị là không áp dụng",
            en="The denominator is 0 only where the indicator allows it; the value is then not applicable",
        ),
        {"indicators": _OF_INDICATORS},
    ),
    "not_decreasing": Check(
        Names(
            vi="Tử số (hoặc giá trị) không được giảm so với kỳ được so sánh",
            en="The numerator (or the value) does not fall against the period it is compared with",
        ),
        {
            "indicators": _OF_INDICATORS,
            "time": Parameter(
                "choice",
                "Only indicators of these time semantics; `any` for all.",
                default="any",
                choices=("any", "flow", "stock", "cumulative_ytd"),
            ),
            "against": Parameter(
                "choice",
                "The period before within the year, or the same period of the year before.",
                default="previous_in_year",
                choices=("previous_in_year", "year_before"),
            ),
        },
    ),
    "same_denominator": Check(
        Names(vi="Mẫu số phải giống nhau ở các chỉ tiêu này", en="The denominator is the same in these indicators"),
        {"indicators": Parameter("indicators", "The indicators, two at least.")},
    ),
    "headcount_near_profile": Check(
        Names(
            vi="Tổng số người khác hồ sơ đơn vị quá mức cho phép",
            en="The headcount is near the one in the unit's profile",
        ),
        {
            "indicators": Parameter("indicators", "Indicators whose denominator is the unit's headcount."),
            "share": Parameter("number", "Largest difference, as a share of the profile.", default=0.1, low=0, high=10),
        },
    ),
    "ratio_jump": Check(
        Names(
            vi="Tỷ lệ thay đổi quá lớn so với kỳ trước",
            en="The ratio moves no further than this against the period before",
        ),
        {
            "indicators": _OF_INDICATORS,
            "points": Parameter("number", "Largest move, in the shown unit (percentage points).", default=20.0, low=0),
        },
    ),
    "copied_report": Check(
        Names(
            vi="Mọi số liệu giống hệt kỳ trước",
            en="Not all numbers equal those of the period before",
        ),
        {"at_least": Parameter("number", "Compare only reports with so many numbers.", default=2.0, low=1)},
    ),
    "evidence_required": Check(
        Names(
            vi="Phải có minh chứng ở chỉ tiêu yêu cầu minh chứng",
            en="Evidence is given where the indicator requires it",
        ),
        {"indicators": _OF_INDICATORS},
    ),
    "evidence_shared": Check(
        Names(
            vi="Một tệp minh chứng không được dùng cho hai đơn vị",
            en="The same evidence file is not used by two units",
        ),
    ),
    "exact_targets": Check(
        Names(
            vi="Quá nhiều chỉ tiêu có giá trị đúng bằng mục tiêu",
            en="No more than this share of the indicators equals its target exactly",
        ),
        {"share": Parameter("number", "Largest share of the indicators with a target.", default=0.5, low=0, high=1)},
    ),
    "applicability": Check(
        Names(
            vi="Chỉ tiêu không áp dụng phải để trống, chỉ tiêu áp dụng phải có giá trị",
            en="What does not apply to the unit is left empty, what applies is filled in",
        ),
    ),
    "at_most": Check(
        Names(vi="Số thứ nhất không được lớn hơn số thứ hai", en="The first number is at most the second"),
        {"left": Parameter("operand", "The smaller number."), "right": Parameter("operand", "The larger number.")},
    ),
    "equals": Check(
        Names(vi="Hai số phải bằng nhau", en="The two numbers are equal"),
        {"left": Parameter("operand", "One number."), "right": Parameter("operand", "The other number.")},
    ),
}

_Z = Parameter("number", "Robust z from which a value is an outlier.", default=3.5, low=1, high=100)
_LOOKED_AT = Parameter("indicators", "Indicators that are looked at; empty means all.", default=())

SIGNALS: dict[str, dict[str, Parameter]] = {
    "report_overdue": {},
    "two_in_a_row": {
        "at_least": Parameter(
            "number", "So many periods of a form in a row make the signal.", default=2.0, low=2, high=24
        )
    },
    "copied_report": {},
    "layers_differ": {
        "share": Parameter(
            "number", "More than this part of the applicable points makes the signal.", default=0.1, low=0, high=1
        )
    },
    "evidence_missing": {
        "at_least": Parameter("number", "So many indicators without evidence make the signal.", default=1.0, low=1)
    },
    "band_fell": {
        "bands": Parameter("number", "A fall of so many bands makes the signal.", default=1.0, low=1),
        "provisional": Parameter("number", "1 looks at provisional scores as well.", default=0.0, low=0, high=1),
    },
    "far_below_target": {
        "share": Parameter("number", "Below this share of the target an indicator counts.", default=0.5, low=0, high=1),
        "at_least": Parameter("number", "So many indicators make the signal.", default=5.0, low=1),
    },
    "security_incident": {
        "indicators": Parameter("indicators", "Indicators that count incidents."),
        "at_least": Parameter("number", "So many incidents in all make the signal.", default=1.0, low=1),
    },
    "finding_overdue": {},
    "outlier_own_history": {
        "indicators": _LOOKED_AT,
        "z": _Z,
        "periods": Parameter("number", "Compare only with so many earlier periods.", default=4.0, low=3, high=40),
        "at_least": Parameter("number", "So many indicators make the signal.", default=1.0, low=1),
    },
    "outlier_peers": {
        "indicators": _LOOKED_AT,
        "z": _Z,
        "units": Parameter("number", "Compare only where so many units have a value.", default=8.0, low=3),
        "at_least": Parameter("number", "So many indicators make the signal.", default=1.0, low=1),
    },
    "pace_at_risk": {
        "pace": Parameter("number", "Below this pace an indicator counts.", default=0.75, low=0, high=1),
        "at_least": Parameter("number", "So many indicators make the signal.", default=3.0, low=1),
    },
}


def parameters_of(rule: ValidationRule | InspectionRule) -> dict[str, Any]:
    """Every parameter of a rule of a coherent plan: as given, else its default. KeyError without a known check."""
    known = CHECKS[rule.check or ""].parameters if isinstance(rule, ValidationRule) else SIGNALS[rule.signal]
    defaults = {name: parameter.default for name, parameter in known.items() if not parameter.required}
    return {**defaults, **rule.parameters}
