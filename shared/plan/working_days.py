"""Working days: a country's weekend, public holidays and swapped days, plus and minus what a plan declares."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache

import holidays

from shared.plan.model import Holidays

_WEEKEND = frozenset({5, 6})
_ONE_DAY = timedelta(days=1)
_SEARCH_DAYS_MAX = 400


class WorkingDays:
    """Which days are worked. Computation only; holidays that a decree has yet to set are declared in the plan.

    A day in `swapped` is worked whatever else is said of it; then a day in `extra` is off; then the country's
    holidays and swapped Saturdays count; then the country's weekend (Saturday and Sunday without a country).
    An unknown country is a ValueError.
    """

    def __init__(self, country: str | None = None, extra: Iterable[date] = (), swapped: Iterable[date] = ()) -> None:
        self._extra = frozenset(extra)
        self._swapped = frozenset(swapped)
        self._country = None if country is None else _country_calendar(country)

    def is_working(self, day: date) -> bool:
        if day in self._swapped:
            return True
        if day in self._extra:
            return False
        if self._country is None:
            return day.weekday() not in _WEEKEND
        if day in self._country:  # asking also makes the library fill in that year, swapped days included
            return False
        return day.weekday() not in self._country.weekend or day in self._country.weekend_workdays

    def on_or_after(self, day: date) -> date:
        """The day itself when worked, else the next working day."""
        return self._seek(day, _ONE_DAY)

    def on_or_before(self, day: date) -> date:
        """The day itself when worked, else the previous working day."""
        return self._seek(day, -_ONE_DAY)

    def add(self, day: date, n: int) -> date:
        """The n-th working day after `day` (before it, if n is negative); `day` itself, worked or not, if n is 0."""
        step = _ONE_DAY if n > 0 else -_ONE_DAY
        for _ in range(abs(n)):
            day = self._seek(day + step, step)
        return day

    def _seek(self, day: date, step: timedelta) -> date:
        for _ in range(_SEARCH_DAYS_MAX):
            if self.is_working(day):
                return day
            day += step
        raise ValueError(f"no working day within {_SEARCH_DAYS_MAX} days of {day}")


@lru_cache(maxsize=64)
def working_days_of(rules: Holidays) -> WorkingDays:
    """The working days of a plan's `holidays`; the same rules give the same object."""
    return WorkingDays(rules.country, rules.extra_days_off, rules.swapped_working_days)


def add_working_days(working: WorkingDays, day: date, n: int) -> date:
    """See `WorkingDays.add`."""
    return working.add(day, n)


def _country_calendar(country: str) -> holidays.HolidayBase:
    try:
        return holidays.country_holidays(country)
    except NotImplementedError as err:
        raise ValueError(f"no holidays are known for country {country!r}; use its ISO code, such as VN") from err
