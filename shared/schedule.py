"""The clock edge that all services share: every few seconds, ask handlers what is due.

A job is told `now_ms` and does everything that is due by then (`fire_at <= now`, never equality), so downtime delays
and never loses. A job that raises is logged and asked again at the next pass; the others are not held up by it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from shared.clock import Clock

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to ask at every pass. `run(now_ms)` returns how many things it did, for the log."""

    name: str
    run: Callable[[int], Awaitable[int]]


class Schedule:
    """Runs its jobs one after the other, `every_seconds` of real time apart, until stopped."""

    def __init__(self, *, clock: Clock, every_seconds: float, jobs: Sequence[Job]) -> None:
        self._clock = clock
        self._every_seconds = every_seconds
        self._jobs = tuple(jobs)
        self._task: asyncio.Task[None] | None = None
        self.passed_ms = 0
        """`now` of the last pass in which every job succeeded (epoch ms); 0 before the first."""
        self.faults: dict[str, str] = {}
        """Job -> what went wrong in its last run; empty while all is well. Readiness shows it."""

    def start(self) -> None:
        self._task = asyncio.create_task(self._loop(), name="schedule")

    async def stop(self) -> None:
        """Cancel the loop. Jobs are written so that an interruption only delays (see their docstrings)."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def run_once(self) -> int:
        """One pass over all jobs at the clock's current instant; returns how many things were done."""
        now_ms = self._clock.now_ms()
        done = 0
        for job in self._jobs:
            try:
                done += await job.run(now_ms)
                self.faults.pop(job.name, None)
            except Exception as fault:  # the loop must outlive any one job; the fault is shown in readiness
                self.faults[job.name] = f"{type(fault).__name__}: {fault}"
                log.exception("schedule.job_failed", job=job.name)
        if not self.faults:
            self.passed_ms = now_ms
        return done

    async def _loop(self) -> None:
        while True:
            await self.run_once()
            await asyncio.sleep(self._every_seconds)
