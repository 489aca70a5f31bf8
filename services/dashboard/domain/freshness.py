"""How fresh the read models are: the watermark that every page carries. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

STALE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Watermark:
    """What has been applied: states by noun, and the newest event's time (epoch ms; 0 before the first)."""

    applied: Mapping[str, int]
    newest_ms: int = 0

    @property
    def events(self) -> int:
        return sum(self.applied.values())


@dataclass(frozen=True, slots=True)
class Feed:
    """What the broker says about our consumers. `behind_seconds`: age of the oldest event not yet applied.

    `connected` is false whenever events may be missing without our knowing: `faults` says why.
    """

    connected: bool
    behind_seconds: float = 0.0
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Freshness:
    """`as_of_ms` is the instant up to which the pages are complete: now, less what we are behind."""

    as_of_ms: int
    events: int
    behind_seconds: float
    stale: bool
    connected: bool


def freshness(watermark: Watermark, feed: Feed, now_ms: int) -> Freshness:
    """Stale when events do not arrive or we are more than STALE_SECONDS behind.

    While events do not arrive nobody knows how far behind we are: then the newest event that we have is the only
    instant that can be vouched for.
    """
    if not feed.connected:
        behind = max(0.0, (now_ms - watermark.newest_ms) / 1000) if watermark.newest_ms else 0.0
        return Freshness(watermark.newest_ms or now_ms, watermark.events, behind, True, False)
    behind = max(0.0, feed.behind_seconds)
    as_of_ms = now_ms - round(behind * 1000)
    return Freshness(as_of_ms, watermark.events, behind, behind > STALE_SECONDS, True)
