"""The one writer of an embedded store: a thread that commits in groups.

Writes that are asked for at the same time land in one commit; each is answered after that commit is on disk. Each
change of a group is whole or not by itself (one statement is; one of several stands in its own savepoint): one that
fails takes nobody with it. A crash loses only what was not answered yet, and a group is there whole or not at all.
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
from shared.store.gate import Gate
from shared.store.sqlite_errors import is_full, translated

QUEUE_MAX = 1024
GROUP_MAX = 256
ADMISSION_SECONDS_MAX = 5.0

Change = Callable[..., Any]
"""A function of the connection and some arguments. What it writes is whole or not at all, whatever it raises."""


@dataclass(slots=True)
class _Job:
    change: Change
    args: tuple[Any, ...]
    answer: asyncio.Future[Any]
    then: Callable[[Any], None] | None
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
        check: Callable[[sqlite3.Connection], None] | None = None,
    ) -> None:
        """`check` runs within each transaction before its changes; what it raises fails them all."""
        self._connection = connection
        self._check = check
        self._loop = asyncio.get_running_loop()
        self._gate = Gate(places=queue_max, seconds_max=admission_seconds_max, what="the queue of writes")
        self._fresh: list[_Job] = []
        self._inbox: queue.SimpleQueue[list[_Job] | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    async def write(self, change: Change, *args: Any, then: Callable[[Any], None] | None = None) -> Any:
        """What `change(connection, *args)` returned, once it is durable. It runs on the writer's thread, maybe twice.

        `then` is called with it on the loop, even when the caller was cancelled meanwhile, which leaves the outcome
        open. Transient when the queue stays full or the store is closed.
        """
        if not self._gate.try_enter():
            await self._gate.enter()
        if self._closed:
            self._gate.leave()
            raise Transient("store: closed while stopping; the next start takes it")
        job = _Job(change, args, self._loop.create_future(), then)
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

    def _commit(self, jobs: list[_Job]) -> list[_Job]:
        execute = self._connection.execute
        try:
            execute("BEGIN IMMEDIATE")
            if self._check is not None:
                self._check(self._connection)
            for job in jobs:
                self._attempt(job)
            execute("COMMIT")
            return jobs
        except _GroupLost as lost:
            return self._one_by_one(jobs, lost.__cause__, others_may_pass=True)
        except sqlite3.Error as err:
            return self._one_by_one(jobs, err, others_may_pass=is_full(err))
        except BaseException as err:  # the thread must answer whatever happens, or callers wait for ever
            return self._one_by_one(jobs, err, others_may_pass=False)

    def _one_by_one(self, jobs: list[_Job], err: BaseException | None, *, others_may_pass: bool) -> list[_Job]:
        """Nothing of the group is written. Give each its own transaction where that can help, else fail them all."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        if others_may_pass and len(jobs) > 1:
            return [self._commit([job])[0] for job in jobs]
        for job in jobs:
            job.error = err
        return jobs

    def _attempt(self, job: _Job) -> None:
        job.error = None
        try:
            job.value = job.change(self._connection, *job.args)
        except Exception as err:
            if not self._connection.in_transaction:
                raise _GroupLost from err
            job.error = err

    def _answer(self, jobs: list[_Job]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._settle, jobs)
        except RuntimeError:  # the loop was closed without aclose: nobody is left to be told, the writes are durable
            return

    def _settle(self, jobs: list[_Job]) -> None:
        for job in jobs:
            self._gate.leave()
            if job.error is None and job.then is not None:
                job.then(job.value)
            if job.answer.done():  # cancelled meanwhile
                continue
            if job.error is None:
                job.answer.set_result(job.value)
            else:
                job.answer.set_exception(_ours(job.error))


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
