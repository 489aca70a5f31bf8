"""The signals of scores: each a question to the score of one unit in one year, and to what it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from services.notify.domain.alerts import Signal
from services.notify.domain.signals import rules_of, said
from shared.events.score import IndicatorScore, ScoreState
from shared.plan.base import Frequency
from shared.plan.calendar import obligation_instants
from shared.plan.checks import parameters_of
from shared.plan.expression.facts import Fact
from shared.plan.indicators import Indicator
from shared.plan.inspection import InspectionRule
from shared.plan.model import Plan
from shared.plan.periods import Period

NOISE = 1e-9
"""Shares are rounded when they are published: what is equal to a limit but for noise is equal to it."""

PERIODS: Mapping[Frequency, int] = {"monthly": 12, "quarterly": 4, "half_year": 2, "nine_months": 1, "annual": 1}

Dues = Callable[[Frequency], float]
"""Share of the year's periods of a frequency that are past due, in [0, 1]."""


def of_score(
    plan: Plan, state: ScoreState, *, last_year: ScoreState | None = None, dues: Dues | None = None
) -> list[Signal]:
    """Everything that a score says by itself, with the unit's score of the year before and what is due by now."""
    found = [
        *_far_below(plan, state, dues),
        *_layers(plan, state),
        *_band(plan, state, last_year),
        *_incidents(plan, state),
    ]
    return found if dues is None else [*found, *_pace(plan, state, dues)]


def about(
    rule: InspectionRule,
    state: ScoreState,
    *,
    firing: bool,
    reason: str,
    facts: Mapping[str, Fact],
    detail: Mapping[str, Any],
) -> Signal:
    return said(
        rule,
        plan=state.plan,
        unit=state.unit,
        subject=f"{state.year}",
        firing=firing,
        reason=reason,
        revision=state.revision,
        facts={
            "peer_group": state.peer_group,
            "year": float(state.year),
            "provisional": state.provisional,
            **facts,
        },
        detail={"year": state.year, **detail, "look_at": [state.evaluation]},
    )


def _far_below(plan: Plan, state: ScoreState, dues: Dues | None) -> Iterator[Signal]:
    """At least `at_least` observed indicators have a share below `share`.

    What was not reported is not held against the target here; `report_overdue` says that. What adds up over the year
    is held against the part of the target that is due by now: else every unit were far below it in the first quarter.
    """
    indicators = {indicator.code: indicator for indicator in plan.indicators()}
    for rule in rules_of(plan, "far_below_target"):
        given = parameters_of(rule)
        far = sorted(score.code for score in _observed(state) if _share(score, indicators, dues) < given["share"])
        facts: dict[str, Fact] = {
            "indicators": float(len(far)),
            "index": state.index,
            "coverage": state.coverage,
        }
        detail = {"share_below": given["share"], "indicators": far}
        firing = len(far) >= given["at_least"]
        yield about(rule, state, firing=firing, reason="above_limit_again", facts=facts, detail=detail)


def _share(score: IndicatorScore, indicators: Mapping[str, Indicator], dues: Dues | None) -> float:
    """The share of the target that is reached. Of what adds up, until all of the year is due: of the part that is."""
    share, indicator = score.share or 0.0, indicators.get(score.code)
    if dues is None or indicator is None or not accumulates(indicator) or dues(indicator.frequency) >= 1:
        return share
    pace = _pace_of(indicator, score, dues)
    return 1.0 if pace is None else max(share, pace)


def _observed(state: ScoreState) -> list[IndicatorScore]:
    return [score for score in state.indicators if score.status == "observed" and score.share is not None]


def _layers(plan: Plan, state: ScoreState) -> Iterator[Signal]:
    """`layers_differ`: |final - self| is more than `share`; equal is not more. Without an appraisal there is none.

    The final index has the appraised value wherever there is one and the reported one elsewhere, so the difference is
    the part of the applicable points that the appraisal moved.
    """
    own, final = state.layers.get("self"), state.layers.get("final")
    appraised = state.layers.get("appraised") is not None
    known = appraised and own is not None and final is not None
    difference = abs(final - own) if known and final is not None and own is not None else None
    facts: dict[str, Fact] = {"self": own, "final": final, "difference": difference}
    codes = [score.code for score in state.indicators if score.appraised]
    for rule in rules_of(plan, "layers_differ"):
        firing = difference is not None and difference > parameters_of(rule)["share"] + NOISE
        reason = "within_limit" if appraised else "not_appraised"
        detail = {"self": own, "final": final, "difference": difference, "indicators": codes}
        yield about(rule, state, firing=firing, reason=reason, facts=facts, detail=detail)


def _band(plan: Plan, state: ScoreState, before: ScoreState | None) -> Iterator[Signal]:
    """`band_fell`: so many bands lower than last year's. A provisional score says so only where the rule asks."""
    places = {band.code: place for place, band in enumerate(plan.scoring.bands)}
    now, then = places.get(state.band or ""), places.get(before.band or "") if before else None
    fallen = now - then if now is not None and then is not None else None
    facts: dict[str, Fact] = {
        "bands": None if fallen is None else float(fallen),
        "index": state.index,
        "index_before": before.index if before else None,
    }
    detail = {
        "band": state.band,
        "band_before": before.band if before else None,
        "index": state.index,
        "index_before": before.index if before else None,
    }
    for rule in rules_of(plan, "band_fell"):
        given = parameters_of(rule)
        looks = not state.provisional or given["provisional"] > 0
        firing = looks and fallen is not None and fallen >= given["bands"]
        reason = "provisional" if not looks else "nothing_to_compare" if fallen is None else "band_kept"
        yield about(rule, state, firing=firing, reason=reason, facts=facts, detail=detail)


def _incidents(plan: Plan, state: ScoreState) -> Iterator[Signal]:
    """`security_incident`: the annual values of the named indicators come to `at_least`."""
    for rule in rules_of(plan, "security_incident"):
        given = parameters_of(rule)
        values = {
            score.code: score.value
            for score in state.indicators
            if score.code in given["indicators"] and score.value is not None
        }
        total = sum(values.values())
        detail = {"indicators": sorted(values), "incidents": total}
        firing = bool(values) and total >= given["at_least"]
        facts: dict[str, Fact] = {"incidents": float(total)}
        yield about(rule, state, firing=firing, reason="no_incident", facts=facts, detail=detail)


def _pace(plan: Plan, state: ScoreState, dues: Dues) -> Iterator[Signal]:
    """`pace_at_risk`: so many indicators that add up over the year are below the pace.

    pace = (value / target) / share of the year's periods past due; lower is better: share x target / value. At the
    limit an indicator is not at risk. What has no target, or of which nothing is due yet, has no pace.
    """
    indicators = {indicator.code: indicator for indicator in plan.indicators()}
    paces = {
        score.code: pace
        for score in _observed(state)
        if score.code in indicators and (pace := _pace_of(indicators[score.code], score, dues)) is not None
    }
    for rule in rules_of(plan, "pace_at_risk"):
        given = parameters_of(rule)
        behind = {code: round(pace, 4) for code, pace in sorted(paces.items()) if pace < given["pace"] - NOISE}
        least = min(paces.values(), default=None)
        facts: dict[str, Fact] = {"indicators": float(len(behind)), "pace": least}
        detail = {"indicators": list(behind), "paces": list(behind.values()), "pace_below": given["pace"]}
        firing = bool(behind) and len(behind) >= given["at_least"]
        yield about(rule, state, firing=firing, reason="on_pace", facts=facts, detail=detail)


def _pace_of(indicator: Indicator, score: IndicatorScore, dues: Dues) -> float | None:
    if not accumulates(indicator) or score.value is None or not score.target or score.target <= 0:
        return None
    expected = dues(indicator.frequency)
    if expected <= 0:
        return None
    if indicator.direction == "lower" or indicator.method.kind == "lower_is_better":
        return expected * score.target / score.value if score.value > 0 else None
    return score.value / (score.target * expected)


def accumulates(indicator: Indicator) -> bool:
    """Whether a part of the year means a part of the target: amounts that are summed, or reported as running totals."""
    adds = indicator.type in ("count", "money", "number") and indicator.time in ("flow", "cumulative_ytd")
    return adds and not indicator.is_quotient and indicator.direction != "none"


def due_instants(plan: Plan, year: int) -> dict[Frequency, tuple[int, ...]]:
    """Frequency -> the due instants of the year's periods, in the plan's zone, of the first form that has it."""
    found: dict[Frequency, tuple[int, ...]] = {}
    for form in plan.forms:
        if form.frequency not in found:
            periods = (Period(year, form.frequency, number) for number in range(1, PERIODS[form.frequency] + 1))
            found[form.frequency] = tuple(
                obligation_instants(plan, form, period, plan.time_zone).due_at_ms for period in periods
            )
    return found


def dues_at(instants: Mapping[Frequency, tuple[int, ...]], at_ms: int) -> Dues:
    """The share of a frequency's periods whose due instant has passed."""

    def share(frequency: Frequency) -> float:
        dues = instants.get(frequency, ())
        return sum(due_ms < at_ms for due_ms in dues) / len(dues) if dues else 0.0

    return share
