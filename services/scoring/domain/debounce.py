"""When a changed evaluation is recomputed: soon, but never so often that recomputing is most of what is done. Pure.

A change waits `debounce_seconds` for others to join it, and at least `cost_factor` times the cost of the last
recomputation of the same evaluation, at most `pause_seconds_max`. That is for while changes keep coming in: once none
has come for `debounce_seconds`, `QUIET_FACTOR` times the cost are pause enough, and the last change is announced soon.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

QUIET_FACTOR = 2.0
"""Bounds what changes that come in single file can cost: a third of the time."""


@dataclass(slots=True)
class Debounce:
    """Instants are seconds of one monotonic clock, handed in by the caller."""

    debounce_seconds: float
    cost_factor: float
    pause_seconds_max: float
    _first_seen: dict[str, float] = field(default_factory=dict)
    _rested: dict[str, float] = field(default_factory=dict)
    _rested_in_quiet: dict[str, float] = field(default_factory=dict)
    _changed_last: float = math.inf

    def noticed(self, now: float) -> None:
        """Something changed. Whoever never says so gets no shorter pauses."""
        self._changed_last = now

    def ready_at(self, evaluation: str, now: float) -> float:
        """From when this evaluation, known to have changed, may be recomputed."""
        first = self._first_seen.setdefault(evaluation, now)
        in_quiet = max(self._changed_last + self.debounce_seconds, self._rested_in_quiet.get(evaluation, 0.0))
        return max(first + self.debounce_seconds, min(self._rested.get(evaluation, 0.0), in_quiet))

    def done(self, evaluation: str, now: float, cost_seconds: float, *, pause_seconds_min: float = 0.0) -> None:
        """It was recomputed (or tried) and that took so long."""
        self._first_seen.pop(evaluation, None)
        pause = min(self.cost_factor * cost_seconds, self.pause_seconds_max)
        self._rested[evaluation] = now + max(pause, pause_seconds_min)
        self._rested_in_quiet[evaluation] = now + max(min(QUIET_FACTOR * cost_seconds, pause), pause_seconds_min)

    def forget(self, evaluations: set[str]) -> None:
        """Those not in the set wait for nothing: keep no memory of what has rested."""
        for held in (self._first_seen, self._rested, self._rested_in_quiet):
            for evaluation in [key for key in held if key not in evaluations]:
                if held is self._first_seen or len(held) > 1000:
                    del held[evaluation]
