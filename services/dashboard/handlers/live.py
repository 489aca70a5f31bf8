"""The live channel: tells connected browsers which regions to fetch again.

A listener holds a set of regions, not a queue: however many events arrive while it is slow, it takes no more memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from services.dashboard.domain.regions import regions_of
from shared.errors import Transient


class Full(Transient):
    """Every seat of the live channel is taken."""


class Listener:
    """One connected browser."""

    def __init__(self) -> None:
        self._changed: set[str] = set()
        self._woken = asyncio.Event()
        self.closed = False

    def tell(self, regions: frozenset[str]) -> None:
        self._changed |= regions
        self._woken.set()

    def close(self) -> None:
        self.closed = True
        self._woken.set()

    async def changes(self, *, within_seconds: float) -> list[str]:
        """The regions that changed since the last call, waiting for some; empty after `within_seconds` or on close."""
        try:
            async with asyncio.timeout(within_seconds):
                await self._woken.wait()
        except TimeoutError:
            return []
        self._woken.clear()
        changed, self._changed = sorted(self._changed), set()
        return changed


class Live:
    """All connected browsers, at most `clients_max`."""

    def __init__(self, *, clients_max: int) -> None:
        self.clients_max = clients_max
        self._listeners: set[Listener] = set()
        self._closed = False

    @property
    def clients(self) -> int:
        return len(self._listeners)

    @contextmanager
    def seat(self) -> Iterator[Listener]:
        """Listen while inside; `Full` when no seat is left or the service is stopping."""
        if self._closed or len(self._listeners) >= self.clients_max:
            raise Full("the live channel is full; the page can be reloaded instead")
        listener = Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def announce(self, noun: str) -> None:
        """Something about the noun changed."""
        regions = regions_of(noun)
        for listener in self._listeners:
            listener.tell(regions)

    def close(self) -> None:
        """End every stream: the service is stopping."""
        self._closed = True
        for listener in self._listeners:
            listener.close()
