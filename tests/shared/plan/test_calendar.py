"""The obligation clock: working days of Vietnam, instants, boundaries, zones with daylight saving."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.plan.calendar import (
    Instants,
    WorkingDays,
    add_working_days,
    at_time_ms,
    clock_state,
    due_day,
    next_transition_ms,
    obligation_instants,
    periods_in_force,
    rung_fire_ms,
    share_of_period,
    start_of_day_ms,
    unit_in_period,
    working_days_of,
)
from shared.plan.model import Before, DayRef, Form, NoLaterThan, Plan, Regime, WorkingDaysAfter
from shared.plan.periods import Period, period_days

HANOI = "Asia/Ho_Chi_Minh"
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
VIETNAM = WorkingDays("VN")


def utc_ms(*parts: int) -> int:
    return round(datetime(*parts, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type, misc]


# --- working days ---


def test_tet_2011_and_a_weekend_are_off() -> None:
    for day in (2, 3, 4, 5, 6, 7):
        assert not VIETNAM.is_working(date(2011, 2, day))
    assert VIETNAM.is_working(date(2011, 2, 1))
    assert VIETNAM.is_working(date(2011, 2, 8))


def test_a_swapped_saturday_is_worked_and_its_friday_is_off() -> None:
    fresh = WorkingDays("VN")  # nothing has been asked of that year yet
    assert fresh.is_working(date(2010, 2, 27))
    assert not fresh.is_working(date(2010, 2, 19))


def test_declared_days_win_over_the_country() -> None:
    saturday, monday = date(2011, 3, 12), date(2011, 3, 14)
    working = WorkingDays("VN", extra=[monday], swapped=[saturday])
    assert working.is_working(saturday)
    assert not working.is_working(monday)


def test_without_a_country_only_the_weekend_is_off() -> None:
    assert WorkingDays().is_working(date(2011, 2, 3))
    assert not WorkingDays().is_working(date(2011, 2, 5))


def test_an_unknown_country_is_refused() -> None:
    with pytest.raises(ValueError, match="no holidays are known"):
        WorkingDays("XX")


def test_working_days_are_counted_over_tet_in_both_directions() -> None:
    assert VIETNAM.add(date(2011, 2, 1), 1) == date(2011, 2, 8)
    assert add_working_days(VIETNAM, date(2011, 2, 8), -1) == date(2011, 2, 1)
    assert VIETNAM.add(date(2011, 2, 5), 0) == date(2011, 2, 5)
    assert VIETNAM.on_or_before(date(2011, 2, 7)) == date(2011, 2, 1)
    assert VIETNAM.on_or_after(date(2011, 2, 2)) == date(2011, 2, 8)


@given(day=st.dates(date(1990, 1, 1), date(2040, 12, 31)), n=st.integers(1, 30))
@settings(derandomize=True, max_examples=200)
def test_adding_working_days_lands_on_one_and_comes_back(day: date, n: int) -> None:
    there = VIETNAM.add(day, n)
    assert VIETNAM.is_working(there)
    assert sum(VIETNAM.is_working(day + timedelta(days=i)) for i in range(1, (there - day).days + 1)) == n
    assert VIETNAM.add(VIETNAM.add(there, -n), n) == there


# --- due days ---


def test_the_first_quarter_of_2011_is_due_two_working_days_after_14_march(mic: Plan) -> None:
    instants = obligation_instants(mic, mic.form("QUARTERLY"), Period.parse("2011-Q1"), HANOI)
    assert instants == Instants(
        first_day=date(2010, 12, 15),
        last_day=date(2011, 3, 14),
        due_day=date(2011, 3, 16),
        period_end_ms=utc_ms(2011, 3, 14, 17),
        open_at_ms=utc_ms(2011, 2, 12, 17),
        due_at_ms=utc_ms(2011, 3, 16, 17) - 1,
        grace_end_ms=utc_ms(2011, 3, 16, 17) - 1,
        lock_at_ms=None,
    )


@pytest.mark.parametrize(
    ("regime", "tier", "code", "expected"),
    [
        ("TT06-2013", "agency_to_ministry", "2012", date(2013, 1, 31)),
        ("TT06-2013", "ministry_to_prime_minister", "2012", date(2013, 4, 29)),
        ("TT02-2023", "reporter_to_unit", "2023-Q1", date(2023, 3, 6)),
        ("TT02-2023", "unit_to_ministry_office", "2023-Q1", date(2023, 3, 8)),
        ("TT02-2023", "unit_to_ministry_office", "2023-H1", date(2023, 6, 8)),
        ("TT02-2023", "reporter_to_unit", "2023", date(2023, 11, 27)),  # 25 November is a Saturday
        ("ND09", "ministry_to_government", "2011-Q2", date(2011, 6, 27)),  # 25 June is a Saturday
        ("ND09", "standing_body_to_leadership", "2011-Q2", date(2011, 6, 20)),
    ],
)
def test_each_regime_sets_its_own_deadline(mic: Plan, regime: str, tier: str, code: str, expected: date) -> None:
    period = Period.parse(code)
    form = mic.form("ANNUAL").model_copy(update={"regime": regime, "tier": tier, "frequency": period.frequency})
    assert due_day(mic, form, period) == expected


@given(year=st.integers(2000, 2040), data=st.data())
@settings(derandomize=True, max_examples=60)
def test_a_due_day_is_worked_unless_the_regime_keeps_it(mic: Plan, year: int, data: st.DataObject) -> None:
    regime = data.draw(st.sampled_from([regime for regime in mic.regimes if regime.deadlines]))
    tier = data.draw(st.sampled_from(sorted(regime.deadlines)))
    frequency = data.draw(st.sampled_from(sorted(regime.deadlines[tier].keys() & regime.periods.keys())))
    rule = regime.deadlines[tier][frequency]
    form = mic.form("ANNUAL").model_copy(update={"regime": regime.code, "tier": tier, "frequency": frequency})
    due = due_day(mic, form, Period(year, frequency, 1))
    keeps = not isinstance(rule, WorkingDaysAfter) and rule.if_day_off == "keep"
    assert keeps or working_days_of(mic.holidays).is_working(due)


def _dated(mic: Plan, rule: Before | NoLaterThan) -> date:
    regime = mic.regime("TT06-2013")
    changed = Regime(code="X", periods=regime.periods, deadlines={"t": {"annual": rule}})
    plan = mic.model_copy(update={"regimes": (changed,)})
    form = mic.form("ANNUAL").model_copy(update={"regime": "X", "tier": "t"})
    return due_day(plan, form, Period.parse("2011"))


def test_before_and_no_later_than_differ_by_one_day(mic: Plan) -> None:
    ref = DayRef(month=3, day=8)  # Thursday 8 March 2012
    assert _dated(mic, NoLaterThan(kind="no_later_than", on=ref)) == date(2012, 3, 8)
    assert _dated(mic, Before(kind="before", on=ref)) == date(2012, 3, 7)


def test_a_due_day_off_is_kept_or_moved_as_the_regime_says(mic: Plan) -> None:
    ref = DayRef(month=3, day=10)  # Saturday 10 March 2012
    assert _dated(mic, NoLaterThan(kind="no_later_than", on=ref, if_day_off="keep")) == date(2012, 3, 10)
    assert _dated(mic, NoLaterThan(kind="no_later_than", on=ref)) == date(2012, 3, 12)
    assert _dated(mic, NoLaterThan(kind="no_later_than", on=ref, if_day_off="previous_working_day")) == date(2012, 3, 9)


def test_a_plan_governs_the_periods_that_end_while_it_is_in_force(mic: Plan) -> None:
    form = mic.form("QUARTERLY")
    assert [period.code for period in periods_in_force(mic, form, 2011)] == ["2011-Q1", "2011-Q2", "2011-Q3", "2011-Q4"]
    assert periods_in_force(mic, form, 2010) == periods_in_force(mic, form, 2016) == ()


# --- clock state ---

LIMITS = Instants(
    first_day=date(2011, 1, 1),
    last_day=date(2011, 1, 1),
    due_day=date(2011, 1, 1),
    period_end_ms=500,
    open_at_ms=1_000,
    due_at_ms=2_000,
    grace_end_ms=3_000,
    lock_at_ms=4_000,
)


@pytest.mark.parametrize(
    ("now_ms", "state"),
    [
        (999, "SCHEDULED"),
        (1_000, "OPEN"),
        (1_699, "OPEN"),
        (1_700, "DUE_SOON"),
        (2_000, "DUE_SOON"),
        (2_001, "GRACE"),
        (3_000, "GRACE"),
        (3_001, "OVERDUE"),
        (4_000, "OVERDUE"),
        (4_001, "LOCKED"),
    ],
)
def test_an_instant_equal_to_the_limit_is_within_it(now_ms: int, state: str) -> None:
    assert clock_state(now_ms, LIMITS, 300) == state


def test_without_grace_overdue_follows_at_once_and_without_a_lock_it_stays() -> None:
    limits = replace(LIMITS, grace_end_ms=2_000, lock_at_ms=None)
    assert clock_state(2_001, limits, 300) == "OVERDUE"
    assert clock_state(10**15, limits, 300) == "OVERDUE"
    assert next_transition_ms(2_001, limits, 300) is None


def test_a_lock_before_the_opening_wins() -> None:
    assert clock_state(500, replace(LIMITS, lock_at_ms=100), 300) == "LOCKED"


@given(
    turns=st.lists(st.integers(0, 60), min_size=4, max_size=4).map(sorted),
    soon=st.integers(0, 80),
    now=st.integers(-5, 70),
    locks=st.booleans(),
)
@settings(derandomize=True, max_examples=300)
def test_the_next_transition_is_the_first_instant_of_another_state(
    turns: list[int], soon: int, now: int, locks: bool
) -> None:
    limits = replace(
        LIMITS, open_at_ms=turns[0], due_at_ms=turns[1], grace_end_ms=turns[2], lock_at_ms=turns[3] if locks else None
    )
    state = clock_state(now, limits, soon)
    expected = next((at for at in range(now + 1, 80) if clock_state(at, limits, soon) != state), None)
    assert next_transition_ms(now, limits, soon) == expected


# --- zones ---


@given(
    zone=st.sampled_from(
        [
            "America/New_York",
            "Europe/Berlin",
            "America/Sao_Paulo",
            "Asia/Beirut",
            "Atlantic/Azores",
            "Pacific/Apia",
            HANOI,
        ]
    ),
    day=st.dates(date(1975, 1, 1), date(2035, 12, 31)),
)
@settings(derandomize=True, max_examples=400)
def test_days_follow_each_other_in_every_zone(zone: str, day: date) -> None:
    length = start_of_day_ms(day + timedelta(days=1), ZoneInfo(zone)) - start_of_day_ms(day, ZoneInfo(zone))
    assert length in {0, 23 * HOUR_MS, 24 * HOUR_MS, 25 * HOUR_MS}
    assert length != 0 or (zone, day) == ("Pacific/Apia", date(2011, 12, 30))


def test_a_due_day_of_25_hours_is_one_day_and_grace_counts_days_not_hours(mic: Plan) -> None:
    form = _new_york_form(mic, grace_days=1)
    plan = _due_on(mic, date(2011, 11, 6))  # the clocks go back in New York
    instants = obligation_instants(plan, form, Period.parse("2010"), "America/New_York")
    assert instants.due_at_ms == utc_ms(2011, 11, 7, 5) - 1
    assert instants.due_at_ms + 1 - utc_ms(2011, 11, 6, 4) == 25 * HOUR_MS
    assert instants.grace_end_ms == utc_ms(2011, 11, 8, 5) - 1
    earlier = obligation_instants(_due_on(mic, date(2011, 11, 5)), form, Period.parse("2010"), "America/New_York")
    assert earlier.grace_end_ms - earlier.due_at_ms == 25 * HOUR_MS


def test_lock_days_count_from_the_close_and_the_last_instant_is_not_locked(mic: Plan) -> None:
    form = mic.form("ANNUAL").model_copy(update={"lock_days": 30})
    instants = obligation_instants(mic, form, Period.parse("2011"), HANOI)
    assert instants.lock_at_ms == instants.period_end_ms + 30 * DAY_MS - 1
    assert clock_state(instants.lock_at_ms, instants, 0) == "OVERDUE"
    assert clock_state(instants.lock_at_ms + 1, instants, 0) == "LOCKED"


def _new_york_form(mic: Plan, *, grace_days: int) -> Form:
    return mic.form("ANNUAL").model_copy(update={"regime": "X", "tier": "t", "grace_days": grace_days})


def _due_on(mic: Plan, day: date) -> Plan:
    """The plan with a regime X under which the annual period of 2010 is due on that day of 2011."""
    rule = NoLaterThan(kind="no_later_than", on=DayRef(month=day.month, day=day.day), if_day_off="keep")
    regime = Regime(code="X", periods=mic.regime("TT06-2013").periods, deadlines={"t": {"annual": rule}})
    return mic.model_copy(update={"regimes": (regime,)})


def test_a_local_time_that_the_zone_skips_is_the_instant_after_the_skip() -> None:
    skipped = at_time_ms(date(2011, 3, 13), time(2, 30), ZoneInfo("America/New_York"))
    assert skipped == utc_ms(2011, 3, 13, 7, 30)


# --- units and rungs ---

FIRST, LAST = date(2011, 3, 15), date(2011, 6, 14)


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "full", "any_day", "share"),
    [
        (date(2007, 1, 1), None, True, True, 1.0),
        (FIRST, LAST, True, True, 1.0),
        (FIRST + timedelta(days=1), None, False, True, 91 / 92),
        (date(2007, 1, 1), LAST - timedelta(days=1), False, True, 91 / 92),
        (LAST, None, False, True, 1 / 92),
        (date(2007, 1, 1), FIRST, False, True, 1 / 92),
        (LAST + timedelta(days=1), None, False, False, 0.0),
        (date(2007, 1, 1), FIRST - timedelta(days=1), False, False, 0.0),
    ],
)
def test_a_unit_owes_a_period_by_the_policy_of_the_form(
    valid_from: date, valid_to: date | None, full: bool, any_day: bool, share: float
) -> None:
    assert unit_in_period(valid_from, valid_to, FIRST, LAST, "full_period_only") is full
    assert unit_in_period(valid_from, valid_to, FIRST, LAST, "any_day") is any_day
    assert unit_in_period(valid_from, valid_to, FIRST, LAST, "prorate") is any_day
    assert share_of_period(valid_from, valid_to, FIRST, LAST) == pytest.approx(share)


def test_rungs_fire_at_nine_on_working_days_around_the_due_day(mic: Plan) -> None:
    ladder = mic.ladder("DEFAULT")
    fired = {
        rung.code: rung_fire_ms(ladder, rung, date(2011, 3, 16), HANOI, working_days_of(mic.holidays))
        for rung in ladder.rungs
    }
    assert fired == {
        "R-7": utc_ms(2011, 3, 7, 2),
        "R-3": utc_ms(2011, 3, 11, 2),
        "R-1": utc_ms(2011, 3, 15, 2),
        "O1": utc_ms(2011, 3, 17, 2),
        "E3": utc_ms(2011, 3, 21, 2),
        "E5": utc_ms(2011, 3, 23, 2),
    }


def test_the_rung_of_a_due_day_off_fires_on_the_working_day_before(mic: Plan) -> None:
    ladder = mic.ladder("DEFAULT")
    rung = ladder.rungs[0].model_copy(update={"working_days": 0})
    assert rung_fire_ms(ladder, rung, date(2011, 3, 12), HANOI, VIETNAM) == utc_ms(2011, 3, 11, 2)


def test_every_rung_before_the_due_day_falls_in_the_open_time(mic: Plan) -> None:
    for form in mic.forms:
        for year in range(2011, 2016):
            for period in periods_in_force(mic, form, year):
                instants = obligation_instants(mic, form, period, HANOI)
                ladder = mic.ladder(form.ladder or "")
                first = rung_fire_ms(ladder, ladder.rungs[0], instants.due_day, HANOI, working_days_of(mic.holidays))
                assert instants.open_at_ms < first < instants.due_at_ms
                assert period_days(mic.regime(form.regime), period)[1] == instants.last_day
