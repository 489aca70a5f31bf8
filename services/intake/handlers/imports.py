"""Imports: accept a file, say where it stands; and the worker that carries imports out, a part at a time.

Accepting: the file is complete on disk before its job is written, so a job always has its file (crash before the job:
an orphan, swept by a later start; the client has no answer and sends again).

Carrying out: after each part one write moves progress, counts and lease together. A crash in a part leaves the reports
that were already written; when the lease is over, that part is done again, and its reports answer "unchanged" because
identical content writes nothing. So nothing is stored twice, and the counts of at most one part say "unchanged" where
they would have said "created" (a rejected report of it counts twice in its obligation's `rejected_count`).

All or none: the store has no write over many documents, so a file that is to be taken whole is rehearsed whole first.
That the rehearsal found nothing is kept with the job, so a crash after it goes on writing and never stops in the
middle. What others write between the two is the limit: a report that this makes impossible is refused alone, and told.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from services.intake.domain.audit import REGISTRY
from services.intake.domain.imports import (
    ATTEMPTS_MAX,
    FILE_LOST,
    GIVEN_UP,
    RETRY_MS,
    UNREADABLE,
    WAITING_MAX,
    Fault,
    Job,
    Phase,
    Sent,
    Upload,
)
from services.intake.formats.faults import FileFault
from services.intake.formats.records import Record
from services.intake.handlers.file_reports import FileReports, Memory, Submit
from shared.audit.log import Audit
from shared.clock import Clock
from shared.errors import Permanent, Transient
from shared.refusal import Refusal, not_found

log = structlog.get_logger(__name__)

FILE_LOST_MS = 60 * 60 * 1000
"""How long a job whose file no instance here can see is left to the instance that has it."""


class ImportStore(Protocol):
    async def get(self, id: str) -> Job | None: ...
    async def insert(self, job: Job) -> bool: ...
    async def replace(self, job: Job) -> bool: ...
    async def delete(self, job: Job) -> bool: ...
    async def due(self, phase: Phase, *, now_ms: int) -> list[Job]: ...
    async def waiting(self) -> int: ...


class Files(Protocol):
    async def receive(self, id: str, chunks: AsyncIterator[bytes]) -> Upload: ...
    async def keep(self, upload: Upload) -> None: ...
    async def drop(self, upload: Upload) -> None: ...
    async def has(self, job: Job) -> bool: ...
    async def cut(self, job: Job) -> list[int]: ...
    async def part(self, job: Job, part: int) -> list[Record]: ...
    async def forget(self, job: Job) -> None: ...
    async def sweep(self, is_wanted: Callable[[str], Awaitable[bool]]) -> None: ...


class AcceptImports:
    """Takes files and answers for their jobs."""

    def __init__(self, *, imports: ImportStore, files: Files, audit: Audit, clock: Clock) -> None:
        self._imports = imports
        self._files = files
        self._audit = audit
        self._clock = clock

    async def accept(self, id: str, sent: Sent, chunks: AsyncIterator[bytes]) -> tuple[Job, bool]:
        """The job of the file, and whether it is new. The same id again gives the job there is for the same request.

        Refused: too many wait, the file is empty, the id was used for another request.
        """
        if await self._imports.waiting() >= WAITING_MAX:
            raise Refusal("state", _FULL_VI, _FULL_EN, members={"waiting_max": WAITING_MAX})
        upload = await self._files.receive(id, chunks)
        now_ms = self._clock.now_ms()
        whole = sent.model_copy(
            update={"sha256": upload.sha256, "bytes": upload.bytes, "received_at_ms": now_ms},
        )
        held = await self._imports.get(id)
        if held is not None or upload.bytes == 0:
            await self._files.drop(upload)
        if upload.bytes == 0:
            raise Refusal("not_valid", "Tệp trống.", "The file is empty.")
        if held is None:
            await self._files.keep(upload)
            job = Job(id=id, sent=whole, due_ms=now_ms)
            if await self._imports.insert(job):
                await self._audit.record(
                    REGISTRY, "import.received", id, by=sent.by, at_ms=now_ms, sha256=upload.sha256, bytes=upload.bytes
                )
                return job, True
            held = await self._imports.get(id)
        if held is None or not held.sent.is_like(whole):
            raise Refusal("not_valid", _KEY_VI, _KEY_EN)
        return held, False

    async def get(self, id: str) -> Job:
        """The job; refused as not found."""
        job = await self._imports.get(id) if id.startswith("import-") else None
        if job is None:
            raise not_found(f"lượt nhập tệp {id}", f"import {id}")
        return job


class RunImports:
    """Carries imports out in the background: at most `workers` at once in this process."""

    def __init__(
        self,
        *,
        imports: ImportStore,
        files: Files,
        submit: Submit,
        rehearse: Callable[[], tuple[Submit, Memory]],
        clock: Clock,
        owner: str,
        workers: int = 2,
    ) -> None:
        self._imports = imports
        self._files = files
        self._submit = submit
        self._rehearse = rehearse
        self._clock = clock
        self._owner = owner
        self._workers = workers
        self._running: dict[str, asyncio.Task[None]] = {}
        self._swept = False

    @property
    def busy(self) -> int:
        """Imports that are under way in this process."""
        return len(self._running)

    async def due(self, now_ms: int) -> int:
        """Begin what waits, as far as there is room; forget what is old. Gives how many were begun or forgotten."""
        if not self._swept:
            await self._sweep()
            self._swept = True
        done = 0
        for phase in ("QUEUED", "RUNNING"):
            for job in await self._imports.due(phase, now_ms=now_ms):
                if len(self._running) >= self._workers:
                    return done
                done += await self._begin(job, now_ms)
        return done + await self._forget_old(now_ms)

    async def finish(self) -> None:
        """Wait until nothing is under way here."""
        while self._running:
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def stop(self) -> None:
        """Leave what is under way to the next start, at once: its lease is given back."""
        for task in self._running.values():
            task.cancel()
        await self.finish()

    async def _begin(self, job: Job, now_ms: int) -> int:
        if job.id in self._running:
            return 0
        if not await self._files.has(job):
            if now_ms - job.due_ms < FILE_LOST_MS:
                return 0
            return int(await self._imports.replace(job.ended(now_ms=now_ms, fault=FILE_LOST)))
        if job.attempts >= ATTEMPTS_MAX:  # the process died at it each time
            return int(await self._imports.replace(job.ended(now_ms=now_ms, fault=GIVEN_UP)))
        claimed = job.claimed(owner=self._owner, now_ms=now_ms)
        if not await self._imports.replace(claimed):
            return 0
        task = asyncio.create_task(self._run(_next(claimed)), name=job.id)
        self._running[job.id] = task
        task.add_done_callback(lambda _: self._running.pop(job.id, None))
        return 1

    async def _run(self, job: Job) -> None:
        """One job to its end. Whatever goes wrong is the job's, never the worker's."""
        try:
            await self._carry_out(job)
        except asyncio.CancelledError:
            await asyncio.shield(self._give_back(job.id))
            raise
        except Exception as fault:  # the loop of jobs must outlive any one of them
            log.exception("import.interrupted", import_id=job.id, reason=type(fault).__name__)
            await self._give_up_or_wait(job.id)

    async def _carry_out(self, job: Job) -> None:
        try:
            counts = await self._files.cut(job)
        except FileFault as fault:
            await self._end(job, Fault.model_validate(fault.document()))
            return
        except Permanent:
            log.warning("import.reading_stopped", import_id=job.id)
            await self._end(job, UNREADABLE)
            return
        if job.parts_done == 0:
            job = await self._saved(job.cut(counts, now_ms=self._clock.now_ms()))
        if job.is_rehearsing:
            # One that was interrupted has forgotten what it rehearsed.
            job = await self._saved(job.restarted()) if job.parts_done else job
            job = await self._through(job, counts, *self._rehearse())
            if job.sent.is_all_or_none and not job.tally.is_sound:
                job = job.withheld()
            elif not job.sent.dry_run:
                job = await self._saved(job.passed())
        if not job.is_rehearsing:
            job = await self._through(job, counts, self._submit, None)
        await self._end(job, None)

    async def _through(self, job: Job, counts: Sequence[int], submit: Submit, memory: Memory | None) -> Job:
        """The job with all its parts done: written, or with `memory` rehearsed."""
        sent = job.sent
        reports = FileReports(submit, by=sent.by, mode=sent.mode, at_ms=sent.received_at_ms, memory=memory)
        for part in range(job.parts_done, len(counts)):
            results = await reports.take(await self._files.part(job, part))
            tally = job.tally.model_copy(deep=True)
            tally.add(results)
            job = await self._saved(job.advanced(tally, rows=counts[part], now_ms=self._clock.now_ms()))
        return job

    async def _end(self, job: Job, fault: Fault | None) -> None:
        await self._saved(job.ended(now_ms=self._clock.now_ms(), fault=fault))
        await self._files.forget(job)
        log.info("import.ended", import_id=job.id, rows=job.rows_total, fault=fault.code if fault else None)

    async def _saved(self, job: Job) -> Job:
        """The job as it now stands in the store. Transient when another instance has taken it over."""
        if not await self._imports.replace(job):
            raise _TakenOver(f"{job.id} was taken over by another instance")
        return _next(job)

    async def _give_back(self, id: str) -> None:
        """End the lease now, so that whoever looks next goes on."""
        with contextlib.suppress(Transient):
            job = await self._imports.get(id)
            if job is not None and job.phase == "RUNNING" and job.owner == self._owner:
                await self._imports.replace(job.waiting_until(self._clock.now_ms()))

    async def _give_up_or_wait(self, id: str) -> None:
        """After too many attempts at the same part the job ends; before, it is tried again a little later."""
        with contextlib.suppress(Transient):
            job = await self._imports.get(id)
            if job is None or job.phase != "RUNNING" or job.owner != self._owner:
                return
            if job.attempts >= ATTEMPTS_MAX:
                await self._end(job, GIVEN_UP)
            else:
                await self._imports.replace(job.waiting_until(self._clock.now_ms() + RETRY_MS))

    async def _forget_old(self, now_ms: int) -> int:
        done = 0
        for phase in _ENDED:
            for job in await self._imports.due(phase, now_ms=now_ms):
                done += await self._imports.delete(job)
        return done

    async def _sweep(self) -> None:
        """Old files that a crash left: unfinished uploads, files without a job or of a job that has ended."""

        async def is_wanted(id: str) -> bool:
            job = await self._imports.get(id)
            return job is not None and job.phase not in _ENDED

        await self._files.sweep(is_wanted)


class _TakenOver(Transient):
    """Another instance goes on with the job: this one stops, and has nothing to give back."""


_ENDED: Sequence[Phase] = ("DONE", "FAILED")

_FULL_VI = "Quá nhiều tệp đang chờ; hãy gửi lại sau ít phút."
_FULL_EN = "Too many files wait; send it again in a few minutes."
_KEY_VI = "Khóa này đã dùng cho một tệp hoặc yêu cầu khác."
_KEY_EN = "This key was used for another file or request."


def _next(job: Job) -> Job:
    return job.model_copy(update={"rev": job.rev + 1})
