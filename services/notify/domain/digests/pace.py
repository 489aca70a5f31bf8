"""Targets off pace: what was reached, held against the part of the year that is past due.

The same measure as scoring offers (PRODUCT 6), computed here from the scores and the ledger that notify follows,
because the announced scores carry value and target but not the pace. For what accumulates over the year
pace = (value / target) / (periods past due / periods of the year); what does not accumulate is held against its whole
target; where lower is better, pace = expected * target / value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from services.notify.domain.digests.standing import Standing
from shared.events.base import Names
from shared.events.obligation import ObligationState
from shared.events.score import IndicatorScore, ScoreState
from shared.plan.indicators import Indicator
from shared.plan.model import Plan

ON_TRACK, LAGGING = 0.95, 0.75
NOISE = 1e-9
PERIODS = {"monthly": 12, "quarterly": 4, "half_year": 2, "nine_months": 1, "annual": 1}


@dataclass(frozen=True, slots=True)
class PaceLine:
    """One indicator with a target: how many units are on track, lagging, at risk.

    `basis` is the plan's note on where the target comes from; `more_off`: units off pace more than at the last digest,
    None when it was not known then. `median_ratio`: the middle unit's pace.
    """

    indicator: str
    names: Names
    measure: str
    target: float | None
    basis: str
    on_track: int
    lagging: int
    at_risk: int
    median_ratio: float
    more_off: int | None
    is_yes_no: bool = False

    @property
    def off(self) -> int:
        return self.lagging + self.at_risk

    @property
    def units(self) -> int:
        return self.on_track + self.off

    @property
    def proposed(self) -> bool:
        """Whether the plan's note says that the target, or its path, is proposed and not sourced."""
        return "proposed" in self.basis.lower()


def accumulates(indicator: Indicator) -> bool:
    """Whether a part of the year means a part of the target: sums of flows and running totals, not quotients."""
    if indicator.is_quotient:
        return False
    if indicator.time == "cumulative_ytd":
        return indicator.type in ("count", "money", "number")
    return indicator.time == "flow" and indicator.type in ("count", "money", "number")


def pace_ratio(indicator: Indicator, score: IndicatorScore, due: int) -> float | None:
    """Reached over expected by now; None without an observed value, a target above 0, or a period past due."""
    if score.status != "observed" or score.value is None or not score.target or score.target <= 0 or due <= 0:
        return None
    if indicator.direction == "none":
        return None
    expected = min(due / PERIODS[indicator.frequency], 1.0) if accumulates(indicator) else 1.0
    if indicator.direction == "lower" or indicator.method.kind == "lower_is_better":
        return expected * score.target / score.value if score.value > 0 else float("inf")
    return score.value / (score.target * expected)


def pace_lines(
    plan: Plan, scores: Sequence[ScoreState], closed: Sequence[ObligationState], before: Standing, year: int
) -> list[PaceLine]:
    """Indicators that at least one unit is off pace for, those with most units at risk first."""
    due = Counter((state.unit, state.form) for state in closed)
    indicators = {indicator.code: indicator for indicator in plan.indicators()}
    forms = {group.code: _forms(plan, group.code) for group in plan.peer_groups}
    ratios: dict[str, list[float]] = {}
    for score in scores:
        asked = forms.get(score.peer_group, {})
        for one in score.indicators:
            indicator = indicators.get(one.code)
            if indicator is None or one.code not in asked:
                continue
            ratio = pace_ratio(indicator, one, due[score.unit, asked[one.code]])
            if ratio is not None:
                ratios.setdefault(one.code, []).append(ratio)
    lines = [_line(indicators[code], held, before, year) for code, held in ratios.items()]
    off = [line for line in lines if line.off]
    return sorted(off, key=lambda line: (-line.at_risk, -line.lagging, line.indicator))


def _forms(plan: Plan, peer_group: str) -> Mapping[str, str]:
    """Indicator -> the form that asks a unit of the peer group for it."""
    found: dict[str, str] = {}
    for form in plan.forms:
        if form.applies(peer_group):
            for indicator in plan.form_indicators(form, peer_group):
                found.setdefault(indicator.code, form.code)
    return found


def _line(indicator: Indicator, ratios: Sequence[float], before: Standing, year: int) -> PaceLine:
    on_track = sum(ratio >= ON_TRACK - NOISE for ratio in ratios)
    at_risk = sum(ratio < LAGGING - NOISE for ratio in ratios)
    off = len(ratios) - on_track
    earlier = before.off_pace.get(indicator.code, 0 if before.off_pace else None)
    return PaceLine(
        indicator=indicator.code,
        names=indicator.names,
        measure=indicator.measure,
        target=indicator.target(year),
        basis=indicator.target_basis,
        on_track=on_track,
        lagging=off - at_risk,
        at_risk=at_risk,
        median_ratio=median(ratios),
        more_off=None if earlier is None else off - earlier,
        is_yes_no=indicator.type == "boolean",
    )
