"""The readers of an embedded store: a few threads, each with its own connection that cannot write, and one of the loop.

A read by id from pages in memory takes 6 to 10 us, to hand it to a thread and be woken for the answer 40 to 100. So
few ids are read right on the event loop's thread. A reader of a write-ahead log waits for no writer; where it would
have to wait all the same (another process recovers the log or closes the file), its connection does not, and the
threads are asked instead.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from shared.errors import Transient
from shared.store.gate import Gate
from shared.store.sqlite_errors import is_busy, translated

READERS = 4
READS_MAX = 256
POINTS_PER_TURN = 64
"""Reads on the loop's thread in one turn of the loop; who asks for more goes to the threads and lets others run."""
GROUP_MIN = 4
"""Questions of one turn that one thread takes before another is used."""
ADMISSION_SECONDS_MAX = 5.0

T = TypeVar("T")


@dataclass(slots=True)
class _Asked:
    question: Callable[[sqlite3.Connection], Any]
    answer: asyncio.Future[Any]


class Readers:
    """Runs questions beside the writer; each sees every write that was answered before it was asked.

    Questions that are asked in the same turn of the loop go to the threads together, a few for each: handing one over
    and being woken for its answer cost more than a read by id.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._own = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._gate = Gate(places=READS_MAX, seconds_max=ADMISSION_SECONDS_MAX, what="the queue of reads")
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._loop = asyncio.get_running_loop()
        self._fresh: list[_Asked] = []
        self._closed = False

    async def read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """What `question` returned. Transient when the queue stays full, the store is closed or does not answer."""
        if not self._gate.try_enter():
            await self._gate.enter()
        try:
            if self._closed:
                raise Transient("store: closed while stopping")
            asked = _Asked(question, self._loop.create_future())
            self._fresh.append(asked)
            if len(self._fresh) == 1:
                self._loop.call_soon(self._hand_over)
            answer: T = await asked.answer
            return answer
        except sqlite3.Error as err:
            raise translated(err) from err
        finally:
            self._gate.leave()

    async def aclose(self) -> None:
        """Finish the questions under way, then close the connections."""
        self._closed = True
        self._hand_over()
        await asyncio.to_thread(self._pool.shutdown)
        while self._opened:
            self._opened.pop().close()

    def _hand_over(self) -> None:
        fresh, self._fresh = self._fresh, []
        # A slow question must not hold up many others: no more of them on one thread than is needed.
        size = max(GROUP_MIN, -(-len(fresh) // READERS))
        for start in range(0, len(fresh), size):
            self._pool.submit(self._answer, fresh[start : start + size])

    def _answer(self, group: list[_Asked]) -> None:
        outcomes = [self._ask(asked.question) for asked in group]
        try:
            self._loop.call_soon_threadsafe(_settle, group, outcomes)
        except RuntimeError:  # the loop is closed: nobody is left to be told
            return

    def _ask(self, question: Callable[[sqlite3.Connection], Any]) -> tuple[Any, BaseException | None]:
        try:
            connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
            if connection is None:
                connection = self._own.connection = self._connect()
                self._opened.append(connection)
            return question(connection), None
        except BaseException as err:  # who asked is told, whatever it is
            return None, err


def _settle(group: list[_Asked], outcomes: list[tuple[Any, BaseException | None]]) -> None:
    for asked, (value, error) in zip(group, outcomes, strict=True):
        if asked.answer.done():  # cancelled meanwhile
            continue
        if error is None:
            asked.answer.set_result(value)
        else:
            asked.answer.set_exception(error)


class PointReader:
    """Reads of a few documents by id, at once and on the thread that asks. Made on, and used from, one event loop.

    All reads of one turn of the loop see one snapshot: to begin one costs several times what a read from it does. Who
    was told of a write runs after the turn in which it was told, and so reads from a later snapshot.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._left = POINTS_PER_TURN
        self._closed = False

    def may_read(self) -> bool:
        """Whether another read fits into this turn of the loop. Transient when the store is closed."""
        if self._closed:
            raise Transient("store: closed while stopping")
        if self._left == POINTS_PER_TURN:
            self._loop.call_soon(self._next_turn)
        self._left -= 1
        return self._left > 0

    def read(self, question: Callable[..., T], *args: Any) -> tuple[bool, T | None]:
        """Whether it could be read without waiting, and then the answer. Our errors as from `Readers`."""
        try:
            if not self._connection.in_transaction:
                self._connection.execute("BEGIN")
            return True, question(self._connection, *args)
        except sqlite3.Error as err:
            if is_busy(err):
                return False, None
            raise translated(err) from err

    def close(self) -> None:
        """May be called twice."""
        if not self._closed:
            self._closed = True
            self._connection.close()

    def _next_turn(self) -> None:
        self._left = POINTS_PER_TURN
        if not self._closed and self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
