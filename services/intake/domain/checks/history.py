"""Checks against earlier reports of the same form: falling numbers, jumps, copies. Pure.

Without an earlier report there is nothing to compare, and nothing is found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.intake.domain.checks.context import TOLERANCE, Context, Found, Values, numbers, shown, text
from shared.events.base import Names


def not_decreasing(context: Context, parameters: Mapping[str, Any]) -> Iterator[Found]:
    """Numerator (or value) does not fall against the period before within the year, or the same one a year before."""
    earlier = _compared(context, str(parameters.get("against", "previous_in_year")))
    time = parameters.get("time", "any")
    for indicator, value in context.chosen(parameters):
        before = earlier.get(indicator.code)
        if before is None or before.status != "reported" or time not in ("any", indicator.time):
            continue
        is_quotient = value.numerator is not None
        was, now = (before.numerator, value.numerator) if is_quotient else (before.value, value.value)
        if was is not None and now is not None and now < was:
            member = "numerator" if is_quotient else "value"
            message = Names(vi="Số liệu giảm so với kỳ được so sánh", en="The number fell against the earlier period")
            yield Found(message, (indicator.code,), member, f">= {text(was)}", text(now))


def _compared(context: Context, against: str) -> Values:
    if against == "year_before":
        return context.year_before or {}
    return (context.previous or {}) if context.previous_year == context.year else {}


def ratio_jump(context: Context, parameters: Mapping[str, Any]) -> Iterator[Found]:
    """The shown value of a quotient moves at most `points` against the period before."""
    points = float(parameters["points"])
    for indicator, value in context.chosen(parameters):
        before = (context.previous or {}).get(indicator.code)
        if value.denominator is None or before is None or before.status != "reported":
            continue
        was, now = shown(indicator, before), shown(indicator, value)
        if was is not None and now is not None and abs(now - was) > points + TOLERANCE:
            message = Names(
                vi=f"Thay đổi quá {text(points)} so với kỳ trước",
                en=f"Moved by more than {text(points)} against the period before",
            )
            expected = f"{text(round(was - points, 6))} .. {text(round(was + points, 6))}"
            yield Found(message, (indicator.code,), "", expected, text(round(now, 6)))


def copied_report(context: Context, parameters: Mapping[str, Any]) -> Iterator[Found]:
    """Not every number equals that of the period before, where there are enough numbers to tell."""
    if context.previous is None or _differs(context, context.previous):
        return
    now = numbers(context.values)
    if len(now) < parameters["at_least"] or now != numbers(context.previous):
        return
    message = Names(
        vi=f"Cả {len(now)} số liệu giống hệt kỳ trước", en=f"All {len(now)} numbers equal those of the period before"
    )
    yield Found(message, expected="at least one other number", got=f"{len(now)} / {len(now)}")


def _differs(context: Context, previous: Values) -> bool:
    """Whether a number is plainly another one: nearly always the first, so that the rest need not be gathered."""
    for indicator, value in context.reported:
        before = previous.get(indicator.code)
        if before is None or (value.value, value.numerator, value.denominator) != (
            before.value,
            before.numerator,
            before.denominator,
        ):
            return True
    return False
