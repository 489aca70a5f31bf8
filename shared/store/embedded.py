"""Documents in one SQLite file: the store of `make run`, of tests, and of small installations for years.

Any number of processes may share the file. Writes go through one thread per process that commits in groups (WAL,
`synchronous=FULL`): when a call returns, its write survives kill -9, and power loss as far as the disk keeps what it
synced. Another process's pending events do not set `has_pending` here; the relay looks from time to time anyway.
How the file looks: `sqlite_schema`.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import orjson

from shared.errors import Transient
from shared.store import sqlite_statements as statements
from shared.store.declared import declare, declared_collection, emitting_collection
from shared.store.documents import (
    FIND_LIMIT_MAX,
    Between,
    Collection,
    Document,
    Page,
    PublishedEvents,
    Scalar,
)
from shared.store.query import plan
from shared.store.sqlite_errors import translated
from shared.store.sqlite_reader import PointReader, Readers
from shared.store.sqlite_schema import connect, ensure_schema, schema_stamp, unknown_fields
from shared.store.sqlite_table import Table
from shared.store.sqlite_writer import ADMISSION_SECONDS_MAX, QUEUE_MAX, Writer
from shared.store.validate import check_batch, check_id, check_ids, check_limit, check_revision

FILE_BYTES_MAX = 256 * 1024**3

POINT_IDS_MAX = 8
"""So many documents are read right away; more of them by a thread."""


class EmbeddedDocuments:
    """`Documents` on SQLite. Made by `connect`."""

    def __init__(
        self,
        declared: Mapping[str, Collection],
        tables: Mapping[str, Table],
        writer: Writer,
        readers: Readers,
        points: PointReader,
    ) -> None:
        self.has_pending = asyncio.Event()
        self._declared = declared
        self._tables = tables
        self._writer = writer
        self._readers = readers
        self._points = points

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
        connection, tables, point = await asyncio.to_thread(_opened, path, declared, file_bytes_max)
        readers = Readers(partial(connect, path, file_bytes_max=file_bytes_max, read_only=True))
        writer = Writer(
            connection,
            queue_max=write_queue_max,
            admission_seconds_max=write_queue_seconds_max,
            check=_SameSchema(tables),
        )
        store = cls(declared, tables, writer, readers, PointReader(point))
        try:
            for collection in declared.values():
                if collection.emits and await store.list_pending(collection.name, limit=1):
                    store.has_pending.set()
        except BaseException:
            await store.aclose()
            raise
        return store

    async def insert(self, collection: str, document: Document) -> bool:
        table = self._table(collection)
        row = table.row(document)
        then = self._wake if row.waiting else None
        return bool(await self._writer.write(statements.insert, table, row, then=then))

    async def insert_many(self, collection: str, documents: Sequence[Document]) -> list[bool]:
        table = self._table(collection)
        check_batch(documents)
        rows = [table.row(document) for document in documents]
        then = self._wake if any(row.waiting for row in rows) else None
        answers: list[bool] = await self._writer.write(statements.insert_many, table, rows, then=then)
        return answers

    async def get(self, collection: str, id: str) -> Document | None:
        table = self._table(collection)
        check_id(id)
        if self._points.may_read():
            is_read, held = self._points.read(statements.get, table, id)
            if is_read:
                return held
        return await self._readers.read(partial(statements.get, table=table, id=id))

    async def get_many(self, collection: str, ids: Sequence[str]) -> list[Document]:
        table = self._table(collection)
        check_ids(ids)
        if len(ids) <= POINT_IDS_MAX and self._points.may_read():
            is_read, held = self._points.read(statements.get_many, table, ids)
            if is_read:
                return held or []
        return await self._readers.read(partial(statements.get_many, table=table, ids=ids))

    async def replace(self, collection: str, document: Document) -> bool:
        table = self._table(collection)
        rev = check_revision(document.get("rev"))
        row = table.row(document)
        then = self._wake if row.waiting else None
        return bool(await self._writer.write(statements.replace, table, row, rev, then=then))

    async def delete(self, collection: str, id: str, *, rev: int | None = None) -> bool:
        table = self._table(collection)
        guard = None if rev is None else check_revision(rev)
        return bool(await self._writer.write(statements.delete, table, check_id(id), guard))

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
        found = await self._readers.read(
            partial(statements.walk, table=self._table(collection), spans=spans, limit=limit + 1)
        )
        if len(found) <= limit:
            return Page(found, None)
        return Page(found[:limit], query.cursor_after(found[limit - 1]))

    async def count(
        self, collection: str, equals: Mapping[str, Scalar] | None = None, *, between: Between | None = None
    ) -> int:
        query = plan(declared_collection(self._declared, collection), equals, between=between)
        return await self._readers.read(partial(statements.count, table=self._table(collection), span=query.span))

    async def revisions(
        self, collection: str, *, after: str = "", limit: int = FIND_LIMIT_MAX
    ) -> list[tuple[str, int]]:
        check_limit(limit)
        table = self._table(collection)
        return await self._readers.read(partial(statements.revisions, table=table, after=after, limit=limit))

    async def list_pending(self, collection: str, *, limit: int) -> list[Document]:
        emitting_collection(self._declared, collection)
        check_limit(limit)
        table = self._table(collection)
        if self._points.may_read():  # mostly nothing waits, or few
            is_read, found = self._points.read(statements.list_pending, table, min(limit, POINT_IDS_MAX + 1))
            if is_read and found is not None and (len(found) <= POINT_IDS_MAX or len(found) == limit):
                return found
        return await self._readers.read(partial(statements.list_pending, table=table, limit=limit))

    async def mark_published(self, collection: str, marks: Sequence[PublishedEvents]) -> list[bool]:
        emitting_collection(self._declared, collection)
        check_batch(marks)
        for mark in marks:
            check_id(mark.id)
            check_revision(mark.rev)
        if not marks:
            return []
        texts = [(mark, orjson.dumps(mark.event_ids).decode()) for mark in marks]
        answers: list[bool] = await self._writer.write(statements.mark_published, self._table(collection), texts)
        return answers

    async def ping(self) -> None:
        await self._readers.read(lambda connection: connection.execute("SELECT 1 FROM sqlite_schema").fetchone())

    async def aclose(self) -> None:
        await self._writer.aclose()
        await self._readers.aclose()
        self._points.close()

    def _table(self, collection: str) -> Table:
        table = self._tables.get(collection)
        if table is None:
            declared_collection(self._declared, collection)  # raises Misuse
            raise AssertionError(collection)
        return table

    def _wake(self, written: bool | list[bool]) -> None:
        if any(written) if isinstance(written, list) else written:
            self.has_pending.set()


class _SameSchema:
    """Refuses to write once another version of the program has given our tables columns that we would not fill."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._tables = tables
        self._stamp = -1

    def __call__(self, connection: sqlite3.Connection) -> None:
        stamp = schema_stamp(connection)
        if stamp == self._stamp:
            return
        unknown = unknown_fields(connection, self._tables.values())
        if unknown:
            raise Transient(f"store: another version of the program has added {unknown}: start this process again")
        self._stamp = stamp


def _opened(
    path: Path, declared: Mapping[str, Collection], file_bytes_max: int
) -> tuple[sqlite3.Connection, dict[str, Table], sqlite3.Connection]:
    """The writer's connection, the tables, and the connection of reads by id."""
    opened: list[sqlite3.Connection] = []
    try:
        opened.append(connect(path, file_bytes_max=file_bytes_max, read_only=False))
        tables = ensure_schema(opened[0], declared)
        opened.append(connect(path, file_bytes_max=file_bytes_max, read_only=True, busy_timeout_ms=0))
    except BaseException as err:
        for connection in opened:
            connection.close()
        if isinstance(err, sqlite3.Error):
            raise translated(err) from err
        raise
    return opened[0], tables, opened[1]
