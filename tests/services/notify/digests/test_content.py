"""What a digest tells, against states made by hand and counts made without it."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

import pytest

from services.notify.domain.digests.letter import Moment, standing_of
from services.notify.domain.digests.material import DueStep, Silenced, ledger_at
from services.notify.domain.digests.pace import pace_ratio
from services.notify.domain.digests.standing import TREND_POINTS_MAX, Standing, with_point
from services.notify.domain.instants import DAY_MS
from shared.events.base import Names
from shared.events.score import IndicatorScore
from tests.services.notify.digests.hand_made import (
    MOMENT,
    WINDOW_FROM,
    alert,
    codes,
    counting_plan,
    ledger,
    letter,
    material,
    promised,
    scored,
    scores,
)
from tests.services.notify.samples import at, obligation, received

HOUR_MS = 3_600_000


def standing(**changes: object) -> Standing:
    moment = Moment(2011, WINDOW_FROM - 7 * DAY_MS, WINDOW_FROM, WINDOW_FROM)
    made = standing_of(counting_plan(), material(), Standing(), moment)
    return replace(made, **changes)  # type: ignore[arg-type]


def test_rates_are_those_counted_by_hand() -> None:
    told = letter()
    lateness = [max(0, state.first_valid_at_ms - state.due_at_ms) for state in ledger() if state.first_valid_at_ms]
    assert (told.total.expected, told.total.received, told.total.on_time) == (4, 3, 1)
    assert (told.total.in_grace, told.total.late, told.total.missing) == (1, 1, 1)
    assert told.total.median_lateness_ms == median(lateness) == 2 * HOUR_MS
    [period] = told.periods
    assert (period.period, period.rates, period.more) == ("2011-Q1", told.total, None)


def test_what_is_waived_is_not_expected_and_other_years_do_not_count() -> None:
    waived = obligation("CTS").model_copy(update={"outcome": "WAIVED"})
    earlier = obligation("CTS", period="2011-Q2").model_copy(update={"year": 2010, "due_at_ms": 1})
    told = letter(material(obligations=[*ledger()[:3], waived, earlier]))
    assert (told.total.expected, told.total.received) == (3, 3)


def test_a_report_that_arrived_after_the_moment_is_taken_back() -> None:
    """CXB reported three days after the due instant; a day after it the digest does not know of that yet."""
    early = letter(material(obligations=ledger_at(ledger(), at("2011-03-18 08:00"))), moment_ms=at("2011-03-18 08:00"))
    assert (early.total.received, early.total.missing) == (2, 2)
    assert codes(early.overdue.rows) == ["CTS", "CXB"]
    assert [state.outcome for state in ledger_at(ledger(), MOMENT)] == [state.outcome for state in ledger()]


def test_movement_is_against_the_standing_that_the_last_digest_left() -> None:
    before = standing(
        ranks={"CVT": 3, "CBC": 1, "CXB": 2},
        bands={"CVT": "KHA", "CBC": "TOT", "CXB": "KHA"},
        mean_index=0.75,
        received={"QUY 2011-Q1": 1},
        on_time_share=0.5,
        off_pace={"INF-01": 1},
        alerts_open=4,
    )
    told = letter(material(alerts=[alert("CVT", "R1"), alert("CBC", "R3", opened="2011-03-01 09:00")]), before)
    [group] = told.groups
    assert [(line.unit, line.rank, line.moved) for line in group.top] == [("CVT", 1, 2), ("CBC", 2, -1), ("CXB", 3, -1)]
    assert [line.unit for line in group.movers] == ["CVT", "CBC", "CXB"]
    assert (group.bands_up, group.bands_down) == (1, 1)
    assert told.periods[0].more == 3 - 1
    assert (told.mean_before, told.on_time_before) == (0.75, 0.5)
    assert (told.alerts.open, told.alerts.opened, told.alerts.settled) == (2, 1, 4 + 1 - 2)
    assert {line.indicator: line.more_off for line in told.pace.rows} == {"INF-01": 2 - 1, "INF-02": 2 - 0}


def test_a_digest_of_another_year_compares_with_nothing() -> None:
    told = letter(before=standing(year=2010, alerts_open=0))
    assert (told.mean_before, told.on_time_before, told.periods[0].more) == (None, None, None)
    assert [line.moved for line in told.groups[0].top] == [None, None, None]
    assert not told.compared
    assert len(told.trend) == 1


def test_ranks_that_are_kept_back_are_said_to_be() -> None:
    hidden = [score.model_copy(update={"rank": None, "rank_shown": False}) for score in scores()]
    [group] = letter(material(scores=hidden)).groups
    assert group.hidden
    assert group.top == ()
    assert not letter().groups[0].hidden
    assert letter().provisional


def test_long_rankings_show_top_and_bottom() -> None:
    many = [scored(f"U{place}", 1 - place / 100, place) for place in range(1, 11)]
    [group] = letter(material(scores=many)).groups
    assert [line.rank for line in group.top] == [1, 2, 3]
    assert [line.rank for line in group.bottom] == [8, 9, 10]


def test_targets_off_pace_are_those_computed_by_hand() -> None:
    """One of four quarters is due. INF-01 is a stock of 85: 85/85, 70/85, 40/85. INF-02 sums to 40: 10, 8, 1 of 10."""
    by_code = {line.indicator: line for line in letter().pace.rows}
    first, second = by_code["INF-01"], by_code["INF-02"]
    assert (first.on_track, first.lagging, first.at_risk) == (1, 1, 1)
    assert first.median_ratio == pytest.approx(70 / 85)
    assert (second.on_track, second.lagging, second.at_risk) == (1, 1, 1)
    assert second.median_ratio == pytest.approx(0.8)
    assert (first.proposed, second.proposed) == (True, False)


def test_a_unit_without_a_period_past_due_has_no_pace() -> None:
    quotient, count = counting_plan().indicators()
    observed = IndicatorScore(code="X", group="INF", status="observed", value=10.0, target=40.0)
    assert pace_ratio(count, observed, 0) is None
    assert pace_ratio(count, observed, 1) == 1.0
    assert pace_ratio(count, observed, 4) == 0.25
    assert pace_ratio(quotient, observed, 1) == 0.25
    assert pace_ratio(count, observed.model_copy(update={"status": "not_reported"}), 1) is None
    assert pace_ratio(count, observed.model_copy(update={"target": None}), 1) is None
    lower = count.model_copy(update={"direction": "lower"})
    assert pace_ratio(lower, observed, 4) == 4.0
    assert pace_ratio(lower, observed.model_copy(update={"value": 0.0}), 4) == float("inf")


def test_promises_lead_with_the_missed_and_the_promised_day_is_in_time() -> None:
    held = [
        promised(alert("CVT", "R1"), "2011-03-21"),
        promised(alert("CBC", "R3"), "2011-03-20"),
        alert("CXB", "R7"),
    ]
    told = letter(material(alerts=held))
    assert [(line.unit, line.days, line.missed) for line in told.promises.rows] == [
        ("CBC", -1, True),
        ("CVT", 0, False),
    ]
    assert told.promises_missed == 1
    assert codes(told.alert_units.rows) == ["CBC", "CVT", "CXB"]


def test_silences_and_inspections_come_by_their_limits() -> None:
    rule = Names(vi="Quá hạn", en="Overdue")
    silenced = [Silenced("CBC", rule, "Lê", "moving", None), Silenced("CVT", rule, "Lê", "moving", MOMENT + DAY_MS)]
    steps = [DueStep("i-1", "CVT", "visit", MOMENT + 3 * DAY_MS), DueStep("i-2", "CBC", "conclusion", MOMENT - 1)]
    told = letter(material(silenced=silenced, steps=steps))
    assert codes(told.silenced.rows) == ["CVT", "CBC"]
    assert [(line.unit, line.days) for line in told.steps.rows] == [("CBC", -1), ("CVT", 3)]
    assert told.steps_late == 1


def test_all_clear_needs_nothing_overdue_open_off_pace_silenced_due_or_undelivered() -> None:
    done = [received(obligation(code), 1) for code in ("CVT", "CBC")]
    clear = material(obligations=done, scores=[])
    assert letter(clear).all_clear
    rule = Names(vi="Quá hạn", en="Overdue")
    for trouble in (
        {"alerts": [alert("CVT", "R1")]},
        {"obligations": [*done, obligation("CXB")]},
        {"scores": scores()},
        {"silenced": [Silenced("CVT", rule, "Lê", "moving", None)]},
        {"steps": [DueStep("i", "CVT", "visit", MOMENT)]},
    ):
        assert not letter(material(**({"obligations": done, "scores": []} | trouble))).all_clear


def test_a_look_back_leaves_out_alerts_that_opened_later() -> None:
    held = material(alerts=[alert("CVT", "R1"), alert("CBC", "R3", opened="2011-04-01 09:00")])
    assert letter(held, run=None, looks_back=True).alerts.open == 1
    assert letter(held).alerts.open == 2


def test_lists_are_bounded_and_the_rest_is_counted() -> None:
    many = [obligation(f"U{number}") for number in range(30)]
    told = letter(material(obligations=many, scores=[]))
    assert (len(told.overdue.rows), told.overdue.total) == (5, 30)
    assert len(letter(material(obligations=many), audience="operations").overdue.rows) == 8


def test_the_trend_keeps_its_newest_points() -> None:
    held = Standing()
    for moment in range(40):
        held = with_point(held, moment, {"CUC": 0.5})
    assert [point.moment_ms for point in held.points()] == list(range(40 - TREND_POINTS_MAX, 40))
    assert with_point(held, 39, {"CUC": 0.7}).points()[-1].means == {"CUC": 0.7}
    assert len(with_point(held, 39, {"CUC": 0.7}).points()) == TREND_POINTS_MAX


def test_the_proof_changes_with_the_ledger() -> None:
    first, second = letter().proof, letter(material(obligations=ledger()[:3])).proof
    assert first.ledger_sha256 != second.ledger_sha256
    assert letter().proof == first
    assert (first.changes_seen, first.checks_run, first.as_of_ms) == (17, 4 + 3, ledger()[2].changed_at_ms)
