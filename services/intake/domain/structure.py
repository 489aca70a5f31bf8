"""Whether a value is well formed for its indicator, before any rule of the plan looks at it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from services.intake.domain.checks.context import FIELDS, Found, shown, text
from shared.events.base import Names
from shared.events.report import ReportedValue
from shared.plan.model import Form, Indicator, LevelMap

Fault = tuple[str, Found]
"""Code of the fault and what was found."""

_IN_VIETNAMESE = {
    "value": "giá trị",
    "numerator": "tử số",
    "denominator": "mẫu số",
    "nil": "“không phát sinh”",
    "not_applicable": "“không áp dụng”",
}


def faults(catalogue: Mapping[str, Indicator], form: Form, value: ReportedValue) -> Sequence[Fault]:
    """What is wrong with the shape of one value; empty when rules may look at it."""
    indicator = catalogue.get(value.indicator)
    if indicator is None:
        message = Names(vi="Kế hoạch không có chỉ tiêu này", en="The plan has no such indicator")
        return [
            (
                "UNKNOWN_INDICATOR",
                Found(message, (value.indicator,), "indicator", "an indicator of the plan", value.indicator),
            )
        ]
    if not _on_form(form, indicator):
        message = Names(vi=f"Chỉ tiêu không thuộc biểu {form.code}", en=f"The indicator is not on form {form.code}")
        expected = f"an indicator of form {form.code}"
        return [("NOT_ON_FORM", Found(message, (value.indicator,), "indicator", expected, value.indicator))]
    if value.status != "reported":
        return list(_status_faults(value))
    found = _quotient_faults(indicator, value) if indicator.is_quotient else _plain_faults(indicator, value)
    return [*found, *_domain_faults(indicator, value)] if found else _domain_faults(indicator, value)


def _on_form(form: Form, indicator: Indicator) -> bool:
    if indicator.computed_by != "form":
        return False
    return indicator.code in form.indicators if form.indicators else indicator.frequency == form.frequency


def _status_faults(value: ReportedValue) -> Iterator[Fault]:
    held = [member for member in FIELDS if getattr(value, member) is not None]
    if held:
        state = _IN_VIETNAMESE[value.status]
        message = Names(vi=f"Trạng thái {state} không đi cùng số liệu", en=f"{value.status} has no numbers")
        yield "VALUE_TYPE", Found(message, (value.indicator,), held[0], "no number", text(getattr(value, held[0])))
    if value.status == "not_applicable" and not value.reason:
        message = Names(vi="Không áp dụng thì phải nêu lý do", en="not_applicable needs a reason")
        yield "REASON_MISSING", Found(message, (value.indicator,), "reason", "reason", "missing")


def _quotient_faults(indicator: Indicator, value: ReportedValue) -> Sequence[Fault]:
    part, whole = value.numerator, value.denominator
    if value.value is None and part is not None and whole is not None:
        must_be_whole = indicator.integer or indicator.type == "count"
        if not must_be_whole or (part.is_integer() and whole.is_integer()):
            return ()
    return list(_number_faults(indicator, value, ("numerator", "denominator")))


def _plain_faults(indicator: Indicator, value: ReportedValue) -> Sequence[Fault]:
    number = value.value
    if number is not None and value.numerator is None and value.denominator is None:
        must_be_whole = indicator.integer or indicator.type == "count"
        if not must_be_whole or number.is_integer():
            return ()
    return list(_number_faults(indicator, value, ("value",)))


def _number_faults(indicator: Indicator, value: ReportedValue, wanted: tuple[str, ...]) -> Iterator[Fault]:
    """Each member that is missing, too many, or no whole number. Only asked when the value is not plainly sound."""
    code = (indicator.code,)
    for member in FIELDS:
        number = getattr(value, member)
        if member in wanted and number is None:
            message = Names(vi=f"Thiếu {_IN_VIETNAMESE[member]}", en=f"{member} is missing")
            yield "VALUE_MISSING", Found(message, code, member, "number", "missing")
        elif member not in wanted and number is not None:
            message = Names(
                vi=f"Chỉ tiêu này nhận {' và '.join(_IN_VIETNAMESE[name] for name in wanted)}",
                en=f"This indicator takes {' and '.join(wanted)}",
            )
            yield "VALUE_TYPE", Found(message, code, member, " + ".join(wanted), member)
        elif number is not None and (indicator.integer or indicator.type == "count") and number != int(number):
            message = Names(vi="Phải là số nguyên", en="Must be a whole number")
            yield "VALUE_INTEGER", Found(message, code, member, "whole number", text(number))


def _domain_faults(indicator: Indicator, value: ReportedValue) -> Sequence[Fault]:
    low, high = indicator.low, indicator.high
    is_yes_or_no, is_level = indicator.type == "boolean", indicator.method.kind == "level_map"
    if low is None and high is None and not is_yes_or_no and not is_level:
        return ()
    number = shown(indicator, value)
    return () if number is None else list(_outside(indicator, number))


def _outside(indicator: Indicator, number: float) -> Iterator[Fault]:
    code, member = (indicator.code,), "" if indicator.is_quotient else "value"
    if indicator.type == "boolean" and number not in (0, 1):
        message = Names(vi="Nhận 1 (có) hoặc 0 (không)", en="Takes 1 (yes) or 0 (no)")
        yield "VALUE_RANGE", Found(message, code, member, "0 or 1", text(number))
    if isinstance(indicator.method, LevelMap):
        levels = [level.level for level in indicator.method.levels]
        if number not in levels:
            message = Names(vi="Mức không có trong danh mục", en="The level is not listed")
            yield "VALUE_RANGE", Found(message, code, member, ", ".join(map(str, levels)), text(number))
    low, high = indicator.low, indicator.high
    if (low is not None and number < low) or (high is not None and number > high):
        message = Names(vi="Số liệu nằm ngoài khoảng tin cậy", en="The value is outside of what is believed")
        expected = f"{'' if low is None else text(low)} .. {'' if high is None else text(high)}"
        yield "VALUE_RANGE", Found(message, code, member, expected, text(number))
