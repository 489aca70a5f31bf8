"""The course of a unit's index over the year, one point a week. Pure.

Points are keyed by week and carry the revision they came from, so that events out of order or twice leave the same
trend: in each week the newest revision stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

WEEK_MS = 7 * 86_400_000
POINTS_MAX = 106
COMPARE_WEEKS = 4

Stored = dict[str, dict[str, Any]]


def with_point(
    stored: Mapping[str, Mapping[str, Any]], *, at_ms: int, revision: int, index: float | None, rank: int | None
) -> Stored:
    """The stored trend with one more score in it; unchanged when that week already has a newer revision."""
    key = f"w{at_ms // WEEK_MS:06d}"
    trend: Stored = {week: dict(point) for week, point in stored.items()}
    if revision > int(trend.get(key, {}).get("revision", 0)):
        trend[key] = {"at_ms": at_ms, "revision": revision, "index": index, "rank": rank}
    return {week: trend[week] for week in sorted(trend)[-POINTS_MAX:]}


def points(stored: Mapping[str, Mapping[str, Any]]) -> tuple[tuple[int, float], ...]:
    """(instant, index) by time, weeks without an index left out."""
    return tuple(
        (int(stored[week]["at_ms"]), float(stored[week]["index"]))
        for week in sorted(stored)
        if stored[week].get("index") is not None
    )


def before(stored: Mapping[str, Mapping[str, Any]], now_ms: int) -> tuple[float | None, int | None]:
    """(index, rank) as they stood COMPARE_WEEKS weeks ago; (None, None) when there was no score yet."""
    limit = now_ms - COMPARE_WEEKS * WEEK_MS
    older = [week for week in sorted(stored) if int(stored[week]["at_ms"]) <= limit]
    if not older:
        return None, None
    point = stored[older[-1]]
    return point.get("index"), point.get("rank")


def mean_course(trends: Sequence[Sequence[tuple[int, float]]]) -> tuple[tuple[int, float], ...]:
    """The mean of several courses at each instant where any of them moves; each counts from its first point on."""
    instants = sorted({at_ms for trend in trends for at_ms, _ in trend})
    places = [0] * len(trends)
    course = []
    for instant in instants:
        for number, trend in enumerate(trends):
            while places[number] < len(trend) and trend[places[number]][0] <= instant:
                places[number] += 1
        standing = [trend[place - 1][1] for trend, place in zip(trends, places, strict=True) if place]
        course.append((instant, sum(standing) / len(standing)))
    return _weekly(course)


def _weekly(course: Sequence[tuple[int, float]]) -> tuple[tuple[int, float], ...]:
    """The last point of each week."""
    by_week = {at_ms // WEEK_MS: (at_ms, value) for at_ms, value in course}
    return tuple(by_week[week] for week in sorted(by_week))
