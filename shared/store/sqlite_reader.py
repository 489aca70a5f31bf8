"""The readers of an embedded store: a few threads, each with its own connection that cannot write."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from shared.errors import Transient
from shared.store.sqlite_errors import translated
from shared.store.sqlite_writer import Gate

READERS = 4
READS_MAX = 256
ADMISSION_SECONDS_MAX = 5.0

T = TypeVar("T")


class Readers:
    """Runs questions beside the writer; each sees every write that was answered before it was asked."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._own = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._gate = Gate(places=READS_MAX, seconds_max=ADMISSION_SECONDS_MAX, what="the queue of reads")
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._closed = False

    async def read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """What `question` returned. Transient when the queue stays full, the store is closed or does not answer."""
        await self._gate.enter()
        try:
            if self._closed:
                raise Transient("store: closed while stopping")
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._ask, question)
        except sqlite3.Error as err:
            raise translated(err) from err
        finally:
            self._gate.leave()

    async def aclose(self) -> None:
        """Finish the questions under way, then close the connections."""
        self._closed = True
        await asyncio.to_thread(self._pool.shutdown)
        while self._opened:
            self._opened.pop().close()

    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = self._connect()
            self._opened.append(connection)
        return question(connection)
