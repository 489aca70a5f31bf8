"""Instants in a unit's own time: local days and the start of the next one at a clock time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

NEVER_MS = 2**53
"""Stands for `not due`: indexed instants are always present, so nothing due is written as far away."""

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


def local_day(instant_ms: int, time_zone: str) -> date:
    """The calendar day of an instant in a zone."""
    return datetime.fromtimestamp(instant_ms / 1000, tz=UTC).astimezone(ZoneInfo(time_zone)).date()


def at_local(day: date, clock_time: str, time_zone: str) -> int:
    """The instant (epoch ms) of `HH:MM` on a day in a zone."""
    moment = datetime.combine(day, time.fromisoformat(clock_time), tzinfo=ZoneInfo(time_zone))
    return int(moment.timestamp() * 1000)


def wall_time(instant_ms: int, time_zone: str) -> str:
    """What a clock on the wall shows in a zone, `HH:MM`."""
    return f"{datetime.fromtimestamp(instant_ms / 1000, tz=UTC).astimezone(ZoneInfo(time_zone)):%H:%M}"


def same_wall_time(instant_ms: int, time_zone: str, other_zone: str) -> int:
    """The instant at which clocks in another zone show the same day and time."""
    if time_zone == other_zone:
        return instant_ms
    return at_local(local_day(instant_ms, time_zone), wall_time(instant_ms, time_zone), other_zone)


def window_start(instant_ms: int, window_ms: int) -> int:
    """Start of the fixed window that holds an instant: windows are counted from the epoch, the same everywhere."""
    return instant_ms - instant_ms % window_ms


def days_between(earlier_ms: int, later_ms: int, time_zone: str) -> int:
    """Calendar days from one instant's local day to another's; negative when `later` is before."""
    return (local_day(later_ms, time_zone) - local_day(earlier_ms, time_zone)).days
