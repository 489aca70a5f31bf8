"""Where units stand: what the ranking and the profile say about scores. Pure.

A `Standing` is a score as the ranking needs it, made from the stored state without reading its indicators.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.dashboard.domain import trend
from shared.events.score import IndicatorScore

LOSSES_MAX = 5


@dataclass(frozen=True, slots=True)
class Standing:
    """One unit's place. Index and shares in [0, 1]; `pillars` maps the code of a top group to its share.

    `index_before` and `rank_before` are those of four weeks ago; `course` is (instant, index) by week.
    """

    unit: str
    peer_group: str
    index: float | None
    band: str | None
    rank: int | None
    ranked: int
    coverage: float
    provisional: bool
    computed_at_ms: int
    pillars: Mapping[str, float | None]
    index_before: float | None
    rank_before: int | None
    course: tuple[tuple[int, float], ...]

    @property
    def movement(self) -> float | None:
        """Change of the index in four weeks; None where there is nothing to compare."""
        if self.index is None or self.index_before is None:
            return None
        return self.index - self.index_before

    @property
    def places(self) -> int | None:
        """Places gained (positive) or lost in four weeks; None where there is nothing to compare."""
        if self.rank is None or self.rank_before is None:
            return None
        return self.rank_before - self.rank


def standing_of(document: Mapping[str, Any], now_ms: int) -> Standing:
    """The standing that a stored score document says at `now_ms`."""
    state = document["state"]
    index_before, rank_before = trend.before(document["trend"], now_ms)
    return Standing(
        unit=state["unit"],
        peer_group=state["peer_group"],
        index=state["index"],
        band=state["band"],
        rank=state["rank"],
        ranked=state["ranked"],
        coverage=state["coverage"],
        provisional=state["provisional"],
        computed_at_ms=state["computed_at_ms"],
        pillars={group["code"]: group["score"] for group in state["groups"] if group["parent"] is None},
        index_before=index_before,
        rank_before=rank_before,
        course=trend.points(document["trend"]),
    )


def mean(values: Iterable[float | None]) -> float | None:
    """The mean of the values that are there; None without any."""
    there = [value for value in values if value is not None]
    return sum(there) / len(there) if there else None


def mean_movement(standings: Iterable[Standing]) -> float | None:
    """Change of the mean index in four weeks, over the units that had an index at both ends."""
    return mean(standing.movement for standing in standings)


def ranked_order(standings: Iterable[Standing]) -> list[Standing]:
    """By rank, units that are not rated last, ties by code."""
    return sorted(standings, key=lambda s: (s.rank is None, s.rank or 0, s.unit))


@dataclass(frozen=True, slots=True)
class Loss:
    """Points that an indicator costs the unit."""

    indicator: IndicatorScore
    points: float


def losses(indicators: Sequence[IndicatorScore], *, most: int = LOSSES_MAX) -> list[Loss]:
    """The indicators that lose most points, greatest first: what to work on next."""
    found = [Loss(indicator, lost(indicator)) for indicator in indicators]
    found = [loss for loss in found if loss.points > 0]
    return sorted(found, key=lambda loss: (-loss.points, loss.indicator.code))[:most]


def lost(indicator: IndicatorScore) -> float:
    """Points not reached; an indicator that does not apply or does not count loses none."""
    if not indicator.points_max or indicator.status in ("not_applicable", "informational"):
        return 0.0
    return max(0.0, indicator.points_max - (indicator.points or 0.0))
