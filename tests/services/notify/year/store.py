"""The embedded store on one thread: SQLite's statements, tables and guards, without threads and without syncing.

What is tested here is not durability, and a year is a million calls: handing each to a thread costs more than the
call. Everything happens in the order in which it is asked, so a seed always gives the same run. Where two instances
share the store, `turns` draws how many turns of the loop each call waits, which is how they come between each other.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar, cast

from services.notify.repository.collections import COLLECTIONS
from shared.store.declared import declare
from shared.store.embedded import EmbeddedDocuments
from shared.store.sqlite_schema import ensure_schema

T = TypeVar("T")
WRITES = frozenset({"insert", "insert_many", "replace", "delete", "mark_published"})


class _Connection:
    """One connection, in memory, that does everything at once; each statement is a transaction of its own."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def write(self, change: Callable[..., T], *args: Any, then: Callable[[T], None] | None = None) -> T:
        answer = change(self._connection, *args)
        if then is not None:
            then(answer)
        return answer

    async def read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        return question(self._connection)

    async def aclose(self) -> None:
        self._connection.close()


class _NoPoints:
    """Leaves every read to the connection: there is no snapshot to read from, and no turn of the loop that ends it."""

    def may_read(self) -> bool:
        return False

    def close(self) -> None:
        return


def open_year_store() -> EmbeddedDocuments:
    """An empty store with notify's collections."""
    declared = declare(COLLECTIONS)
    connection = sqlite3.connect(":memory:", isolation_level=None)
    tables = ensure_schema(connection, declared)
    connection.text_factory = bytes
    connection.execute("PRAGMA journal_mode=OFF")
    made: Any = EmbeddedDocuments
    one = _Connection(connection)
    store = made(declared, tables, one, one, _NoPoints())
    return cast(EmbeddedDocuments, store)


class Killed(BaseException):
    """The process is gone. No handler may catch it."""


class Life:
    """One life of one process: after how many writes it ends, and whether the last of them is still done."""

    def __init__(self) -> None:
        self.writes_left: int | None = None
        self.is_last_done = False
        self.is_over = False


class MortalStore:
    """The shared store as one life sees it: it stops answering for good at the moment that `life` says.

    A write that is done although the process died is what a crash between a write and its answer looks like.
    """

    def __init__(self, store: EmbeddedDocuments, life: Life, turns: random.Random | None) -> None:
        self._store = store
        self._life = life
        self._turns = turns

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not asyncio.iscoroutinefunction(found):
            return found
        return self._left_open if name == "aclose" else self._mortal(name, found)

    async def _left_open(self) -> None:
        """The next life takes the same store."""

    def _mortal(self, name: str, call: Any) -> Any:
        async def mortal(*args: Any, **given: Any) -> Any:
            if self._turns is not None and self._turns.random() < 0.25:
                await asyncio.sleep(0)
            if self._ends_with(name) and self._life.is_last_done:
                await call(*args, **given)
            if self._life.is_over:
                raise Killed
            return await call(*args, **given)

        return mortal

    def _ends_with(self, name: str) -> bool:
        """Whether the process dies at this very call."""
        life = self._life
        if life.is_over or name not in WRITES or life.writes_left is None:
            return False
        life.writes_left -= 1
        life.is_over = life.writes_left < 0
        return life.is_over
