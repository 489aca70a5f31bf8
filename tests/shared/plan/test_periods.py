"""Periods: codes round-trip, and the periods of a year tile it under every regime of the default plan."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.plan.model import DayRef, Frequency, PeriodRule, Plan, Regime
from shared.plan.periods import Period, day_of, period_days, periods_of_year

FREQUENCIES: tuple[Frequency, ...] = ("monthly", "quarterly", "half_year", "nine_months", "annual")
TILING: tuple[Frequency, ...] = ("monthly", "quarterly", "half_year", "annual")


@pytest.mark.parametrize(
    ("code", "frequency", "number", "months"),
    [
        ("2011-M03", "monthly", 3, (3, 3)),
        ("2011-Q1", "quarterly", 1, (1, 3)),
        ("2011-Q4", "quarterly", 4, (10, 12)),
        ("2011-H1", "half_year", 1, (1, 6)),
        ("2011-H2", "half_year", 2, (7, 12)),
        ("2011-9M", "nine_months", 1, (1, 9)),
        ("2011", "annual", 1, (1, 12)),
    ],
)
def test_a_code_names_its_months(code: str, frequency: Frequency, number: int, months: tuple[int, int]) -> None:
    period = Period.parse(code)
    assert period == Period(2011, frequency, number)
    assert (period.first_month, period.last_month) == months
    assert period.code == str(period) == code


@pytest.mark.parametrize(
    "code", ["2011-M13", "2011-M3", "2011-Q5", "2011-Q0", "2011-H3", "11-Q1", "2011-Q1 ", "", "9M"]
)
def test_what_is_no_period_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="is not a period"):
        Period.parse(code)


def test_a_number_outside_the_year_is_refused() -> None:
    with pytest.raises(ValueError, match="no quarterly period 5"):
        Period(2011, "quarterly", 5)


@given(frequency=st.sampled_from(FREQUENCIES), year=st.integers(1000, 9990), data=st.data())
@settings(derandomize=True, max_examples=100)
def test_codes_and_neighbours_round_trip(frequency: Frequency, year: int, data: st.DataObject) -> None:
    period = data.draw(st.sampled_from(periods_of_year(frequency, year)))
    assert Period.parse(period.code) == period
    assert period.previous().next() == period == period.next().previous()
    assert period.year_before().number == period.number


def test_the_period_before_the_first_is_the_last_of_the_year_before() -> None:
    assert Period.parse("2011-Q1").previous().code == "2010-Q4"
    assert Period.parse("2011-9M").previous().code == "2010-9M"
    assert Period.parse("2011").previous().code == "2010"


@given(year=st.integers(1900, 2100), frequency=st.sampled_from(TILING))
@settings(derandomize=True, max_examples=100)
def test_periods_tile_the_year_in_every_regime(mic: Plan, year: int, frequency: Frequency) -> None:
    for regime in mic.regimes:
        if frequency not in regime.periods or "annual" not in regime.periods:
            continue
        days = [period_days(regime, period) for period in periods_of_year(frequency, year)]
        whole = period_days(regime, Period(year, "annual", 1))
        assert days[0][0] == whole[0]
        assert days[-1][1] == whole[1]
        for (_, last), (first, _) in pairwise(days):
            assert first == last + timedelta(days=1)
        assert period_days(regime, Period(year + 1, "annual", 1))[0] == whole[1] + timedelta(days=1)


def test_decree_09_cuts_the_year_from_15_december_to_14_december(mic: Plan) -> None:
    regime = mic.regime("ND09")
    assert [period_days(regime, period) for period in periods_of_year("quarterly", 2011)] == [
        (date(2010, 12, 15), date(2011, 3, 14)),
        (date(2011, 3, 15), date(2011, 6, 14)),
        (date(2011, 6, 15), date(2011, 9, 14)),
        (date(2011, 9, 15), date(2011, 12, 14)),
    ]
    assert period_days(regime, Period.parse("2011-9M")) == (date(2010, 12, 15), date(2011, 9, 14))


def test_a_day_that_a_month_lacks_is_its_last_day() -> None:
    assert day_of(DayRef(day=31), year=2011, month=2) == date(2011, 2, 28)
    assert day_of(DayRef(day="last"), year=2012, month=2) == date(2012, 2, 29)
    assert day_of(DayRef(month=2, day=1), year=2011, month=12) == date(2012, 2, 1)
    assert day_of(DayRef(month=-1, day=15), year=2011, month=1) == date(2010, 12, 15)


def test_a_regime_without_the_frequency_says_so() -> None:
    regime = Regime(code="R", periods={"annual": PeriodRule(first=DayRef(day=1), last=DayRef(day="last"))})
    with pytest.raises(KeyError):
        period_days(regime, Period.parse("2011-Q1"))
