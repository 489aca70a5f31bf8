"""Formulas and reasons in words and numbers, Vietnamese and English: how every number explains itself."""

from __future__ import annotations

import math

from services.scoring.domain.annual import combination
from services.scoring.domain.cells import Status
from services.scoring.domain.evaluate import Leaf
from shared.plan.model import Indicator

Words = dict[str, str]

REASONS: dict[Status, Words] = {
    Status.OBSERVED: {"vi": "đã báo cáo", "en": "reported"},
    Status.NOT_REPORTED: {"vi": "đã đến hạn mà chưa báo cáo", "en": "due and not reported"},
    Status.SUPPRESSED: {
        "vi": "mẫu số bằng 0, không tính được tỷ lệ",
        "en": "the denominator is 0, there is no quotient",
    },
    Status.INVALID: {
        "vi": "giá trị ngoài miền cho phép, không chấm điểm",
        "en": "outside the believed range, not scored",
    },
    Status.NOT_APPLICABLE: {"vi": "không áp dụng cho đơn vị", "en": "does not apply to the unit"},
    Status.NOT_DUE: {"vi": "chưa đến hạn báo cáo", "en": "not due yet"},
    Status.EXCLUDED: {
        "vi": "không chấm cho ai: không có chỉ tiêu hoặc không có khác biệt giữa các đơn vị",
        "en": "not scored: no target, or no difference between the units",
    },
    Status.INFORMATIONAL: {"vi": "chỉ để tham khảo, không tính điểm", "en": "for information, not counted"},
}

FLAGS: dict[str, Words] = {
    "no_target": {"vi": "kế hoạch không có chỉ tiêu cho năm này", "en": "the plan has no target for this year"},
    "zero_target": {
        "vi": "chỉ tiêu bằng 0, theo quy tắc của kế hoạch",
        "en": "the target is 0, the plan's rule applies",
    },
    "zero_range": {"vi": "các đơn vị không khác nhau", "en": "the units do not differ"},
    "log_of_nonpositive": {"vi": "giá trị không dương trên thang lô-ga", "en": "not above 0 on a logarithmic scale"},
}

HOW: dict[str, Words] = {
    "sum": {"vi": "cộng các kỳ đã duyệt", "en": "sum of the accepted periods"},
    "mean": {"vi": "trung bình các kỳ đã duyệt", "en": "mean of the accepted periods"},
    "last": {"vi": "kỳ được duyệt sau cùng", "en": "last accepted period"},
}
YEAR_TO_DATE = {"vi": "lũy kế đến kỳ được duyệt sau cùng", "en": "year to date at the last accepted period"}

COMPUTED: dict[str, Words] = {
    "reports_on_time": {
        "vi": "báo cáo đúng hạn và không bị trả lại / báo cáo đã đến hạn",
        "en": "reports on time and never returned / reports due",
    },
    "findings_remedied": {"vi": "kiến nghị đã khắc phục / kiến nghị", "en": "findings remedied / findings"},
}


def number(value: float | None) -> str:
    """A number as short as it can be written exactly enough to be recalculated; a dash for none."""
    return "-" if value is None or math.isnan(value) else f"{value:.12g}"


def annual_words(indicator: Indicator, value: float, numerator: float, denominator: float) -> Words:
    """How the annual value was made."""
    plain = YEAR_TO_DATE if indicator.time == "cumulative_ytd" else HOW[combination(indicator)]
    how = COMPUTED.get(indicator.computed_by, plain)
    if not indicator.is_quotient:
        return {language: f"{how[language]} = {number(value)}" for language in ("vi", "en")}
    scale = f"{number(indicator.scale)} x " if indicator.scale != 1 else ""
    made = f"{scale}{number(numerator)} / {number(denominator)} = {number(value)}"
    return {language: f"{how[language]}: {made}" for language in ("vi", "en")}


def share_formula(leaf: Leaf, at: int) -> str:
    """The method's formula with this unit's numbers. Numbers are numbers in every language."""
    method, value = leaf.indicator.method, number(float(leaf.column.value[at]))
    target, share = number(float(leaf.target[at])), number(float(leaf.share[at]))
    lower = leaf.indicator.direction == "lower"
    reference = {name: number(float(row[at])) for name, row in leaf.reference.items()}
    match method.kind:
        case "linear_to_target":
            ratio = f"{target} / {value}" if lower else f"{value} / {target}"
            formula = f"clip({ratio}, 0, {number(method.cap)})"
            if leaf.target[at] == 0:
                formula = f"target 0: {method.zero_target}"
        case "official_ratio":
            parts = (number(float(leaf.column.numerator[at])), number(float(leaf.column.denominator[at])))
            formula = _reflect(f"clip({parts[0]} / {parts[1]}, 0, 1)", lower)
        case "lower_is_better":
            worst = number(method.worst)
            formula = f"clip(({worst} - {value}) / ({worst} - {target}), 0, 1)"
        case "share_of_peer_max":
            formula = _reflect(f"{value} / max = {value} / {reference['peer_max']}", lower)
        case "steps":
            formula = (
                f"steps({value}: {', '.join(f'>= {number(s.at_least)} -> {number(s.share)}' for s in method.steps)})"
            )
        case "level_map":
            formula = f"level {value}"
        case "boolean":
            formula = _reflect(value, lower)
        case "min_max_goalposts":
            low, high = number(method.low), number(method.high)
            plain = f"clip(({value} - {low}) / ({high} - {low}), 0, 1)"
            logs = f"clip((ln {value} - ln {low}) / (ln {high} - ln {low}), 0, 1)"
            formula = _reflect(logs if method.log else plain, lower)
        case "zscore_minmax":
            low, high = reference.get("cohort_min", "-"), reference.get("cohort_max", "-")
            formula = _reflect(f"({value} - {low}) / ({high} - {low})", lower)
        case "informational":
            return "-"
    return f"{formula} = {share}"


def _reflect(formula: str, lower: bool) -> str:
    return f"1 - {formula}" if lower else formula
