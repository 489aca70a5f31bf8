"""A service that is killed (SIGKILL, by itself) right before or right after its n-th write since it was armed.

Every step of a report's way ends in a write of some service, and everything that leaves a process (a publish, a mail)
happens between two writes; so killing around each write, one after the other, is a crash between every two steps.
`python -m tests.support.crashing SERVICE before|after N FLAG` runs the real service on a store that counts.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from deploy.generate_docs import settings_of
from shared.http.server import run as run_loop
from shared.store.documents import Document, Documents, PublishedEvents
from shared.store.open import open_store

Moment = Literal["before", "after"]
T = TypeVar("T")


class CrashingStore:
    """Passes everything through; ends the process around its n-th write after `flag` exists."""

    def __init__(self, inner: Documents, *, moment: Moment, write: int, flag: Path) -> None:
        self._inner = inner
        self._moment = moment
        self._left = write
        self._flag = flag
        self.has_pending: asyncio.Event = inner.has_pending

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def insert(self, collection: str, document: Document) -> bool:
        return await self._around(lambda: self._inner.insert(collection, document))

    async def insert_many(self, collection: str, documents: Sequence[Document]) -> list[bool]:
        return await self._around(lambda: self._inner.insert_many(collection, documents))

    async def replace(self, collection: str, document: Document) -> bool:
        return await self._around(lambda: self._inner.replace(collection, document))

    async def delete(self, collection: str, id: str, *, rev: int | None = None) -> bool:
        return await self._around(lambda: self._inner.delete(collection, id, rev=rev))

    async def mark_published(self, collection: str, marks: Sequence[PublishedEvents]) -> list[bool]:
        return await self._around(lambda: self._inner.mark_published(collection, marks))

    async def _around(self, write: Callable[[], Awaitable[T]]) -> T:
        if not self._flag.exists():
            return await write()
        self._left -= 1
        is_the_one = self._left == 0  # others begin while this one is awaited
        if is_the_one and self._moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = await write()
        if is_the_one:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


async def run(service: str, moment: Moment, write: int, flag: Path) -> None:
    """The service as its `main` runs it, on the counting store."""
    main = importlib.import_module(f"services.{service}.main")
    collections = importlib.import_module(f"services.{service}.repository.collections").COLLECTIONS
    settings = settings_of(service)()
    store = await open_store(settings.store_url, database=service, collections=collections)
    await main.run(settings, store=CrashingStore(store, moment=moment, write=write, flag=flag))


if __name__ == "__main__":
    run_loop(run(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])))  # type: ignore[arg-type]
