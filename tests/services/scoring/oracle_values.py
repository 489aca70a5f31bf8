"""Values of the slow evaluation before any method: of the year, of quotients, and in place of missing ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction as F
from typing import Any

from shared.plan.model import Group, Indicator, Plan

REPORTED = {"observed", "estimated"}


@dataclass
class Cell:
    """One unit's accepted annual value: a number, (numerator, denominator), "n/a", or None when not reported."""

    given: Any
    estimated: bool = False


@dataclass(frozen=True)
class Value:
    status: str
    value: F | None = None
    numerator: F | None = None
    denominator: F | None = None


def policy_of(plan: Plan, one: Indicator) -> str:
    def walk(group: Group, above: str) -> str | None:
        here = group.missing or above
        if one.code in [leaf.code for leaf in group.indicators]:
            return one.missing or here
        return next((found for inner in group.groups if (found := walk(inner, here))), None)

    return next(found for group in plan.groups if (found := walk(group, plan.scoring.missing)))


def annual(one: Indicator, cell: Cell, group: str) -> Value:
    given = cell.given
    status = "estimated" if cell.estimated else "observed"
    if (one.applies_to and group not in one.applies_to) or given == "n/a":
        return Value("not_applicable")
    if given is None:
        return Value("not_reported")
    if not isinstance(given, tuple):
        value = F(given)
        return Value(status if believed(one, value) else "invalid", value)
    numerator, denominator = F(given[0]), F(given[1])
    if denominator == 0:
        return Value("not_applicable" if one.empty_denominator == "not_applicable" else "suppressed")
    value = F(float(F(one.scale) * numerator / denominator))
    if denominator < F(one.min_denominator):
        return Value("too_few", value, numerator, denominator)
    wrong = not believed(one, value) or (one.type == "ratio" and not one.allow_over_100 and numerator > denominator)
    return Value("invalid" if wrong else status, value, numerator, denominator)


def believed(one: Indicator, value: F) -> bool:
    return (one.low is None or value >= F(one.low)) and (one.high is None or value <= F(one.high))


def pooled(values: list[Value]) -> F:
    """Sum of numerators over sum of denominators."""
    above = sum((v.numerator for v in values if v.numerator is not None), F(0))
    return above / sum((v.denominator for v in values if v.denominator is not None), F(0))


def shrunk(one: Indicator, values: dict[str, Value], frozen: Mapping[str, Mapping[str, float]]) -> dict[str, Value]:
    reported = [v for v in values.values() if v.status in REPORTED]
    if one.shrink_by == 0 or not reported:
        return values
    held = frozen.get("", {}).get("pooled")
    m, mean = F(one.shrink_by), pooled(reported) if held is None else F(held)
    return {
        unit: replace(v, value=F(one.scale) * (v.numerator + m * mean) / (v.denominator + m))
        if v.status in REPORTED and v.numerator is not None and v.denominator is not None
        else v
        for unit, v in values.items()
    }


def peers_of(unit: str, units: Mapping[str, str], values: Mapping[str, Value]) -> list[Value]:
    return [v for u, v in values.items() if units[u] == units[unit] and v.status in REPORTED]


def imputed(  # noqa: PLR0917
    plan: Plan, one: Indicator, year: int, missing: Value, peers: list[Value], earlier: Mapping[int, float]
) -> Value:
    """What stands in place of a missing value; the value as it is where nothing can."""
    policy = policy_of(plan, one)
    back = {y: F(v) for y, v in earlier.items() if year - plan.scoring.carry_years_max <= y < year}
    numbers = sorted(v.value for v in peers if v.value is not None)
    put: F | None = None
    if policy == "carry" and back:
        put = back[max(back)]
    elif policy == "group_mean" and numbers:
        put = F(one.scale) * pooled(peers) if one.is_quotient else sum(numbers, F(0)) / len(numbers)
    elif policy == "group_median" and numbers:
        middle = len(numbers) // 2
        put = numbers[middle] if len(numbers) % 2 else (numbers[middle - 1] + numbers[middle]) / 2
    elif policy == "linear" and len(back) >= 2:
        put = extrapolated(one, back, year)
    if put is None or not believed(one, put):
        return missing
    return Value("carried" if policy == "carry" else "imputed", put)


def extrapolated(one: Indicator, back: Mapping[int, F], year: int) -> F:
    n = len(back)
    mean_t, mean_y = F(sum(back), n), sum(back.values(), F(0)) / n
    slope = sum(((t - mean_t) * (y - mean_y) for t, y in back.items()), F(0)) / sum((t - mean_t) ** 2 for t in back)
    found = mean_y + slope * (year - mean_t)
    lows = [F(0)] if one.is_quotient else []
    lows += [] if one.low is None else [F(one.low)]
    highs = [F(one.scale)] if one.type == "ratio" and not one.allow_over_100 else []
    highs += [] if one.high is None else [F(one.high)]
    found = min([found, *highs])
    return max([found, *lows])


def percentile(rising: list[Any], percent: float) -> Any:
    """Type 7: linear between the two nearest places."""
    place = F(percent) / 100 * (len(rising) - 1)
    below = math.floor(place)
    part = place - below
    if part == 0:
        return rising[below]
    if isinstance(rising[below], float) or isinstance(rising[below + 1], float):
        return float(rising[below]) * float(1 - part) + float(rising[below + 1]) * float(part)
    return rising[below] * (1 - part) + rising[below + 1] * part
