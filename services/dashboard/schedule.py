"""Clock edge: store the watermark, and see how far the broker is ahead of us."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from shared.schedule import Job

Run = Callable[[int], Awaitable[int]]


def jobs(*, flush: Run, look: Run) -> tuple[Job, ...]:
    """What is asked at every pass."""
    return (Job("watermark", flush), Job("feed", look))
