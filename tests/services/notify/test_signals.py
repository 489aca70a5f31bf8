"""Every signal: when it fires, when it does not, and at its limit."""

from __future__ import annotations

from typing import Any

import pytest

from services.notify.domain.alerts import Signal
from services.notify.domain.instants import DAY_MS, NEVER_MS
from services.notify.domain.signals import (
    delivery_problem,
    next_look_ms,
    of_finding,
    of_obligation,
    of_report,
    of_streak,
)
from services.notify.domain.signals_outliers import of_history, of_peers, spread_of
from services.notify.domain.signals_scores import due_instants, dues_at, of_score
from shared.events.report import Finding, ReportedValue, ReportState
from shared.events.score import IndicatorScore, ScoreState
from shared.plan.model import Plan
from tests.services.notify import samples
from tests.services.notify.samples import at, obligation, received, report, score

INDICATORS = (
    ("A", "stock", "ratio", "higher"),
    ("B", "flow", "count", "higher"),
    ("C", "cumulative_ytd", "count", "higher"),
    ("D", "flow", "count", "lower"),
)


def made(signal: str, condition: str | None = None, **parameters: Any) -> Plan:
    """The sample with one rule, and with indicators of every kind of time."""
    base = samples.plan()
    sample = base.indicators()[0]
    plain = sample.model_copy(update={"numerator": None, "denominator": None, "scale": 1.0})
    kinds = {
        code: (sample if type == "ratio" else plain).model_copy(
            update={"code": code, "time": time, "type": type, "direction": direction}
        )
        for code, time, type, direction in INDICATORS
    }
    group = base.groups[0].model_copy(update={"indicators": tuple(kinds.values())})
    rule = base.inspection[0].model_copy(
        update={"code": "R", "signal": signal, "condition": condition, "points": 2, "parameters": parameters}
    )
    evidence = base.validation[0].model_copy(update={"code": "V11", "check": "evidence_required"})
    return base.model_copy(
        update={"inspection": (rule,), "groups": (group,), "validation": (*base.validation, evidence)}
    )


def one(signals: list[Signal]) -> Signal:
    [found] = signals
    return found


# --- obligations ---


def test_a_report_is_overdue_after_its_grace_and_not_at_its_end() -> None:
    state = obligation()
    plan = made("report_overdue")
    assert not one(of_obligation(plan, state, now_ms=state.grace_end_ms)).firing
    late = one(of_obligation(plan, state, now_ms=state.grace_end_ms + 1))
    assert (late.firing, late.subject, late.detail["look_at"]) == (True, state.obligation, [state.obligation])
    came = received(state, state.grace_end_ms + 5, "LATE")
    done = one(of_obligation(plan, came, now_ms=state.grace_end_ms + 6))
    assert (done.firing, done.reason) == (False, "report_received")


def test_a_condition_that_counts_days_is_asked_again_every_day() -> None:
    state = obligation()
    plan = made("report_overdue", "days_overdue >= 2.0")
    start = state.grace_end_ms + 1
    assert next_look_ms(plan, state, now_ms=0) == start
    assert next_look_ms(plan, state, now_ms=start) == start + DAY_MS
    assert next_look_ms(plan, state, now_ms=start + DAY_MS) == start + 2 * DAY_MS
    early = one(of_obligation(plan, state, now_ms=start))
    assert (early.firing, early.reason) == (False, "condition_not_met")
    assert one(of_obligation(plan, state, now_ms=start + 2 * DAY_MS)).firing
    assert next_look_ms(made("report_overdue"), state, now_ms=start) == NEVER_MS


def test_two_in_a_row_are_consecutive_and_one_is_still_owed() -> None:
    plan = made("two_in_a_row")
    q1, q2, q3 = (obligation(period=f"2011-Q{number}") for number in (1, 2, 3))
    now = q2.grace_end_ms + 1
    streak = one(of_streak(plan, [q2, q1, q3], form="QUY", now_ms=now))
    assert (streak.firing, streak.subject, streak.detail["periods"]) == (True, "QUY", ["2011-Q1", "2011-Q2"])
    assert not one(of_streak(plan, [q1, q2], form="QUY", now_ms=q2.grace_end_ms)).firing, "at the limit it is in time"
    late = received(q1, now, "LATE")
    assert one(of_streak(plan, [late, q2], form="QUY", now_ms=now)).firing
    assert one(of_streak(plan, [late, received(q2, now, "LATE")], form="QUY", now_ms=now)).reason == "reports_received"
    assert not one(of_streak(plan, [received(q1, now, "IN_GRACE"), q2], form="QUY", now_ms=now)).firing
    broken = [q1, received(q2, now), q3]
    assert one(of_streak(plan, broken, form="QUY", now_ms=q3.grace_end_ms + 1)).reason == "row_broken"
    waived = q2.model_copy(update={"outcome": "WAIVED"})
    passed = one(of_streak(plan, [q1, waived, q3], form="QUY", now_ms=q3.grace_end_ms + 1))
    assert passed.detail["periods"] == ["2011-Q1", "2011-Q3"], "what is waived is passed over"
    assert not one(of_streak(made("two_in_a_row", at_least=3.0), [q1, q2], form="QUY", now_ms=now)).firing
    assert of_streak(plan, [], form="QUY", now_ms=now) == []


# --- reports ---


def test_a_copied_report_and_its_explanation() -> None:
    assert one(of_report(made("copied_report"), report("CVT", copied=True))).firing
    assert not one(of_report(made("copied_report"), report("CVT"))).firing
    narrowed = made("copied_report", "!explained")
    assert one(of_report(narrowed, report("CVT", copied=True))).firing
    said = report("CVT").model_copy(
        update={"findings": (Finding(code="V10", severity="warning", explanation="a holiday month"),)}
    )
    assert one(of_report(narrowed, said)).reason == "condition_not_met"


@pytest.mark.parametrize(("lacking", "fires"), [((), False), (("A",), False), (("A", "B"), True)])
def test_missing_evidence_counts_points_for_each_indicator(lacking: tuple[str, ...], *, fires: bool) -> None:
    findings = (Finding(code="V11", severity="warning", indicators=lacking),) if lacking else ()
    state = report("CVT").model_copy(update={"findings": findings})
    found = one(of_report(made("evidence_missing", at_least=2.0), state))
    assert (found.firing, found.points, found.detail["indicators"]) == (fires, 2 * len(lacking), list(lacking))


# --- findings and deliveries ---


def test_a_finding_is_overdue_after_its_day_until_it_is_remedied() -> None:
    def ask(now_ms: int, settled: str | None = None, condition: str | None = None) -> Signal:
        return one(
            of_finding(
                made("finding_overdue", condition),
                unit="CVT",
                finding="finding-1",
                severity="major",
                due_at_ms=1000,
                settled=settled,
                revision=1,
                now_ms=now_ms,
            )
        )

    assert [ask(1000).firing, ask(1001).firing, ask(1001, "remedied").reason] == [False, True, "remedied"]
    assert not ask(1001, condition='severity == "critical"').firing


def test_a_delivery_problem_is_an_operations_alert_without_points() -> None:
    found = delivery_problem("P", "CVT", "a…@cvt.example", firing=True, source_revision=1, detail={"status": "550"})
    assert (found.rule, found.signal, found.points, found.subject) == (
        "DELIVERY_PROBLEM",
        "delivery_problem",
        0,
        "a…@cvt.example",
    )


# --- scores ---


def scored(
    unit: str = "CVT", *, values: dict[str, float] | None = None, target: float = 100.0, **more: Any
) -> ScoreState:
    indicators = tuple(
        IndicatorScore(code=code, group="INF", status="observed", value=value, target=target, share=value / 100)
        for code, value in (values or {}).items()
    )
    return score(unit).model_copy(update={"indicators": indicators, "index": 0.5, **more})


@pytest.mark.parametrize(("shares", "fires"), [((0.49, 0.49), True), ((0.49, 0.5), False), ((0.2,), False)])
def test_far_below_target(shares: tuple[float, ...], *, fires: bool) -> None:
    state = score("CVT", shares={f"I{number}": share for number, share in enumerate(shares)})
    assert one(of_score(made("far_below_target", at_least=2.0), state)).firing == fires


@pytest.mark.parametrize(
    ("value", "due", "far"),
    [
        (24.0, 0.5, True),  # a quarter of the target while half of it is due
        (25.0, 0.5, False),
        (10.0, 0.25, True),
        (13.0, 0.25, False),  # on its way, though an eighth of the target
        (13.0, 0.0, False),  # nothing is due yet
        (49.0, 1.0, True),
    ],
)
def test_what_adds_up_is_far_below_the_part_of_its_target_that_is_due(value: float, due: float, *, far: bool) -> None:
    found = one(of_score(made("far_below_target", at_least=1.0), scored(values={"B": value}), dues=lambda _: due))
    assert (found.firing, found.detail["indicators"]) == (far, ["B"] if far else [])


@pytest.mark.parametrize(
    ("layers", "fires", "reason"),
    [
        ({"self": 0.8, "appraised": 0.6, "final": 0.69}, True, "within_limit"),
        ({"self": 0.8, "appraised": 0.6, "final": 0.7}, False, "within_limit"),
        ({"self": 0.6, "appraised": 0.8, "final": 0.71}, True, "within_limit"),
        ({"self": 0.8, "appraised": None, "final": 0.6}, False, "not_appraised"),
        ({}, False, "not_appraised"),
    ],
)
def test_self_and_final_differ_by_more_than_a_tenth(layers: dict[str, Any], *, fires: bool, reason: str) -> None:
    found = one(of_score(made("layers_differ"), scored(layers=layers)))
    assert (found.firing, found.reason) == (fires, reason)


@pytest.mark.parametrize(
    ("band", "before", "provisional", "fires"),
    [
        ("TB", "KHA", False, True),
        ("KHA", "KHA", False, False),
        ("TOT", "KHA", False, False),
        ("TB", "KHA", True, False),
        ("TB", None, False, False),
        (None, "KHA", False, False),
    ],
)
def test_a_band_fell(band: str | None, before: str | None, *, provisional: bool, fires: bool) -> None:
    last = scored(band=before) if before else None
    state = scored(band=band, provisional=provisional)
    assert one(of_score(made("band_fell"), state, last_year=last)).firing == fires
    if provisional:
        assert one(of_score(made("band_fell", provisional=1.0), state, last_year=last)).firing
    assert not one(of_score(made("band_fell", bands=2.0), state, last_year=last)).firing


@pytest.mark.parametrize(("value", "fires"), [(0.0, False), (1.0, False), (2.0, True), (None, False)])
def test_security_incidents_are_counted(value: float | None, *, fires: bool) -> None:
    state = scored(values={} if value is None else {"B": value, "A": 9.0})
    assert one(of_score(made("security_incident", indicators=["B"], at_least=2.0), state)).firing == fires


@pytest.mark.parametrize(
    ("values", "behind"),
    [
        ({"B": 37.4}, ["B"]),  # half of the year is due: 37.5 is at the limit of 0.75
        ({"B": 37.5}, []),
        ({"C": 30.0, "B": 50.0}, ["C"]),
        ({"A": 1.0}, []),  # does not add up over the year
        ({"D": 67.0}, ["D"]),  # lower is better: 0.5 x 100 / 67
        ({"D": 66.6}, []),
    ],
)
def test_pace_at_risk(values: dict[str, float], behind: list[str]) -> None:
    plan = made("pace_at_risk", at_least=1.0)
    found = one(of_score(plan, scored(values=values), dues=lambda _: 0.5))
    assert (found.detail["indicators"], found.firing) == (behind, bool(behind))
    assert not one(of_score(plan, scored(values=values), dues=lambda _: 0.0)).firing, "nothing is due yet"


def test_the_share_of_the_year_that_is_due_comes_from_the_calendar() -> None:
    instants = due_instants(samples.plan(), 2011)
    assert len(instants["quarterly"]) == 4
    assert dues_at(instants, samples.DUE_Q1)("quarterly") == 0.0
    assert dues_at(instants, samples.DUE_Q1 + 1)("quarterly") == 0.25
    assert dues_at(instants, at("2012-06-01 00:00"))("quarterly") == 1.0
    assert dues_at(instants, at("2012-06-01 00:00"))("monthly") == 0.0


# --- outliers ---


def test_the_robust_z_and_its_fallback() -> None:
    assert spread_of([1, 2, 3, 4, 100]).middle == 3
    assert spread_of([1, 2, 3, 4, 100]).width == pytest.approx(1.4826)
    equal = spread_of([5, 5, 5, 5, 9])
    assert equal.width == pytest.approx(1.2533 * 4 / 5)
    assert equal.z(9) == pytest.approx(4 / (1.2533 * 0.8))
    assert spread_of([5, 5, 5]).z(9) is None, "where all are equal there is no measure"


def reported(values: dict[str, float], period: str = "2012-Q1") -> ReportState:
    given = tuple(ReportedValue(indicator=code, value=value) for code, value in values.items())
    return report("CVT", period=period).model_copy(update={"values": given})


@pytest.mark.parametrize(("number", "fires"), [(3 + 3.5 * 1.4826, True), (3 + 3.4 * 1.4826, False), (-3.0, True)])
def test_an_outlier_in_its_own_history(number: float, *, fires: bool) -> None:
    earlier = {f"2011-Q{at}": {"A": float(at), "C": float(at)} for at in (1, 2, 3, 4)} | {"2010-Q4": {"A": 5.0}}
    found = one(of_history(made("outlier_own_history"), reported({"A": number, "C": 1e6}), earlier))
    assert (found.firing, found.subject) == (fires, "obligation-P-QUY-CVT-2012-Q1")
    assert found.detail["indicators"] == (["A"] if fires else []), "running totals are passed over"


def test_a_short_history_says_nothing() -> None:
    earlier = {f"2011-Q{at}": {"A": float(at)} for at in (1, 2, 3)}
    found = one(of_history(made("outlier_own_history"), reported({"A": 1e6}), earlier))
    assert (found.firing, found.reason) == (False, "too_few_periods")
    assert one(of_history(made("outlier_own_history", periods=3.0), reported({"A": 1e6}), earlier)).firing
    other = made("outlier_own_history", periods=3.0, indicators=["B"])
    assert not one(of_history(other, reported({"A": 1e6}), earlier)).firing


def test_outliers_among_peers_stand_within_their_own_group() -> None:
    states = [scored(f"U{number}", values={"A": float(number)}) for number in range(8)]
    odd = scored("ODD", values={"A": 60.0})
    elsewhere = scored("SO1", values={"A": 60.0}, peer_group="SO")
    found = {signal.unit: signal for signal in of_peers(made("outlier_peers"), [*states, odd, elsewhere])}
    assert [unit for unit, signal in found.items() if signal.firing] == ["ODD"]
    assert found["SO1"].reason == "too_few_peers"
    assert found["ODD"].detail["indicators"] == ["A"]
    few = of_peers(made("outlier_peers", units=10.0), [*states, odd])
    assert not any(signal.firing for signal in few)
    assert of_peers(made("report_overdue"), states) == []


# --- conditions ---


def test_a_condition_that_lacks_a_fact_or_an_answer_is_not_met() -> None:
    lacking = made("far_below_target", "index < 0.9", at_least=1.0)
    state = score("CVT", shares={"A": 0.1})
    assert one(of_score(lacking, state)).firing
    unrated = one(of_score(lacking, state.model_copy(update={"index": None})))
    assert (unrated.firing, unrated.reason) == (False, "condition_lacks_a_fact")
    by_group = made("report_overdue", 'peer_group == "CUC" && form == "QUY" && unit != "CBC"')
    assert one(of_obligation(by_group, obligation(), now_ms=NEVER_MS)).firing
    assert not one(of_obligation(by_group, obligation("CBC"), now_ms=NEVER_MS)).firing
