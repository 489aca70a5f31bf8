"""Days and moments that a reader gives in a form, in the plan's zone. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def today(now_ms: int, zone: str) -> date:
    """The day in the zone."""
    return datetime.fromtimestamp(now_ms / 1000, ZoneInfo(zone)).date()


def day_in(now_ms: int, zone: str, days: int) -> str:
    """The ISO day so many days from now."""
    return (today(now_ms, zone) + timedelta(days=days)).isoformat()


def is_day(text: str) -> bool:
    """Whether it is an ISO day that exists."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def end_of_day(text: str, zone: str) -> str | None:
    """The first instant after an ISO day in the zone, RFC 3339 in UTC; None for what is no day."""
    if not is_day(text) or text >= "9999-12-31":
        return None
    after = date.fromisoformat(text) + timedelta(days=1)
    return _utc(datetime.combine(after, time(), ZoneInfo(zone)))


def moment(text: str, zone: str) -> str | None:
    """A local moment as a form gives it (`2011-12-15T08:00`), RFC 3339 in UTC; None for what is none."""
    try:
        local = datetime.fromisoformat(text)
        return _utc(local.replace(tzinfo=ZoneInfo(zone)) if local.tzinfo is None else local)
    except (ValueError, OverflowError):
        return None


def local(at_ms: int, zone: str) -> str:
    """An instant as a form field holds it: local time to the minute."""
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
