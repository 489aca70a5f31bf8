"""Background tasks that do not end silently."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import structlog

log = structlog.get_logger(__name__)


def start_task(work: Coroutine[None, None, None], *, name: str) -> asyncio.Task[None]:
    """Run `work` in the background; an error that ends it is logged at once. Who started it keeps and stops it."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_tell)
    return task


async def stop_task(task: asyncio.Task[None] | None) -> None:
    """Cancel and wait until it has ended; nothing happens when there is none."""
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _tell(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log.error("task_ended_unexpectedly", task=task.get_name(), exc_info=error)
