"""Whether unit systems are asked to come back later, because what was accepted does not get out.

Judged in real seconds that the same event has been the oldest one waiting: the platform's clock may jump (simulation),
and after a downtime the oldest event is old without anything being wrong. A restart begins to count again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol


class Outbox(Protocol):
    async def oldest(self) -> str | None: ...


class Shedding:
    """Looks at the outbox once a pass of the schedule."""

    def __init__(self, outbox: Outbox, *, seconds_max: float, seconds: Callable[[], float] = time.monotonic) -> None:
        self._outbox = outbox
        self._seconds_max = seconds_max
        self._seconds = seconds
        self._oldest: str | None = None
        self._since = 0.0

    async def look(self, _now_ms: int) -> int:
        """Remember which event is the oldest that waits."""
        oldest = await self._outbox.oldest()
        if oldest != self._oldest:
            self._oldest, self._since = oldest, self._seconds()
        return 0

    def is_on(self) -> bool:
        """Whether the same event has waited longer than is tolerated."""
        return self._oldest is not None and self._seconds() - self._since > self._seconds_max
