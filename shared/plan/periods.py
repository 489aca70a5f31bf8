"""Reporting periods: their codes, the months they cover by name, and their days under a regime.

A period is named by the year in which it counts: `2011-M03`, `2011-Q1`, `2011-H1`, `2011-9M`, `2011`. Its days come
from the regime, so `2011-Q1` may begin on 15 December 2010.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from shared.plan.model import DayRef, Frequency, Regime

_COUNT: dict[Frequency, int] = {"monthly": 12, "quarterly": 4, "half_year": 2, "nine_months": 1, "annual": 1}
_MONTHS: dict[Frequency, int] = {"monthly": 1, "quarterly": 3, "half_year": 6, "nine_months": 9, "annual": 12}
_CODE = re.compile(
    r"(?P<year>[0-9]{4})(-(M(?P<month>0[1-9]|1[0-2])|Q(?P<quarter>[1-4])|H(?P<half>[12])|(?P<nine>9M)))?"
)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """One period of a year. `number` counts from 1 within the year."""

    year: int
    frequency: Frequency
    number: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= _COUNT[self.frequency] or not 1 <= self.year <= 9998:
            raise ValueError(f"there is no {self.frequency} period {self.number} in {self.year}")

    @classmethod
    def parse(cls, code: str) -> Period:
        """The period of a code such as `2011-Q1`; anything else is a ValueError."""
        found = _CODE.fullmatch(code)
        if found is None:
            raise ValueError(f"{code!r} is not a period; write 2011-M03, 2011-Q1, 2011-H1, 2011-9M or 2011")
        year = int(found["year"])
        if found["month"]:
            return cls(year, "monthly", int(found["month"]))
        if found["quarter"]:
            return cls(year, "quarterly", int(found["quarter"]))
        if found["half"]:
            return cls(year, "half_year", int(found["half"]))
        return cls(year, "nine_months" if found["nine"] else "annual", 1)

    @property
    def code(self) -> str:
        suffix = {
            "monthly": f"-M{self.number:02}",
            "quarterly": f"-Q{self.number}",
            "half_year": f"-H{self.number}",
            "nine_months": "-9M",
            "annual": "",
        }[self.frequency]
        return f"{self.year:04}{suffix}"

    def __str__(self) -> str:
        return self.code

    @property
    def first_month(self) -> int:
        """The first nominal month, 1-12, of `year`."""
        return (self.number - 1) * _MONTHS[self.frequency] + 1

    @property
    def last_month(self) -> int:
        """The last nominal month, 1-12, of `year`."""
        return self.first_month + _MONTHS[self.frequency] - 1

    def previous(self) -> Period:
        """The period before this one, of the same frequency; for the first of a year, the last of the year before."""
        if self.number > 1:
            return Period(self.year, self.frequency, self.number - 1)
        return Period(self.year - 1, self.frequency, _COUNT[self.frequency])

    def next(self) -> Period:
        """The period after this one, of the same frequency."""
        if self.number < _COUNT[self.frequency]:
            return Period(self.year, self.frequency, self.number + 1)
        return Period(self.year + 1, self.frequency, 1)

    def year_before(self) -> Period:
        """The same period of the year before."""
        return Period(self.year - 1, self.frequency, self.number)


def periods_of_year(frequency: Frequency, year: int) -> tuple[Period, ...]:
    """Every period of that frequency that counts in the year, in order."""
    return tuple(Period(year, frequency, number) for number in range(1, _COUNT[frequency] + 1))


def day_of(ref: DayRef, *, year: int, month: int) -> date:
    """The day that `ref` names relative to a month; a day that the month lacks is its last day."""
    months = year * 12 + (month - 1) + ref.month
    target_year, target_month = divmod(months, 12)
    length = monthrange(target_year, target_month + 1)[1]
    return date(target_year, target_month + 1, length if ref.day == "last" else min(ref.day, length))


def period_days(regime: Regime, period: Period) -> tuple[date, date]:
    """First and last day of a period under a regime; KeyError when the regime does not cut that frequency."""
    rule = regime.periods[period.frequency]
    return (
        day_of(rule.first, year=period.year, month=period.first_month),
        day_of(rule.last, year=period.year, month=period.last_month),
    )
