"""Background tasks that do not end silently."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import structlog

log = structlog.get_logger(__name__)

CANCEL_AGAIN_SECONDS = 0.5


def start_task(work: Coroutine[None, None, None], *, name: str) -> asyncio.Task[None]:
    """Run `work` in the background; an error that ends it is logged at once. Who started it keeps and stops it."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_tell)
    return task


async def stop_task(task: asyncio.Task[None] | None) -> None:
    """Cancel and wait until it has ended; nothing happens when there is none.

    A cancellation can be swallowed by what the task awaits (`asyncio.wait_for` of Python 3.11 does so when its time
    is up in the same moment), so it is repeated until the task has ended.
    """
    while task is not None and not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_AGAIN_SECONDS)


def _tell(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log.error("task_ended_unexpectedly", task=task.get_name(), exc_info=error)
