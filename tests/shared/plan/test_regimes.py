"""The four regimes of the default plan side by side, walked through 2011-2015 and 2024-2026.

What is expected is written out by hand, or counted by plain code of this file from the days off that are listed here:
none of the functions under test is used for it, nor the library of holidays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.plan.calendar import clock_state, due_day, obligation_instants, periods_in_force
from shared.plan.model import Frequency, Holidays, Plan
from shared.plan.periods import Period, period_days, periods_of_year

YEARS = (2011, 2012, 2013, 2014, 2015, 2024, 2025, 2026)
HANOI = "Asia/Ho_Chi_Minh"

# Weekdays off, as announced: new year, Tet, the Hung kings, 30 April and 1 May, 2 September, and days in lieu.
OFF_DAYS = """
2011-01-03 2011-02-02 2011-02-03 2011-02-04 2011-02-07 2011-04-12 2011-05-02 2011-05-03 2011-09-02
2012-01-02 2012-01-23 2012-01-24 2012-01-25 2012-01-26 2012-01-27 2012-04-02 2012-04-30 2012-05-01 2012-09-03
2013-01-01 2013-02-11 2013-02-12 2013-02-13 2013-02-14 2013-02-15 2013-04-19 2013-04-29 2013-04-30 2013-05-01 2013-09-02
2014-01-01 2014-01-29 2014-01-30 2014-01-31 2014-02-03 2014-02-04 2014-04-09 2014-04-30 2014-05-01 2014-05-02 2014-09-01
2014-09-02
2015-01-01 2015-01-02 2015-02-16 2015-02-17 2015-02-18 2015-02-19 2015-02-20 2015-02-23 2015-04-28 2015-04-29 2015-04-30
2015-05-01 2015-09-02 2016-01-01
2024-01-01 2024-02-08 2024-02-09 2024-02-12 2024-02-13 2024-02-14 2024-04-18 2024-04-29 2024-04-30 2024-05-01 2024-09-02
2024-09-03
2025-01-01 2025-01-27 2025-01-28 2025-01-29 2025-01-30 2025-01-31 2025-04-07 2025-04-30 2025-05-01 2025-05-02 2025-09-01
2025-09-02
2026-01-01 2026-02-16 2026-02-17 2026-02-18 2026-02-19 2026-02-20 2026-04-27 2026-04-30 2026-05-01 2026-08-31 2026-09-01
2026-09-02
"""
SATURDAYS = """
2012-02-04 2013-05-04 2014-04-26 2014-09-06 2014-12-27 2015-02-14 2015-04-25 2024-05-04 2025-04-26 2026-08-22
"""
OFF, SWAPPED_SATURDAYS = frozenset(OFF_DAYS.split()), frozenset(SATURDAYS.split())


def is_worked(day: date) -> bool:
    if str(day) in SWAPPED_SATURDAYS:
        return True
    return day.isoweekday() <= 5 and str(day) not in OFF


def worked_after(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= is_worked(day)
    return day


def next_worked(day: date) -> date:
    return day if is_worked(day) else worked_after(day, 1)


# --- hand-checked dates ---

ND09_QUARTERS = """
2011-03-16 2011-06-16 2011-09-16 2011-12-16
2012-03-16 2012-06-18 2012-09-18 2012-12-18
2013-03-18 2013-06-18 2013-09-17 2013-12-17
2014-03-18 2014-06-17 2014-09-16 2014-12-16
2015-03-17 2015-06-16 2015-09-16 2015-12-16
2024-03-18 2024-06-18 2024-09-17 2024-12-17
2025-03-18 2025-06-17 2025-09-16 2025-12-16
2026-03-17 2026-06-16 2026-09-16 2026-12-16
"""
GOVERNMENT_QUARTERS = """
2011-03-25 2011-06-27 2011-09-26 2011-12-26
2012-03-26 2012-06-25 2012-09-25 2012-12-25
2013-03-25 2013-06-25 2013-09-25 2013-12-25
2014-03-25 2014-06-25 2014-09-25 2014-12-25
2015-03-25 2015-06-25 2015-09-25 2015-12-25
2024-03-25 2024-06-25 2024-09-25 2024-12-25
2025-03-25 2025-06-25 2025-09-25 2025-12-25
2026-03-25 2026-06-25 2026-09-25 2026-12-25
"""
TT02_REPORTER_QUARTERS = """
2011-03-07 2011-06-06 2011-09-06 2011-12-06
2012-03-06 2012-06-06 2012-09-06 2012-12-06
2013-03-06 2013-06-06 2013-09-06 2013-12-06
2014-03-06 2014-06-06 2014-09-06 2014-12-08
2015-03-06 2015-06-08 2015-09-07 2015-12-07
2024-03-06 2024-06-06 2024-09-06 2024-12-06
2025-03-06 2025-06-06 2025-09-08 2025-12-08
2026-03-06 2026-06-08 2026-09-07 2026-12-07
"""
TT02_UNIT_QUARTERS = """
2011-03-08 2011-06-08 2011-09-08 2011-12-08
2012-03-08 2012-06-08 2012-09-10 2012-12-10
2013-03-08 2013-06-10 2013-09-09 2013-12-09
2014-03-10 2014-06-09 2014-09-08 2014-12-08
2015-03-09 2015-06-08 2015-09-08 2015-12-08
2024-03-08 2024-06-10 2024-09-09 2024-12-09
2025-03-10 2025-06-09 2025-09-08 2025-12-08
2026-03-09 2026-06-08 2026-09-08 2026-12-08
"""
QUARTERLY = {
    ("ND09", "unit_to_standing_body"): ND09_QUARTERS,
    ("ND09", "ministry_to_government"): GOVERNMENT_QUARTERS,
    ("TT02-2023", "reporter_to_unit"): TT02_REPORTER_QUARTERS,
    ("TT02-2023", "unit_to_ministry_office"): TT02_UNIT_QUARTERS,
}
ANNUAL = {
    # (regime, tier): the due day of each year in YEARS
    ("ND09", "unit_to_standing_body"): " ".join(ND09_QUARTERS.split()[3::4]),
    ("ND09", "standing_body_to_leadership"): """
        2011-12-20 2012-12-20 2013-12-20 2014-12-22 2015-12-21 2024-12-20 2025-12-22 2026-12-21""",
    # "before 1 February" ends with 31 January, "before 30 April" with 29 April, off or not (Tet in 2014 and 2025)
    ("TT06-2013", "agency_to_ministry"): """
        2012-01-31 2013-01-31 2014-01-31 2015-01-31 2016-01-31 2025-01-31 2026-01-31 2027-01-31""",
    ("TT06-2013", "ministry_to_prime_minister"): """
        2012-04-29 2013-04-29 2014-04-29 2015-04-29 2016-04-29 2025-04-29 2026-04-29 2027-04-29""",
    ("TT02-2023", "reporter_to_unit"): """
        2011-11-25 2012-11-26 2013-11-25 2014-11-25 2015-11-25 2024-11-25 2025-11-25 2026-11-25""",
    ("TT02-2023", "unit_to_ministry_office"): """
        2011-11-28 2012-11-27 2013-11-27 2014-11-27 2015-11-27 2024-11-27 2025-11-27 2026-11-27""",
}
BY_HAND = [
    # monthly, around Tet and swapped Saturdays
    ("ND09", "unit_to_standing_body", "2011-M01", "2011-01-18"),
    ("ND09", "unit_to_standing_body", "2013-M02", "2013-02-19"),  # Tet until 17 February
    ("ND09", "unit_to_standing_body", "2015-M02", "2015-02-25"),  # closes on a worked Saturday, then Tet until the 23rd
    ("ND09", "unit_to_standing_body", "2024-M02", "2024-02-16"),
    ("ND09", "unit_to_standing_body", "2026-M02", "2026-02-24"),  # Tet until 22 February
    ("ND09", "unit_to_standing_body", "2011-M04", "2011-04-18"),
    ("ND09", "ministry_to_government", "2015-M04", "2015-04-25"),  # a Saturday, but a worked one
    ("ND09", "ministry_to_government", "2026-M04", "2026-04-28"),  # a Saturday, then a day in lieu of the Hung kings'
    ("ND09", "standing_body_to_leadership", "2015-M02", "2015-02-24"),
    ("ND09", "standing_body_to_leadership", "2026-M02", "2026-02-23"),
    ("TT02-2023", "reporter_to_unit", "2026-M02", "2026-02-23"),
    ("TT02-2023", "unit_to_ministry_office", "2026-M02", "2026-02-23"),  # both tiers fall on one day
    ("TT02-2023", "reporter_to_unit", "2025-M02", "2025-02-17"),
    ("TT02-2023", "unit_to_ministry_office", "2024-M03", "2024-03-18"),
    # half-years and nine months
    ("ND09", "unit_to_standing_body", "2012-H1", "2012-06-18"),
    ("ND09", "unit_to_standing_body", "2013-H2", "2013-12-17"),
    ("ND09", "unit_to_standing_body", "2014-9M", "2014-09-16"),
    ("ND09", "unit_to_standing_body", "2025-9M", "2025-09-16"),
    ("ND09", "ministry_to_government", "2011-9M", "2011-09-26"),
    ("TT02-2023", "reporter_to_unit", "2026-H1", "2026-06-08"),
    ("TT02-2023", "unit_to_ministry_office", "2025-H1", "2025-06-09"),
    ("TT02-2023", "unit_to_ministry_office", "2025-H2", "2025-12-08"),
]


def due(plan: Plan, regime: str, tier: str, period: Period) -> date:
    form = plan.form("ANNUAL").model_copy(update={"regime": regime, "tier": tier, "frequency": period.frequency})
    return due_day(plan, form, period)


@pytest.mark.parametrize(("regime", "tier"), QUARTERLY, ids="-".join)
def test_the_quarters_fall_due_on_the_days_counted_by_hand(mic: Plan, regime: str, tier: str) -> None:
    found = [str(due(mic, regime, tier, period)) for year in YEARS for period in periods_of_year("quarterly", year)]
    assert found == QUARTERLY[regime, tier].split()


@pytest.mark.parametrize(("regime", "tier"), ANNUAL, ids="-".join)
def test_the_years_fall_due_on_the_days_counted_by_hand(mic: Plan, regime: str, tier: str) -> None:
    assert [str(due(mic, regime, tier, Period(year, "annual", 1))) for year in YEARS] == ANNUAL[regime, tier].split()


@pytest.mark.parametrize(("regime", "tier", "code", "expected"), BY_HAND, ids=[f"{b[1]}-{b[2]}" for b in BY_HAND])
def test_months_half_years_and_nine_months_fall_due_on_the_days_counted_by_hand(
    mic: Plan, regime: str, tier: str, code: str, expected: str
) -> None:
    assert str(due(mic, regime, tier, Period.parse(code))) == expected


# --- every period of every regime, counted by plain code ---

LAST_MONTHS = {
    "monthly": [*range(1, 13)],
    "quarterly": [3, 6, 9, 12],
    "half_year": [6, 12],
    "nine_months": [9],
    "annual": [12],
}
TT02_DAYS = {  # day of the last month, of the month before for a year
    "reporter_to_unit": {"monthly": 15, "quarterly": 6, "half_year": 6, "annual": 25},
    "unit_to_ministry_office": {"monthly": 16, "quarterly": 8, "half_year": 8, "annual": 27},
}


def expected_due(regime: str, tier: str, frequency: str, year: int, month: int) -> date:
    if regime == "ND09":
        if tier == "unit_to_standing_body":
            return worked_after(date(year, month, 14), 2)
        return next_worked(date(year, month, 20 if tier == "standing_body_to_leadership" else 25))
    if regime == "TT06-2013":
        return date(year + 1, 1, 31) if tier == "agency_to_ministry" else date(year + 1, 4, 29)
    return next_worked(date(year, 11 if frequency == "annual" else month, TT02_DAYS[tier][frequency]))


def every_deadline(mic: Plan) -> Iterator[tuple[str, str, Frequency, int, int, int]]:
    """(regime, tier, frequency, year, last month, number) of every period of the eight years."""
    for regime in mic.regimes:
        for tier, rules in regime.deadlines.items():
            for frequency in rules:
                for year in YEARS:
                    for number, month in enumerate(LAST_MONTHS[frequency], start=1):
                        yield regime.code, tier, frequency, year, month, number


def test_every_deadline_of_every_tier_is_the_one_that_plain_counting_gives(mic: Plan) -> None:
    walked = list(every_deadline(mic))
    # three tiers of 20 periods, two of one, two of 19
    assert len(walked) == (3 * 20 + 2 * 1 + 2 * 19) * len(YEARS)
    for regime, tier, frequency, year, month, number in walked:
        found = due(mic, regime, tier, Period(year, frequency, number))
        assert found == expected_due(regime, tier, frequency, year, month), (regime, tier, frequency, year, number)


def test_both_tiers_keep_their_order(mic: Plan) -> None:
    for _, tier, frequency, year, _, number in every_deadline(mic):
        if tier == "reporter_to_unit":
            period = Period(year, frequency, number)
            assert due(mic, "TT02-2023", tier, period) <= due(mic, "TT02-2023", "unit_to_ministry_office", period)


@pytest.mark.parametrize("code", ["ND09", "TT02-2023"])
def test_from_the_15th_to_the_14th(mic: Plan, code: str) -> None:
    regime = mic.regime(code)
    for year in YEARS:
        for frequency in regime.periods:
            for number, month in enumerate(LAST_MONTHS[frequency], start=1):
                length = {"monthly": 1, "quarterly": 3, "half_year": 6, "nine_months": 9, "annual": 12}[frequency]
                before = month - length  # the month in which the period begins on the 15th; 0 is last December
                first = date(year, before, 15) if before else date(year - 1, 12, 15)
                assert period_days(regime, Period(year, frequency, number)) == (first, date(year, month, 14))


@pytest.mark.parametrize("code", ["TT06-2013", "TT04-2022-STAT"])
def test_by_the_calendar(mic: Plan, code: str) -> None:
    regime = mic.regime(code)
    for year in YEARS:
        assert period_days(regime, Period(year, "annual", 1)) == (date(year, 1, 1), date(year, 12, 31))
    if code == "TT04-2022-STAT":
        assert regime.deadlines == {}
        assert period_days(regime, Period(2012, "monthly", 2)) == (date(2012, 2, 1), date(2012, 2, 29))
        assert period_days(regime, Period(2026, "monthly", 2)) == (date(2026, 2, 1), date(2026, 2, 28))
        assert period_days(regime, Period(2024, "quarterly", 3)) == (date(2024, 7, 1), date(2024, 9, 30))
        assert period_days(regime, Period(2011, "half_year", 2)) == (date(2011, 7, 1), date(2011, 12, 31))


def test_every_day_of_the_years_is_in_exactly_one_period_of_each_frequency(mic: Plan) -> None:
    tiling: tuple[Frequency, ...] = ("monthly", "quarterly", "half_year", "annual")
    for regime in mic.regimes:
        for frequency in [one for one in tiling if one in regime.periods]:
            counted: dict[date, int] = {}
            for year in range(2010, 2017):
                for period in periods_of_year(frequency, year):
                    first, last = period_days(regime, period)
                    for day in range((last - first).days + 1):
                        counted[first + timedelta(days=day)] = counted.get(first + timedelta(days=day), 0) + 1
            days = [date(2011, 1, 1) + timedelta(days=day) for day in range(5 * 365 + 1)]
            assert all(counted[day] == 1 for day in days), (regime.code, frequency)


# --- the override table ---


def declared(mic: Plan, *, off: Sequence[str] = (), swapped: Sequence[str] = ()) -> Plan:
    rules = Holidays(
        country="VN",
        extra_days_off=tuple(date.fromisoformat(day) for day in off),
        swapped_working_days=tuple(date.fromisoformat(day) for day in swapped),
    )
    return mic.model_copy(update={"holidays": rules})


@pytest.mark.parametrize(
    ("off", "swapped", "expected"),
    [
        ([], [], "2012-06-18"),  # closes on Thursday 14 June: Friday, Monday
        ([], ["2012-06-16"], "2012-06-16"),  # a declared Saturday counts
        (["2012-06-15"], [], "2012-06-19"),
        (["2012-06-15"], ["2012-06-16"], "2012-06-18"),  # the decree swaps the Friday for the Saturday
        (["2012-06-15", "2012-06-18"], [], "2012-06-20"),
        ([], ["2012-06-16", "2012-06-17"], "2012-06-16"),
    ],
)
def test_a_declared_swap_moves_the_deadline(mic: Plan, off: list[str], swapped: list[str], expected: str) -> None:
    plan = declared(mic, off=off, swapped=swapped)
    assert str(due(plan, "ND09", "unit_to_standing_body", Period.parse("2012-Q2"))) == expected


def test_what_is_declared_wins_over_tet(mic: Plan) -> None:
    plan = declared(mic, swapped=["2026-02-16", "2026-02-17"])
    assert str(due(plan, "ND09", "unit_to_standing_body", Period.parse("2026-M02"))) == "2026-02-17"
    longer = declared(mic, off=["2026-02-23", "2026-02-24"])
    assert str(due(longer, "ND09", "unit_to_standing_body", Period.parse("2026-M02"))) == "2026-02-26"


june_days = st.dates(date(2012, 6, 10), date(2012, 7, 5))


@given(off=st.sets(june_days, max_size=12), swapped=st.sets(june_days, max_size=6), number=st.integers(1, 12))
@settings(derandomize=True, max_examples=150, deadline=None)
def test_under_any_override_table_plain_counting_agrees_and_no_deadline_is_off(
    mic: Plan, off: set[date], swapped: set[date], number: int
) -> None:
    plan = declared(mic, off=[str(day) for day in off - swapped], swapped=[str(day) for day in swapped])

    def worked(day: date) -> bool:
        return day in swapped or (day not in off and is_worked(day))

    for tier in ("unit_to_standing_body", "standing_body_to_leadership", "ministry_to_government"):
        day = {"unit_to_standing_body": 14, "standing_body_to_leadership": 19, "ministry_to_government": 24}[tier]
        expected, left = date(2012, number, day), 2 if day == 14 else 1
        while left:
            expected += timedelta(days=1)
            left -= worked(expected)
        found = due(plan, "ND09", tier, Period(2012, "monthly", number))
        assert found == expected
        assert worked(found)


# --- zones ---


def utc(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("zone", "code", "instants"),
    [
        # 30 days before the close, the close, and the end of the due day, in UTC
        (HANOI, "2011-Q1", "2011-02-12T17:00 2011-03-14T17:00 2011-03-16T17:00"),
        ("UTC", "2011-Q1", "2011-02-13T00:00 2011-03-15T00:00 2011-03-17T00:00"),
        # daylight saving begins on 13 March in New York, on 27 March in Berlin
        ("America/New_York", "2011-Q1", "2011-02-13T05:00 2011-03-15T04:00 2011-03-17T04:00"),
        ("Europe/Berlin", "2011-Q1", "2011-02-12T23:00 2011-03-14T23:00 2011-03-16T23:00"),
        ("Europe/Berlin", "2011-Q2", "2011-05-15T22:00 2011-06-14T22:00 2011-06-16T22:00"),
        # and ends on 6 November and 30 October: the fourth quarter opens and closes in winter time
        ("America/New_York", "2011-Q4", "2011-11-15T05:00 2011-12-15T05:00 2011-12-17T05:00"),
        ("Europe/Berlin", "2011-Q4", "2011-11-14T23:00 2011-12-14T23:00 2011-12-16T23:00"),
        # the other half of the world: Sydney is 11 hours ahead in March, 10 in June
        ("Australia/Sydney", "2011-Q1", "2011-02-12T13:00 2011-03-14T13:00 2011-03-16T13:00"),
        ("Australia/Sydney", "2011-Q2", "2011-05-15T14:00 2011-06-14T14:00 2011-06-16T14:00"),
        ("Asia/Kathmandu", "2011-Q1", "2011-02-12T18:15 2011-03-14T18:15 2011-03-16T18:15"),
    ],
)
def test_a_unit_abroad_has_until_its_own_midnight(mic: Plan, zone: str, code: str, instants: str) -> None:
    opens, ends, is_due = instants.split()
    owed = obligation_instants(mic, mic.form("QUARTERLY"), Period.parse(code), zone)
    assert owed.open_at_ms == utc(opens)
    assert owed.period_end_ms == utc(ends)
    assert owed.due_at_ms == utc(is_due) - 1
    assert clock_state(owed.due_at_ms, owed, 0) == "DUE_SOON"
    assert clock_state(owed.due_at_ms + 1, owed, 0) == "OVERDUE"


@given(
    zone=st.sampled_from([HANOI, "America/New_York", "Europe/Berlin", "Asia/Beirut", "Australia/Lord_Howe", "UTC"]),
    period=st.builds(Period, st.integers(2011, 2015), st.just("quarterly"), st.integers(1, 4)),
    grace=st.integers(0, 30),
    opens=st.integers(0, 90),
)
@settings(derandomize=True, max_examples=150, deadline=None)
def test_instants_are_ordered_half_open_and_on_local_midnights(
    mic: Plan, zone: str, period: Period, grace: int, opens: int
) -> None:
    form = mic.form("QUARTERLY").model_copy(update={"grace_days": grace, "open_days_before_close": opens})
    now, after = (obligation_instants(mic, form, one, zone) for one in (period, period.next()))
    assert now.last_day + timedelta(days=1) == after.first_day
    assert now.open_at_ms <= now.period_end_ms <= now.due_at_ms <= now.grace_end_ms
    assert clock_state(now.grace_end_ms, now, 0) != "OVERDUE"
    assert clock_state(now.grace_end_ms + 1, now, 0) == "OVERDUE"
    for instant in (now.open_at_ms, now.period_end_ms, now.due_at_ms + 1, now.grace_end_ms + 1):
        local = datetime.fromtimestamp(instant / 1000, tz=UTC).astimezone(ZoneInfo(zone))
        earlier = datetime.fromtimestamp(instant / 1000 - 1, tz=UTC).astimezone(ZoneInfo(zone))
        assert earlier.date() + timedelta(days=1) == local.date()


def test_the_plan_governs_20_quarters_and_5_years(mic: Plan) -> None:
    quarterly, annual = mic.forms
    years = range(2009, 2018)
    assert sum(len(periods_in_force(mic, quarterly, year)) for year in years) == 20
    assert [period.code for year in years for period in periods_in_force(mic, annual, year)] == [
        "2011",
        "2012",
        "2013",
        "2014",
        "2015",
    ]
