"""Clock edge: time that makes reports due, and the loop that recomputes what has changed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine

import structlog

from services.scoring.domain.debounce import Debounce
from services.scoring.domain.evaluations import Mark
from shared.errors import Transient
from shared.schedule import Job

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
"""How often marks are looked for that another instance made, or left behind in a crash."""
FAULT_PAUSE_SECONDS = 1.0
RETRY_SECONDS = 0.25
MARKS = "marks"

Waiting = Callable[[], Awaitable[list[Mark]]]
Run = Callable[[Mark], Awaitable[str]]


def jobs(*, mark_due: Callable[[int], Awaitable[int]]) -> tuple[Job, ...]:
    """What is asked at every pass."""
    return (Job("due", mark_due),)


def round_jobs(
    *,
    step_due: Callable[[int], Awaitable[int]],
    anchor_due: Callable[[int], Awaitable[int]],
    mend_due: Callable[[int], Awaitable[int]],
) -> tuple[Job, ...]:
    """The steps that time takes in rounds; the audit log: anchors of its days, lines that a crash left unwritten."""
    return (Job("rounds", step_due), Job("anchors", anchor_due), Job("mend", mend_due))


def edition_jobs(
    *,
    snapshots_due: Callable[[int], Awaitable[int]],
    seals_due: Callable[[int], Awaitable[int]],
    follow_due: Callable[[int], Awaitable[int]],
) -> tuple[Job, ...]:
    """Keep provisional results; finish seals and publications that a crash cut off."""
    return (Job("provisionals", snapshots_due), Job("seals", seals_due), Job("editions", follow_due))


class _Background:
    """A loop that runs beside everything else until it is stopped."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def start(self, loop: Coroutine[None, None, None], name: str) -> None:
        self._task = asyncio.create_task(loop, name=name)

    async def stop(self) -> None:
        """Cancel it, and wait until it has ended."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    """Until the event is set, but no longer than this."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


class RecomputeLoop:
    """Recomputes marked evaluations one after the other, each when its debounce allows, until stopped."""

    def __init__(self, *, waiting: Waiting, run: Run, debounce: Debounce, told: Callable[[str, float], None]) -> None:
        self._waiting = waiting
        self._run = run
        self._debounce = debounce
        self._told = told
        self._marked = asyncio.Event()
        self._background = _Background()
        self.runs = 0
        """How many recomputations ended; only grows."""
        self.faults: dict[str, str] = {}
        """What cannot be recomputed -> what went wrong at the last try; empty while all is well. Readiness shows it."""

    def notice(self) -> None:
        """Something was marked: look soon."""
        self._debounce.noticed(asyncio.get_running_loop().time())
        self._marked.set()

    def start(self) -> None:
        self._background.start(self._loop(), "recompute")

    async def stop(self) -> None:
        """Cancel it. A recomputation that is cut off is taken up again when its lease has run out."""
        await self._background.stop()

    async def run_all(self) -> int:
        """Recompute until nothing waits, without pauses; how many recomputations. For tests and tools."""
        count = 0
        while marks := await self._waiting():
            for mark in marks:
                await self._one(mark)
                count += 1
        return count

    async def _loop(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            try:
                pause = await self._pass(clock)
                self.faults.pop(MARKS, None)
            except Exception as fault:  # the loop must outlive a store that is away; readiness shows it
                self.faults[MARKS] = f"{type(fault).__name__}: {fault}"
                log.exception("recompute.marks_unreadable")
                pause = FAULT_PAUSE_SECONDS
            if pause > 0:
                await _set_within(self._marked, pause)

    async def _pass(self, clock: Callable[[], float]) -> float:
        """Recompute the first that is ready. Seconds until it is worth looking again; 0 at once."""
        self._marked.clear()
        marks = await self._waiting()
        self._debounce.forget({mark.id for mark in marks})
        soonest = LOOK_SECONDS
        for mark in marks:
            wait = self._debounce.ready_at(mark.id, clock()) - clock()
            if wait <= 0:
                await self._timed(mark, clock)
                return 0.0
            soonest = min(soonest, wait)
        if marks:
            await asyncio.sleep(soonest)
            return 0.0
        return soonest

    async def _timed(self, mark: Mark, clock: Callable[[], float]) -> None:
        started = clock()
        try:
            outcome = await self._one(mark)
            self.faults.pop(mark.id, None)
        except Transient as fault:
            outcome = "retried"
            log.warning("recompute.retried", plan=mark.plan, year=mark.year, reason=str(fault))
        except Exception as fault:  # one evaluation must not hold up the others; tried again when its lease is over
            outcome = "failed"
            self.faults[mark.id] = f"{type(fault).__name__}: {fault}"
            log.exception("recompute.failed", plan=mark.plan, year=mark.year)
        cost = clock() - started
        self._told(outcome, cost)
        again = RETRY_SECONDS if outcome in ("retried", "failed") else 0.0
        self._debounce.done(mark.id, clock(), cost, pause_seconds_min=again)

    async def _one(self, mark: Mark) -> str:
        try:
            return await self._run(mark)
        finally:
            self.runs += 1


class AnalysisLoop:
    """Computes waiting analyses one after the other, until stopped."""

    def __init__(self, *, run_next: Callable[[], Awaitable[str | None]], close: Callable[[], None]) -> None:
        self._run_next = run_next
        self._close = close
        self._asked = asyncio.Event()
        self._background = _Background()

    def notice(self) -> None:
        """One was asked for: look soon."""
        self._asked.set()

    def start(self) -> None:
        self._background.start(self._loop(), "analyses")

    async def stop(self) -> None:
        """Cancel it, and give the analysis that is being computed back."""
        await self._background.stop()
        self._close()

    async def run_all(self) -> int:
        """Compute until nothing waits; how many. For tests and tools."""
        count = 0
        while await self._run_next() is not None:
            count += 1
        return count

    async def _loop(self) -> None:
        while True:
            self._asked.clear()
            try:
                waiting = await self._run_next() is not None
            except Exception as fault:  # the loop must outlive a store that is away; the lease runs out
                waiting = False
                log.warning("analysis.retried", reason=f"{type(fault).__name__}: {fault}")
            if not waiting:
                await _set_within(self._asked, LOOK_SECONDS)
