"""What a digest remembers for the next one of its audience, so that it can say what moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

TREND_POINTS_MAX = 26
"""Moments of the trend that are kept: half a year of weeks, two years of months."""


@dataclass(frozen=True, slots=True)
class Point:
    """Mean index by peer group at a moment."""

    moment_ms: int
    means: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Standing:
    """Figures of one digest. Empty before the first; of another year they say nothing about this one.

    `received` by `form period`; `off_pace`: units off pace by indicator; `trend`: [moment, means by peer group].
    """

    ranks: Mapping[str, int] = field(default_factory=dict)
    mean_index: float | None = None
    year: int | None = None
    bands: Mapping[str, str] = field(default_factory=dict)
    received: Mapping[str, float] = field(default_factory=dict)
    on_time_share: float | None = None
    off_pace: Mapping[str, int] = field(default_factory=dict)
    alerts_open: int | None = None
    trend: Sequence[tuple[int, Mapping[str, float]]] = ()

    def points(self) -> tuple[Point, ...]:
        return tuple(Point(moment_ms, means) for moment_ms, means in self.trend)


def comparable(before: Standing, year: int) -> Standing:
    """The standing to compare with: that of the same year; of another year only how many alerts were open."""
    return before if before.year == year else Standing(alerts_open=before.alerts_open)


def with_point(standing: Standing, moment_ms: int, means: Mapping[str, float]) -> Standing:
    """The standing with one more moment at the end of its trend; the oldest give way."""
    kept = [(at, held) for at, held in standing.trend if at < moment_ms]
    trend = [*kept, (moment_ms, means)] if means else kept
    return replace(standing, trend=trend[-TREND_POINTS_MAX:])
