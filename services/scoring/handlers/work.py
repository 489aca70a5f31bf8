"""Compute analyses, one at a time, under a lease, in threads: consumers and probes must stay responsive.

Claim, compute step after step, tell the progress every second (which is also the lease), keep the steps of long ones,
save the table, end it. A crash costs what was computed since the last kept step; a table half saved is saved again. Two
who compute the same after a lease ran out find the same bytes, and only one of them ends it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Protocol, TypeVar

import structlog

from services.scoring.domain.analysis.encoded import decoded, encoded
from services.scoring.domain.analysis.job import Job
from services.scoring.domain.analysis.kinds import PARAMETERS, Material, make
from services.scoring.domain.analysis.outcome import Analysis, Outcome, Part
from shared.clock import Clock
from shared.errors import Permanent, Transient
from shared.refusal import Refusal

log = structlog.get_logger(__name__)

Found = TypeVar("Found")

THREADS = 2
TELL_SECONDS = 1.0
KEEP_AFTER_SECONDS = 3.0
"""Shorter analyses are computed again after a crash rather than kept step by step."""
KEPT_BYTES_MAX = 64 * 1024 * 1024
TAKEOVERS_MAX = 3
BROKEN = {"vi": "Lỗi nội bộ khi tính; xem nhật ký hệ thống.", "en": "An internal fault while computing: read the log."}
ABANDONED = {
    "vi": "Đã bị dừng giữa chừng quá nhiều lần.",
    "en": "It was cut off too many times.",
}


class Jobs(Protocol):
    async def claim(self) -> Job | None: ...

    async def renew(self, job: Job) -> bool: ...

    async def release(self, job: Job) -> bool: ...

    async def end(self, job: Job) -> bool: ...

    async def keep_step(self, job: Job, number: int, text: str) -> bool: ...

    async def steps(self, id: str) -> Mapping[int, str]: ...

    async def keep_rows(self, id: str, rows: Sequence[list[Any]]) -> None: ...

    async def forget_parts(self, id: str, what: str) -> None: ...


class Materials(Protocol):
    async def material(self, job: Job) -> Material: ...


class Gone(Exception):
    """The job was cancelled, or another has taken it over."""


class _Held:
    """A leased job, and what its steps found."""

    def __init__(self, jobs: Jobs, job: Job) -> None:
        self._jobs = jobs
        self.job = job
        self.found: dict[int, Part] = {}
        self.steps = self.total = 0
        self._before = job.seconds
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def now(self) -> Job:
        """The job with its progress."""
        done = self.total * len(self.found) // max(self.steps, 1)
        return replace(self.job, done=done, total=self.total, seconds=self._before + self.seconds)

    async def tell(self) -> None:
        """Save the progress, which renews the lease. Gone when it is ours no more."""
        if not await self._jobs.renew(self.now()):
            raise Gone

    async def beat(self) -> None:
        """Tell every second, until it is ours no more."""
        while True:
            await asyncio.sleep(TELL_SECONDS)
            await self.tell()


class Work:
    """Takes waiting analyses."""

    def __init__(self, *, jobs: Jobs, pinned: Materials, clock: Clock, threads: int = THREADS) -> None:
        self._jobs = jobs
        self._pinned = pinned
        self._clock = clock
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="analysis")
        self._at_once = threads

    def close(self) -> None:
        """No more work; a step that runs ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def run_next(self) -> str | None:
        """Named outcome of the longest waiting one: `done`, `failed`, `gone`; None when nothing waits."""
        job = await self._jobs.claim()
        if job is None:
            return None
        held = _Held(self._jobs, job)
        try:
            last, rows = await self._while_ours(held)
            outcome = await self._end(last, rows)
        except Gone:
            outcome = "gone"
        except (Transient, asyncio.CancelledError):
            await self._jobs.release(held.now())
            raise
        log.info("analysis.ended", analysis=job.kind, plan=job.plan, year=job.year, outcome=outcome)
        return outcome

    async def _while_ours(self, held: _Held) -> tuple[Job, list[list[Any]]]:
        """The job in its last state with its table, computed while the lease is renewed beside."""
        work, beat = asyncio.create_task(self._computed(held)), asyncio.create_task(held.beat())
        try:
            await asyncio.wait({work, beat}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                await beat  # raises why it ended
            return work.result()
        finally:
            for task in (work, beat):
                task.cancel()
            await asyncio.gather(work, beat, return_exceptions=True)

    async def _computed(self, held: _Held) -> tuple[Job, list[list[Any]]]:
        job = held.job
        if job.takeovers > TAKEOVERS_MAX:
            return _failed(held, ABANDONED), []
        try:
            material = await self._pinned.material(job)
            parameters = PARAMETERS[job.kind].model_validate(job.parameters)
            analysis = await self._in_thread(make, job.kind, parameters, material)
            await self._stepped(held, analysis)
            outcome = await self._in_thread(_finish, analysis, held.found)
        except Refusal as refusal:
            return _failed(held, refusal.text.model_dump()), []
        except Permanent as fault:
            return _failed(held, {"vi": str(fault), "en": str(fault)}), []
        except (Transient, Gone):
            raise
        except Exception:  # one analysis must not stop the others; the log has it
            log.exception("analysis.failed", analysis=job.kind, plan=job.plan, year=job.year, id=job.id)
            return _failed(held, BROKEN), []
        done = replace(held.now(), state="done", done=held.total, summary=outcome.summary)
        return replace(done, columns=outcome.columns, rows=len(outcome.rows)), outcome.rows

    async def _stepped(self, held: _Held, analysis: Analysis) -> None:
        """Every step, some at once; those that were kept are not computed again."""
        held.steps, held.total = analysis.steps, analysis.total
        for number, text in (await self._jobs.steps(held.job.id)).items():
            held.found[number] = await self._in_thread(decoded, text)
        keeper = _Keeper(self._jobs, held, set(held.found))
        left = [number for number in range(analysis.steps) if number not in held.found]
        running: dict[asyncio.Future[Part], int] = {}
        while left or running:
            while left and len(running) < self._at_once:
                number = left.pop(0)
                running[self._in_thread(analysis.step, number)] = number
            ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for future in ended:
                held.found[running.pop(future)] = future.result()
            if held.seconds > KEEP_AFTER_SECONDS:
                await keeper.keep(self._in_thread)

    async def _end(self, last: Job, rows: list[list[Any]]) -> str:
        """Save the table before the state that says it is there."""
        await self._jobs.keep_rows(last.id, rows)
        last = replace(last, ended_ms=self._clock.now_ms())
        if not await self._jobs.end(last):
            return "gone"
        await self._jobs.forget_parts(last.id, "steps")
        return last.state

    def _in_thread(self, work: Callable[..., Found], *given: Any) -> asyncio.Future[Found]:
        return asyncio.get_running_loop().run_in_executor(self._threads, work, *given)


class _Keeper:
    """Keeps steps against a crash, while they are small enough."""

    def __init__(self, jobs: Jobs, held: _Held, kept: set[int]) -> None:
        self._jobs = jobs
        self._held = held
        self._kept = kept
        self._room = KEPT_BYTES_MAX

    async def keep(self, in_thread: Callable[..., asyncio.Future[str]]) -> None:
        """Keep what is not yet kept."""
        for number in [number for number in self._held.found if number not in self._kept]:
            if self._room <= 0:
                return
            text = await in_thread(encoded, self._held.found[number])
            self._kept.add(number)
            kept = await self._jobs.keep_step(self._held.job, number, text)
            self._room = self._room - len(text) if kept else 0


def _failed(held: _Held, fault: dict[str, str]) -> Job:
    return replace(held.now(), state="failed", fault=fault)


def _finish(analysis: Analysis, found: Mapping[int, Part]) -> Outcome:
    return analysis.finish([found[number] for number in range(analysis.steps)])
