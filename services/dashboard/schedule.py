"""Clock edge: store the watermark, and notice what other instances applied."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from shared.schedule import Job

Run = Callable[[int], Awaitable[int]]


def jobs(*, flush: Run) -> tuple[Job, ...]:
    """What is asked at every pass."""
    return (Job("watermark", flush),)
