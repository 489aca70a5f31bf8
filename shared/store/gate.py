"""A bound on how much is under way; who cannot enter in time is told to come back."""

from __future__ import annotations

import asyncio
from collections import deque

from shared.errors import Transient


class Gate:
    """So many places. Entering a free one costs next to nothing: most do. Used from one event loop."""

    def __init__(self, *, places: int, seconds_max: float, what: str) -> None:
        self._left = places
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._seconds_max = seconds_max
        self._what = what

    def try_enter(self) -> bool:
        """Enter when there is a place; whether there was."""
        if self._left <= 0:
            return False
        self._left -= 1
        return True

    async def enter(self) -> None:
        """Enter as soon as there is a place. Transient when there is none in time."""
        if self.try_enter():
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            async with asyncio.timeout(self._seconds_max):
                await place
        except BaseException as err:
            if place.done() and not place.cancelled():  # given in the same moment
                self.leave()
            if isinstance(err, TimeoutError):
                said = f"store: {self._what} stayed full for {self._seconds_max} s; send less or retry"
                raise Transient(said) from err
            raise

    def leave(self) -> None:
        """Hand the place to who has waited longest, or back."""
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._left += 1
