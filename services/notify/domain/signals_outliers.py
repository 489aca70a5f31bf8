"""Outliers: numbers that are far from the unit's own earlier ones, or from those of its peers.

Robust z of x among values v, m being their median: |x - m| / (1.4826 MAD), MAD = median of |v - m|; 1.4826 makes it the
standard deviation of normal values. Where more than half are equal MAD is 0 and the mean distance takes its place:
|x - m| / (1.2533 mean |v - m|) (Iglewicz and Hoaglin 1993). Where all are equal there is no measure: no z.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from services.notify.domain.alerts import Signal
from services.notify.domain.signals import rules_of, said
from services.notify.domain.signals_scores import about
from shared.events.report import ReportState
from shared.events.score import ScoreState
from shared.plan.checks import parameters_of
from shared.plan.expression.facts import Fact
from shared.plan.inspection import InspectionRule
from shared.plan.model import Plan

MAD_SCALE, MEAN_SCALE = 1.4826, 1.2533
Z_SHOWN_MAX = 1000.0
PERIODS_KEPT = 40
"""Earlier periods of a form that are kept: ten years of quarters."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of some values and how wide they are, in standard deviations of normal values."""

    middle: float
    width: float

    def z(self, value: float) -> float | None:
        return abs(value - self.middle) / self.width if self.width > 0 else None


def spread_of(values: Sequence[float]) -> Spread:
    """ValueError for no values."""
    middle = median(values)
    distances = [abs(value - middle) for value in values]
    return Spread(middle, MAD_SCALE * median(distances) or MEAN_SCALE * fmean(distances))


def numbers_of(report: ReportState) -> dict[str, float]:
    """The number of each reported indicator: numerator over denominator, or the value."""
    found: dict[str, float] = {}
    for value in report.values:
        if value.status != "reported":
            continue
        if value.denominator:
            found[value.indicator] = (value.numerator or 0.0) / value.denominator
        elif value.value is not None:
            found[value.indicator] = value.value
    return found


def of_history(
    plan: Plan, report: ReportState, earlier: Mapping[str, Mapping[str, float]], *, peer_group: str = ""
) -> list[Signal]:
    """`outlier_own_history`: the report's numbers among those of earlier periods (period -> indicator -> number).

    Running totals are passed over: they differ from period to period by their nature.
    """
    totals = frozenset(indicator.code for indicator in plan.indicators() if indicator.time == "cumulative_ytd")
    return [_own(rule, report, earlier, totals, peer_group) for rule in rules_of(plan, "outlier_own_history")]


def _own(
    rule: InspectionRule,
    report: ReportState,
    earlier: Mapping[str, Mapping[str, float]],
    passed_over: frozenset[str],
    peer_group: str,
) -> Signal:
    given = parameters_of(rule)
    zs: dict[str, float] = {}
    for code, number in numbers_of(report).items():
        past = [numbers[code] for numbers in earlier.values() if code in numbers]
        if code in passed_over or len(past) < given["periods"] or code not in (given["indicators"] or (code,)):
            continue
        z = spread_of(past).z(number)
        if z is not None:
            zs[code] = min(z, Z_SHOWN_MAX)
    out = _out(zs, given["z"])
    facts: dict[str, Fact] = {
        "peer_group": peer_group,
        "form": report.form,
        "period": report.period,
        "indicators": float(len(out)),
        "z": max(zs.values(), default=None),
    }
    detail = {
        "form": report.form,
        "period": report.period,
        "indicators": list(out),
        "z": list(out.values()),
        "z_limit": given["z"],
    }
    return said(
        rule,
        plan=report.plan,
        unit=report.unit,
        subject=report.obligation,
        firing=bool(out) and len(out) >= given["at_least"],
        reason="within_own_history" if zs else "too_few_periods",
        revision=report.revision,
        facts=facts,
        detail={**detail, "look_at": [report.report]},
    )


def of_peers(plan: Plan, states: Iterable[ScoreState]) -> list[Signal]:
    """`outlier_peers`: annual values of one year's scores within each peer group."""
    rules = list(rules_of(plan, "outlier_peers"))
    by_group: dict[str, list[ScoreState]] = {}
    for state in states if rules else ():
        by_group.setdefault(state.peer_group, []).append(state)
    found: list[Signal] = []
    for group in by_group.values():
        values = {state.unit: _values(state) for state in group}
        columns: dict[str, list[float]] = {}
        for own in values.values():
            for code, value in own.items():
                columns.setdefault(code, []).append(value)
        spreads = {code: (len(column), spread_of(column)) for code, column in columns.items()}
        found += [_among_peers(rule, state, values[state.unit], spreads) for rule in rules for state in group]
    return found


def _values(state: ScoreState) -> dict[str, float]:
    return {
        score.code: score.value for score in state.indicators if score.status == "observed" and score.value is not None
    }


def _among_peers(
    rule: InspectionRule, state: ScoreState, values: Mapping[str, float], spreads: Mapping[str, tuple[int, Spread]]
) -> Signal:
    given = parameters_of(rule)
    zs: dict[str, float] = {}
    for code, value in values.items():
        units, spread = spreads[code]
        z = spread.z(value)
        if units >= given["units"] and z is not None and code in (given["indicators"] or (code,)):
            zs[code] = min(z, Z_SHOWN_MAX)
    out = _out(zs, given["z"])
    facts: dict[str, Fact] = {"indicators": float(len(out)), "z": max(zs.values(), default=None)}
    detail = {"indicators": list(out), "z": list(out.values()), "z_limit": given["z"], "peer_group": state.peer_group}
    reason = "within_peers" if zs else "too_few_peers"
    firing = bool(out) and len(out) >= given["at_least"]
    return about(rule, state, firing=firing, reason=reason, facts=facts, detail=detail)


def _out(zs: Mapping[str, float], limit: float) -> dict[str, float]:
    """Those at the limit or beyond, rounded as they are shown."""
    return {code: round(z, 2) for code, z in sorted(zs.items()) if z >= limit}
