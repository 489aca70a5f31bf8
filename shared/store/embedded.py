"""Documents in one SQLite file: the store of `make run`, of tests, and of small installations for years.

Any number of processes may share the file. Writes go through one thread per process that commits in groups (WAL,
`synchronous=FULL`): when a call returns, its write survives kill -9, and power loss as far as the disk keeps what it
synced. Another process's pending events do not set `has_pending` here; the relay looks from time to time anyway.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from shared.store import sqlite_statements as statements
from shared.store.declared import declare, declared_collection, emitting_collection
from shared.store.documents import Between, Collection, Document, Page, Scalar
from shared.store.query import plan
from shared.store.sqlite_errors import translated
from shared.store.sqlite_reader import Readers
from shared.store.sqlite_schema import connect, ensure_schema
from shared.store.sqlite_writer import ADMISSION_SECONDS_MAX, QUEUE_MAX, Writer
from shared.store.validate import check_batch, check_id, check_ids, check_limit, check_revision, encode

FILE_BYTES_MAX = 256 * 1024**3

_SINGLE = frozenset({statements.insert, statements.replace, statements.delete})


class EmbeddedDocuments:
    """`Documents` on SQLite. Made by `connect`."""

    def __init__(self, declared: Mapping[str, Collection], writer: Writer, readers: Readers) -> None:
        self.has_pending = asyncio.Event()
        self._declared = declared
        self._writer = writer
        self._readers = readers

    @classmethod
    async def connect(
        cls,
        path: Path,
        collections: Sequence[Collection],
        *,
        file_bytes_max: int = FILE_BYTES_MAX,
        write_queue_max: int = QUEUE_MAX,
        write_queue_seconds_max: float = ADMISSION_SECONDS_MAX,
    ) -> EmbeddedDocuments:
        """Open or create the file and what is declared in it.

        Misuse on a bad declaration, SchemaTooNew or SchemaMismatch when file and code disagree, Transient when the
        file cannot be opened now.
        """
        declared = declare(collections)
        connection = await asyncio.to_thread(_opened, path, declared, file_bytes_max)
        readers = Readers(partial(connect, path, file_bytes_max=file_bytes_max, read_only=True))
        writer = Writer(connection, queue_max=write_queue_max, admission_seconds_max=write_queue_seconds_max)
        store = cls(declared, writer, readers)
        try:
            for collection in declared.values():
                if collection.emits and await store.list_pending(collection.name, limit=1):
                    store.has_pending.set()
        except BaseException:
            await store.aclose()
            raise
        return store

    async def insert(self, collection: str, document: Document) -> bool:
        declared = declared_collection(self._declared, collection)
        doc = encode(declared, document).decode()
        return bool(await self._write(statements.insert, collection, document["_id"], doc, wakes=_waits(document)))

    async def insert_many(self, collection: str, documents: Sequence[Document]) -> list[bool]:
        declared = declared_collection(self._declared, collection)
        check_batch(documents)
        rows = [(document["_id"], encode(declared, document).decode()) for document in documents]
        wakes = any(map(_waits, documents))
        answers: list[bool] = await self._write(statements.insert_many, collection, rows, wakes=wakes)
        return answers

    async def get(self, collection: str, id: str) -> Document | None:
        declared_collection(self._declared, collection)
        return await self._readers.read(partial(statements.get, table=collection, id=check_id(id)))

    async def get_many(self, collection: str, ids: Sequence[str]) -> list[Document]:
        declared_collection(self._declared, collection)
        check_ids(ids)
        return await self._readers.read(partial(statements.get_many, table=collection, ids=ids))

    async def replace(self, collection: str, document: Document) -> bool:
        declared = declared_collection(self._declared, collection)
        rev = check_revision(document.get("rev"))
        doc = encode(declared, document).decode()
        wakes = _waits(document)
        return bool(await self._write(statements.replace, collection, document["_id"], rev, doc, wakes=wakes))

    async def delete(self, collection: str, id: str, *, rev: int | None = None) -> bool:
        declared_collection(self._declared, collection)
        guard = None if rev is None else check_revision(rev)
        return bool(await self._write(statements.delete, collection, check_id(id), guard))

    async def find(
        self,
        collection: str,
        equals: Mapping[str, Scalar] | None = None,
        *,
        between: Between | None = None,
        order_by: str | None = None,
        descending: bool = False,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        declared = declared_collection(self._declared, collection)
        check_limit(limit)
        query = plan(declared, equals, between=between, order_by=order_by, descending=descending)
        spans = query.spans_after(cursor)
        found = await self._readers.read(partial(statements.walk, table=collection, spans=spans, limit=limit + 1))
        if len(found) <= limit:
            return Page(found, None)
        return Page(found[:limit], query.cursor_after(found[limit - 1]))

    async def count(
        self, collection: str, equals: Mapping[str, Scalar] | None = None, *, between: Between | None = None
    ) -> int:
        query = plan(declared_collection(self._declared, collection), equals, between=between)
        return await self._readers.read(partial(statements.count, table=collection, span=query.span))

    async def list_pending(self, collection: str, *, limit: int) -> list[Document]:
        emitting_collection(self._declared, collection)
        return (await self.find(collection, between=Between("pending_ms", at_least=1), limit=limit)).documents

    async def mark_published(self, collection: str, id: str, *, rev: int, event_ids: Sequence[str]) -> bool:
        emitting_collection(self._declared, collection)
        args = (check_id(id), check_revision(rev), tuple(event_ids))
        return bool(await self._write(statements.mark_published, collection, *args))

    async def ping(self) -> None:
        await self._readers.read(lambda connection: connection.execute("SELECT 1 FROM sqlite_schema").fetchone())

    async def aclose(self) -> None:
        await self._writer.aclose()
        await self._readers.aclose()

    async def _write(self, statement: Callable[..., Any], *args: Any, wakes: bool = False) -> Any:
        return await self._writer.write(
            lambda connection: statement(connection, *args),
            one_statement=statement in _SINGLE,
            then=self._wake if wakes else None,
        )

    def _wake(self, written: bool | list[bool]) -> None:
        if any(written) if isinstance(written, list) else written:
            self.has_pending.set()


def _waits(document: Document) -> bool:
    return bool(document.get("pending"))


def _opened(path: Path, declared: Mapping[str, Collection], file_bytes_max: int) -> sqlite3.Connection:
    try:
        connection = connect(path, file_bytes_max=file_bytes_max, read_only=False)
        try:
            ensure_schema(connection, declared)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as err:
        raise translated(err) from err
    return connection
