"""Waiting for a condition, with a deadline: tests never sleep for a fixed time."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable


async def until(condition: Callable[[], bool | Awaitable[bool]], *, within_seconds: float = 15.0) -> None:
    """Return as soon as `condition()` holds; AssertionError when it does not in time."""
    deadline = time.monotonic() + within_seconds
    while True:
        held = condition()
        if inspect.isawaitable(held):
            held = await held
        if held:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"did not come true within {within_seconds:g} s")
        await asyncio.sleep(0.01)
