"""The one writer of an embedded store: a thread that commits in groups.

Writes that are asked for at the same time land in one commit; each is answered after that commit is on disk. Within
a group every write of several statements stands in its own savepoint (one statement is whole or not by itself): one
that fails takes nobody with it. A crash loses only what was not
answered yet, and a group is there whole or not at all.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.errors import TiendoError, Transient
from shared.store.sqlite_errors import is_full, translated

QUEUE_MAX = 1024
GROUP_MAX = 256
ADMISSION_SECONDS_MAX = 5.0

Change = Callable[[sqlite3.Connection], Any]


class Gate:
    """A bound on how much is under way; who cannot enter in time is told to come back (Transient)."""

    def __init__(self, *, places: int, seconds_max: float, what: str) -> None:
        self._free = asyncio.Semaphore(places)
        self._seconds_max = seconds_max
        self._what = what

    async def enter(self) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(self._seconds_max):
                await self._free.acquire()
        except TimeoutError as err:
            raise Transient(f"store: {self._what} stayed full for {self._seconds_max} s; send less or retry") from err

    def leave(self) -> None:
        self._free.release()


@dataclass(slots=True)
class _Job:
    change: Change
    answer: asyncio.Future[Any]
    then: Callable[[Any], None] | None
    one_statement: bool


@dataclass(slots=True)
class _Outcome:
    job: _Job
    value: Any = None
    error: BaseException | None = None


class _GroupLost(Exception):
    """SQLite gave up the whole transaction, not just one statement (disk full, memory, a trigger)."""


class Writer:
    """Runs changes one after the other on its own connection and thread. Made on, and used from, one event loop."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        queue_max: int = QUEUE_MAX,
        admission_seconds_max: float = ADMISSION_SECONDS_MAX,
    ) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._gate = Gate(places=queue_max, seconds_max=admission_seconds_max, what="the queue of writes")
        self._fresh: list[_Job] = []
        self._inbox: queue.SimpleQueue[list[_Job] | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    async def write(
        self, change: Change, *, one_statement: bool = False, then: Callable[[Any], None] | None = None
    ) -> Any:
        """What `change` returned, once it is durable. It runs on the writer's thread and may run twice, never half.

        `then` is called with it on the loop, even when the caller was cancelled meanwhile, which leaves the outcome
        open. Transient when the queue stays full or the store is closed.
        """
        await self._gate.enter()
        if self._closed:
            self._gate.leave()
            raise Transient("store: closed while stopping; the next start takes it")
        job = _Job(change, self._loop.create_future(), then, one_statement)
        self._fresh.append(job)
        if len(self._fresh) == 1:  # hand over once per turn of the loop: what was asked together commits together
            self._loop.call_soon(self._hand_over)
        return await job.answer

    async def aclose(self) -> None:
        """Commit what was accepted, then end the thread and close the connection."""
        if not self._closed:
            self._closed = True
            self._hand_over()
            self._inbox.put(None)
        await asyncio.to_thread(self._thread.join)

    def _hand_over(self) -> None:
        if self._fresh:
            self._inbox.put(self._fresh)
            self._fresh = []

    def _work(self) -> None:
        while (jobs := self._inbox.get()) is not None:
            while len(jobs) < GROUP_MAX and (more := self._arrived()) is not None:
                jobs = [*jobs, *more]
            for start in range(0, len(jobs), GROUP_MAX):
                self._answer(self._commit(jobs[start : start + GROUP_MAX]))
        self._connection.close()

    def _arrived(self) -> list[_Job] | None:
        """What else has been handed over by now; None when nothing, or when the end is next."""
        try:
            jobs = self._inbox.get_nowait()
        except queue.Empty:
            return None
        if jobs is None:
            self._inbox.put(None)
        return jobs

    def _commit(self, jobs: list[_Job]) -> list[_Outcome]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            outcomes = [self._attempt(job) for job in jobs]
            self._connection.execute("COMMIT")
            return outcomes
        except _GroupLost as lost:
            return self._one_by_one(jobs, lost.__cause__, others_may_pass=True)
        except sqlite3.Error as err:
            return self._one_by_one(jobs, err, others_may_pass=is_full(err))
        except BaseException as err:  # the thread must answer whatever happens, or callers wait for ever
            return self._one_by_one(jobs, err, others_may_pass=False)

    def _one_by_one(self, jobs: list[_Job], err: BaseException | None, *, others_may_pass: bool) -> list[_Outcome]:
        """Nothing of the group is written. Give each its own transaction where that can help, else fail them all."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        if others_may_pass and len(jobs) > 1:
            return [self._commit([job])[0] for job in jobs]
        return [_Outcome(job, error=err) for job in jobs]

    def _attempt(self, job: _Job) -> _Outcome:
        if not job.one_statement:
            self._connection.execute("SAVEPOINT one")
        try:
            outcome = _Outcome(job, value=job.change(self._connection))
        except Exception as err:
            if not self._connection.in_transaction:
                raise _GroupLost from err
            if not job.one_statement:
                self._connection.execute("ROLLBACK TO one")
            outcome = _Outcome(job, error=err)
        if not job.one_statement:
            self._connection.execute("RELEASE one")
        return outcome

    def _answer(self, outcomes: list[_Outcome]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._settle, outcomes)
        except RuntimeError:  # the loop was closed without aclose: nobody is left to be told, the writes are durable
            return

    def _settle(self, outcomes: list[_Outcome]) -> None:
        for outcome in outcomes:
            self._gate.leave()
            if outcome.error is None and outcome.job.then is not None:
                outcome.job.then(outcome.value)
            if outcome.job.answer.done():  # cancelled meanwhile
                continue
            if outcome.error is None:
                outcome.job.answer.set_result(outcome.value)
            else:
                outcome.job.answer.set_exception(_ours(outcome.error))


def _ours(error: BaseException) -> BaseException:
    if not isinstance(error, sqlite3.Error):
        return (
            error
            if isinstance(error, TiendoError)
            else _caused(Transient(f"store: the writer failed: {error!r}"), error)
        )
    return _caused(translated(error), error)


def _caused(ours: TiendoError, cause: BaseException) -> TiendoError:
    ours.__cause__ = cause
    return ours
