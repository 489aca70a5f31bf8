"""Methods of the slow evaluation, one cell at a time, in exact fractions.

Written from the product's text, not from the engine. Logarithms and square roots are floats.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction as F
from itertools import pairwise
from typing import Any

from shared.plan.model import Indicator, Plan
from tests.services.scoring.oracle_values import (
    REPORTED,
    Cell,
    Value,
    annual,
    imputed,
    peers_of,
    percentile,
    policy_of,
    shrunk,
)

__all__ = ["Cell", "History", "Number", "Posts", "Scored", "scored"]

Number = F | float
Scored = dict[str, tuple[str, Number | None]]
"""Unit -> (status, share). `too_few` is the suppressed quotient that leaves numerator and denominator, and so does a
missing value whose indicator is left out for everybody compared."""
History = Mapping[str, Mapping[str, Mapping[int, float]]]
"""Indicator -> unit -> year -> final value."""
Posts = Mapping[str, Mapping[str, Mapping[str, float]]]

MISSING = {"not_reported", "suppressed", "invalid"}
EXCLUDED = ("excluded", None)
LEFT_OUT = "left out: "


def shown(status: str) -> str:
    """The status as it is shown."""
    return status.removeprefix(LEFT_OUT).replace("too_few", "suppressed")


@dataclass(frozen=True)
class Sheet:
    """One indicator with everything that is known about it."""

    one: Indicator
    year: int
    units: Mapping[str, str]
    values: Mapping[str, Value]
    frozen: Mapping[str, Mapping[str, float]]

    def group(self, unit: str, within: str) -> str:
        return "" if within == "all" else self.units[unit]

    def reported(self, unit: str, within: str) -> list[F]:
        """What was reported by those that the unit is compared with, in rising order."""
        mine = self.group(unit, within)
        return sorted(
            cell.value
            for other, cell in self.values.items()
            if cell.status in REPORTED and cell.value is not None and self.group(other, within) == mine
        )


def scored(
    plan: Plan,
    one: Indicator,
    year: int,
    units: Mapping[str, str],
    cells: Mapping[str, Cell],
    *,
    history: History | None = None,
    posts: Posts | None = None,
) -> Scored:
    """One indicator for every unit (unit -> peer group)."""
    policy = policy_of(plan, one)
    frozen = (posts or {}).get(one.code, {})
    values = {unit: annual(one, cells[unit], group) for unit, group in units.items()}
    values = shrunk(one, values, frozen)
    earlier = (history or {}).get(one.code, {})
    values = {
        unit: imputed(plan, one, year, cell, peers_of(unit, units, values), earlier.get(unit, {}))
        if cell.status in MISSING
        else cell
        for unit, cell in values.items()
    }
    sheet = Sheet(one, year, units, values, frozen)
    found = {unit: share(sheet, unit) for unit in units}
    if policy != "floor" or one.method.kind == "informational":
        return found
    shares = sorted(s for status, s in found.values() if status in REPORTED and s is not None)
    return {
        unit: ("imputed", percentile(shares, plan.scoring.floor_percentile))
        if status in MISSING and shares
        else (status, s)
        for unit, (status, s) in found.items()
    }


def clip(value: Any, top: Any = F(1)) -> Any:
    return max(F(0), min(top, value))


def share(sheet: Sheet, unit: str) -> tuple[str, Number | None]:
    """Statuses first: what has no value has no share, except that a left-out indicator is left out for it too."""
    one, cell = sheet.one, sheet.values[unit]
    if cell.status not in {*REPORTED, "imputed", "carried"}:
        if (
            cell.status in {*MISSING, "too_few"}
            and one.method.kind != "informational"
            and judged(sheet, unit, None) == EXCLUDED
        ):
            return LEFT_OUT + shown(cell.status), None
        return cell.status, None
    if one.method.kind == "informational":
        return "informational", None
    return judged(sheet, unit, cell)


def judged(sheet: Sheet, unit: str, cell: Value | None) -> tuple[str, Number | None]:
    """The answer of the method; for a cell without a value only whether it is left out."""
    one = sheet.one
    kind = one.method.kind
    if kind in ("linear_to_target", "lower_is_better", "target"):
        return against_target(sheet, unit, cell)
    if kind in ("percentile", "borda"):
        return placed(sheet, unit, cell)
    if kind in ("share_of_peer_max", "zscore_minmax", "minmax", "zscore"):
        return against_others(sheet, unit, cell)
    if cell is None or cell.value is None:
        return "not_reported", None
    return fixed(one, cell, cell.value)


def fixed(  # noqa: PLR0911, PLR0912 - one branch per method, so that it can be read against the text
    one: Indicator, cell: Value, value: F
) -> tuple[str, Number | None]:
    method, lower = one.method, one.direction == "lower"
    result: Number
    if method.kind == "steps":
        if lower:
            reached = [step.share for step in method.steps if value <= F(step.at_least)]
            return cell.status, F(reached[0]) if reached else F(method.below)
        reached = [step.share for step in method.steps if value >= F(step.at_least)]
        return cell.status, F(reached[-1]) if reached else F(method.below)
    if method.kind == "level_map":
        named = {level.level: level.share for level in method.levels}
        return (cell.status, F(named[int(value)])) if value in named else ("invalid", None)
    if method.kind == "piecewise":
        return cell.status, through([(F(k.value), F(k.share)) for k in method.knots], value)
    if method.kind == "optimum":
        ends = (method.low, 0), (method.first, 1), (method.last, 1), (method.high, 0)
        return cell.status, through([(F(v), F(s)) for v, s in ends], value)
    if method.kind == "boolean":
        if value not in (0, 1):
            return "invalid", None
        result = value
    elif method.kind == "official_ratio":
        result = clip(value / F(one.scale))
        if cell.numerator is not None and cell.denominator is not None and one.shrink_by == 0:
            result = clip(cell.numerator / cell.denominator)
    else:
        assert method.kind == "min_max_goalposts"
        low, high = method.low, method.high
        if method.log and value <= 0:
            return cell.status, F(0)
        if method.log:
            result = max(0.0, min(1.0, (math.log(value) - math.log(low)) / (math.log(high) - math.log(low))))
        else:
            result = clip((value - F(low)) / (F(high) - F(low)))
    return cell.status, 1 - result if lower else result


def through(knots: list[tuple[F, F]], value: F) -> F:
    if value <= knots[0][0]:
        return knots[0][1]
    for (a, s), (b, t) in pairwise(knots):
        if a <= value <= b and a < b:
            return s + (t - s) * (value - a) / (b - a)
    return knots[-1][1]


def against_target(  # noqa: PLR0911
    sheet: Sheet, unit: str, cell: Value | None
) -> tuple[str, Number | None]:
    one, method = sheet.one, sheet.one.method
    own, lower = one.target(sheet.year, unit), one.direction == "lower"
    if own is None:
        return EXCLUDED
    target = F(own)
    if method.kind == "linear_to_target" and target == 0 and method.zero_target == "exclude":
        return EXCLUDED
    if method.kind == "target":
        start = F(method.worst if lower and method.worst is not None else method.baseline)
        if target == start or (target > start) == lower:
            return EXCLUDED
        if cell is not None and cell.value is not None:
            return cell.status, clip((cell.value - start) / (target - start), F(method.cap))
    if cell is None or cell.value is None:
        return "not_reported", None
    value = cell.value
    if method.kind == "lower_is_better":
        worst = F(method.worst)
        return cell.status, F(1) if value <= target else F(0) if value >= worst else (worst - value) / (worst - target)
    assert method.kind == "linear_to_target"
    if target == 0:
        return cell.status, F(1) if method.zero_target == "full" else F(0)
    if lower:
        return cell.status, F(method.cap) if value <= 0 else clip(target / value, F(method.cap))
    return cell.status, clip(value / target, F(method.cap))


def without_range(sheet: Sheet, cell: Value | None) -> tuple[str, Number | None]:
    policy = getattr(sheet.one.method, "zero_range", "exclude")
    if policy == "exclude":
        return EXCLUDED
    if cell is None:
        return "not_reported", None
    return cell.status, F(1, 2) if policy == "neutral" else F(1)


def placed(sheet: Sheet, unit: str, cell: Value | None) -> tuple[str, Number | None]:
    """Pairs compared one by one; a value that was not reported is one more among those that were."""
    method, lower = sheet.one.method, sheet.one.direction == "lower"
    assert method.kind in ("percentile", "borda")
    others = sheet.reported(unit, method.within)
    middle = method.kind == "percentile" and method.tie == "middle"
    if len(others) < 2 or (not middle and others[0] == others[-1]):
        return without_range(sheet, cell)
    if cell is None or cell.value is None:
        return "not_reported", None
    value = cell.value
    everyone = others if cell.status in REPORTED else [*others, value]
    worse = sum(v > value if lower else v < value for v in everyone)
    equal = sum(v == value for v in everyone)
    gained = worse + F(equal - 1, 2) if middle else F(worse)
    return cell.status, gained / (len(everyone) - 1)


def against_others(  # noqa: PLR0911
    sheet: Sheet, unit: str, cell: Value | None
) -> tuple[str, Number | None]:
    method = sheet.one.method
    within = {"share_of_peer_max": "peer_group", "zscore_minmax": "all"}.get(method.kind, getattr(method, "within", ""))
    others = sheet.reported(unit, within)
    held = sheet.frozen.get(sheet.group(unit, within), {}) if getattr(method, "posts", "") == "frozen" else {}
    value = None if cell is None else cell.value
    result: Number
    if method.kind == "zscore":
        found = (F(held["mean"]), held["sd"]) if "mean" in held else deviation(others, method.ddof)
        if found is None or not found[1] > 0:
            return without_range(sheet, cell)
        if cell is None or value is None:
            return "not_reported", None
        result = max(0.0, min(1.0, 0.5 + 0.1 * float(value - found[0]) / found[1]))
    elif method.kind == "share_of_peer_max":
        best = F(held["peer_max"]) if "peer_max" in held else max(others, default=F(0))
        if best <= 0:
            return without_range(sheet, cell)
        if cell is None or value is None:
            return "not_reported", None
        result = clip(value / best)
    else:
        low, high, bend = ends(sheet, others, held)
        if low is None or high is None or low >= high:
            return without_range(sheet, cell)
        if cell is None or value is None:
            return "not_reported", None
        result = clip((value - low) / (high - low))
        if bend > 0:
            result = math.log1p(100 * float(result)) / math.log(101)
        elif bend < 0:
            result = 1 - math.log1p(100 * float(1 - result)) / math.log(101)
    assert cell is not None
    return cell.status, 1 - result if sheet.one.direction == "lower" else result


def deviation(values: list[F], ddof: int) -> tuple[F, float] | None:
    if len(values) < 2 or values[0] == values[-1]:
        return None
    mean = sum(values, F(0)) / len(values)
    return mean, math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - ddof))


def ends(sheet: Sheet, others: list[F], held: Mapping[str, float]) -> tuple[F | None, F | None, float]:
    """(low, high, bend) of a range."""
    method = sheet.one.method
    if method.kind == "minmax" and "low" in held and "high" in held:
        return F(held["low"]), F(held["high"]), held.get("bend", 0.0)
    if method.kind == "zscore_minmax" and "cohort_min" in held:
        return F(held["cohort_min"]), F(held["cohort_max"]), 0.0
    if not others:
        return None, None, 0.0
    if method.kind == "minmax" and method.robust:
        return percentile(others, 5), percentile(others, 95), 0.0
    if method.kind == "minmax" and method.outliers == "treat":
        return treated(others)
    return others[0], others[-1], 0.0


def treated(values: list[F]) -> tuple[F, F, float]:
    """Winsorised one point after the other, each time measured anew; logged where that does not do."""
    n = len(values)
    if n < 4 or values[0] == values[-1]:
        return values[0], values[-1], 0.0
    logged = values[0], values[-1], 1.0 if shape(values)[0] >= 0 else -1.0
    below = above = 0
    while True:
        low, high = values[below], values[n - 1 - above]
        if low == high:
            return logged
        skewness, kurtosis = shape([max(low, min(high, v)) for v in values])
        if abs(skewness) < 2 or kurtosis < 3.5:
            return low, high, 0.0
        if below + above == min(max(5, n // 100), (n - 1) // 2):
            return logged
        below, above = (below, above + 1) if skewness >= 0 else (below + 1, above)


def shape(row: list[F]) -> tuple[float, float]:
    """(G1, G2), as spreadsheets have them."""
    n = len(row)
    mean = sum(row, F(0)) / n
    m2, m3, m4 = (sum((v - mean) ** p for v in row) / n for p in (2, 3, 4))
    skewness = math.sqrt(n * (n - 1)) / (n - 2) * float(m3) / float(m2) ** 1.5
    kurtosis = ((n + 1) * float(m4 / m2**2 - 3) + 6) * (n - 1) / ((n - 2) * (n - 3))
    return skewness, kurtosis
