"""Days and instants, counted on the fingers: shares nothing with the calendars of the product."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

HOUR = 3_600_000
DAY = 24 * HOUR
NEVER = 2**60
DAYS_OFF = tuple(
    date.fromisoformat(day)
    for day in (
        *("2011-01-03", "2011-02-02", "2011-02-03", "2011-02-04", "2011-02-07", "2011-02-08"),
        *("2011-04-12", "2011-05-02", "2011-05-03", "2011-09-02"),
    )
)
WORKED_SATURDAYS = (date(2011, 2, 12), date(2011, 4, 16))


def is_working(day: date) -> bool:
    return day in WORKED_SATURDAYS or (day.weekday() < 5 and day not in DAYS_OFF)


@cache
def working(day: date, days: int) -> date:
    """So many working days after a day, before it for a negative number."""
    step = timedelta(days=1 if days > 0 else -1)
    for _ in range(abs(days)):
        day += step
        while not is_working(day):
            day += step
    return day


def first_working(day: date) -> date:
    """The day itself, or the working day after it."""
    while not is_working(day):
        day += timedelta(days=1)
    return day


@cache
def clock(day: date, at: str, zone: str) -> int:
    """The instant at which clocks in a zone show `HH:MM` on a day."""
    return int(datetime.combine(day, time.fromisoformat(at), ZoneInfo(zone)).timestamp() * 1000)


def start_of(day: date, zone: str) -> int:
    return clock(day, "00:00", zone)


def end_of(day: date, zone: str) -> int:
    """The last instant of a day."""
    return start_of(day + timedelta(days=1), zone) - 1


def local(at_ms: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone))


def some_time(day: date, draw: random.Random, zone: str) -> int:
    """Any minute of a day."""
    return clock(day, f"{draw.randint(0, 23):02}:{draw.randint(0, 59):02}", zone)
