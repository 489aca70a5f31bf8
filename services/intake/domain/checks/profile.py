"""Checks against what is registered of the unit, and against what the plan asks of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.intake.domain.checks.context import TOLERANCE, Context, Found, shown, text
from shared.events.base import Names


def headcount_near_profile(context: Context, parameters: Mapping[str, Any]) -> Iterator[Found]:
    """The denominator is within `share` of the headcount in the unit's profile; without one nothing is compared."""
    headcount, share = context.unit.headcount, float(parameters["share"])
    if headcount is None:
        return
    for indicator, value in context.chosen(parameters):
        given = value.denominator
        if given is not None and abs(given - headcount) > share * headcount + TOLERANCE:
            message = Names(
                vi=f"Tổng số người khác hồ sơ đơn vị ({headcount}) quá {text(100 * share)} %",
                en=f"The headcount differs from the unit's profile ({headcount}) by more than {text(100 * share)} %",
            )
            expected = f"{text(round(headcount * (1 - share), 6))} .. {text(round(headcount * (1 + share), 6))}"
            yield Found(message, (indicator.code,), "denominator", expected, text(given))


def exact_targets(context: Context, parameters: Mapping[str, Any]) -> Iterator[Found]:
    """At most `share` of the indicators with a target hit it exactly."""
    exact: list[str] = []
    with_target = 0
    for indicator, value in context.chosen({}):
        target, number = indicator.target(context.year, context.unit.unit), shown(indicator, value)
        if target is None or number is None:
            continue
        with_target += 1
        if abs(number - target) <= TOLERANCE:
            exact.append(indicator.code)
    limit = float(parameters["share"])
    if with_target and len(exact) > limit * with_target + TOLERANCE:
        message = Names(
            vi=f"{len(exact)} trên {with_target} chỉ tiêu đúng bằng mục tiêu",
            en=f"{len(exact)} of {with_target} indicators equal their target exactly",
        )
        yield Found(message, tuple(exact), "", f"<= {text(limit)}", text(round(len(exact) / with_target, 6)))


def applicability(context: Context, parameters: Mapping[str, Any]) -> Iterator[Found]:
    """What does not apply to the unit is left out; what applies has a value, `nil` or `not_applicable`."""
    applies = {indicator.code for indicator in context.expected}
    group = context.unit.peer_group
    for code in context.values:
        if code not in applies:
            message = Names(
                vi=f"Chỉ tiêu không áp dụng cho nhóm {group}", en=f"The indicator does not apply to peer group {group}"
            )
            yield Found(message, (code,), "", "left out", "filled in")
    for indicator in context.expected:
        if indicator.code not in context.given:
            message = Names(
                vi="Thiếu chỉ tiêu áp dụng cho đơn vị", en="An indicator that applies to the unit is missing"
            )
            yield Found(message, (indicator.code,), "", "value, nil or not_applicable", "missing")
