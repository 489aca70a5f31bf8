"""How much has been applied: counted in memory, added to the stored watermark at every pass of the schedule.

The count is for people. A crash loses what was counted since the last pass (the states themselves are safe, each
with its revision); the newest time mends itself with the next event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Protocol

from services.dashboard.domain.freshness import Watermark


class Watermarks(Protocol):
    """The stored watermark, shared by all instances."""

    async def get(self) -> Watermark: ...

    async def add(self, counts: Mapping[str, int], newest_ms: int) -> None: ...


class Progress:
    """Counts what this instance applies, and notices what others applied. `announce(noun)` is told of both."""

    def __init__(self, store: Watermarks, announce: Callable[[str], None]) -> None:
        self._store = store
        self._announce = announce
        self._held = Watermark({})
        self._fresh: Counter[str] = Counter()
        self._newest_ms = 0

    def note(self, noun: str, at_ms: int) -> None:
        """This instance applied a state whose event was made at `at_ms`."""
        self._fresh[noun] += 1
        self._newest_ms = max(self._newest_ms, at_ms)
        self._announce(noun)

    def watermark(self) -> Watermark:
        """Everything applied, as far as this instance knows."""
        applied = Counter(self._held.applied) + self._fresh
        return Watermark(applied, max(self._held.newest_ms, self._newest_ms))

    async def flush(self, now_ms: int) -> int:
        """Add what was counted to the store, and announce what other instances applied. Returns how many were added.

        When the store fails the counts are kept for the next pass.
        """
        counted = self._fresh
        if counted:
            self._fresh = Counter()
            try:
                await self._store.add(counted, self._newest_ms)
            except BaseException:
                self._fresh += counted
                raise
        await self._look(counted)
        return counted.total()

    async def _look(self, own: Counter[str]) -> None:
        stored = await self._store.get()
        known = Counter(self._held.applied) + own
        self._held = stored
        for noun, number in stored.applied.items():
            if number > known[noun]:
                self._announce(noun)

    async def load(self) -> None:
        """Read the stored watermark, at start."""
        self._held = await self._store.get()
