"""The statements of an embedded store: one function per operation, run on the writer's or a reader's connection."""
# ruff: noqa: S608 - names in the texts come from declarations that were checked

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import orjson

from shared.store.documents import Document, PublishedEvents, Scalar
from shared.store.pending import without_published
from shared.store.query import Span
from shared.store.sqlite_errors import is_taken
from shared.store.sqlite_table import Row, Table, ids_text

_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<"}


def insert(connection: sqlite3.Connection, table: Table, row: Row) -> bool:
    if row.waiting is None:
        return connection.execute(table.insert, row.values).rowcount == 1
    with _whole(connection):
        return _insert_waiting(connection, table, row)


def insert_many(connection: sqlite3.Connection, table: Table, rows: Sequence[Row]) -> list[bool]:
    """All or, on an error, none. In one go when none is taken, else once more and one after the other."""
    with _whole(connection):
        if connection.executemany(table.insert, [row.values for row in rows]).rowcount == len(rows):
            waiting = [(row.id, 1, *row.waiting) for row in rows if row.waiting]
            if waiting:
                connection.executemany(table.wait, waiting)
            return [True] * len(rows)
        connection.execute("ROLLBACK TO whole")
        return [_insert_waiting(connection, table, row) for row in rows]


def replace(connection: sqlite3.Connection, table: Table, row: Row, rev: int) -> bool:
    if not table.emits:
        return _replace(connection, table, row, rev)
    with _whole(connection):
        if not _replace(connection, table, row, rev):
            return False
        if row.waiting:
            connection.execute(table.wait, (row.id, rev + 1, *row.waiting))
        else:
            connection.execute(table.told, (row.id,))
        return True


def delete(connection: sqlite3.Connection, table: Table, id: str, rev: int | None) -> bool:
    with _whole(connection):
        text, values = (table.delete, (id,)) if rev is None else (table.delete_if, (id, rev))
        gone = connection.execute(text, values).rowcount == 1
        if gone and table.emits:
            connection.execute(table.told, (id,))
        return gone


def mark_published(
    connection: sqlite3.Connection, table: Table, marks: Sequence[tuple[PublishedEvents, str]]
) -> list[bool]:
    """Each mark with the text of its ids. A mark that fails leaves those before it: they are true."""
    return [
        connection.execute(table.told_if, (mark.id, mark.rev, ids)).rowcount == 1 or _mark_some(connection, table, mark)
        for mark, ids in marks
    ]


def _insert_waiting(connection: sqlite3.Connection, table: Table, row: Row) -> bool:
    is_new = connection.execute(table.insert, row.values).rowcount == 1
    if is_new and row.waiting:
        connection.execute(table.wait, (row.id, 1, *row.waiting))
    return is_new


def _replace(connection: sqlite3.Connection, table: Table, row: Row, rev: int) -> bool:
    """SQLite writes an index when its column is named in the update, changed or not: name what has changed."""
    changed: tuple[int, ...] = ()
    if table.fields:
        held = connection.execute(table.held, (row.id, rev)).fetchone()
        if held is None:
            return False
        if held != row.fields:
            changed = tuple(n for n, was in enumerate(held) if was != row.fields[n])
    values = (*[row.fields[n] for n in changed], row.content, row.id, rev)
    try:
        return connection.execute(table.replace(changed), values).rowcount == 1
    except sqlite3.IntegrityError as err:
        if is_taken(err):
            return False
        raise


def _mark_some(connection: sqlite3.Connection, table: Table, mark: PublishedEvents) -> bool:
    if connection.execute(table.present, (mark.id, mark.rev)).fetchone() is None:
        return False
    held = connection.execute(table.still_waits, (mark.id, mark.rev)).fetchone()
    if held is not None:
        events = orjson.loads(held[1])
        left, since_ms = without_published({"pending_ms": held[0], "pending": events}, mark.event_ids)
        if left:
            waiting = (since_ms, ids_text(left), orjson.dumps(left).decode())
            connection.execute(table.wait, (mark.id, mark.rev, *waiting))
        else:
            connection.execute(table.told, (mark.id,))
    return True


@contextmanager
def _whole(connection: sqlite3.Connection) -> Iterator[None]:
    """Several statements that are written all or, on an error, none."""
    connection.execute("SAVEPOINT whole")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # else SQLite has given up everything, and there is nothing to go back to
            connection.execute("ROLLBACK TO whole")
            connection.execute("RELEASE whole")
        raise
    connection.execute("RELEASE whole")


def list_pending(connection: sqlite3.Connection, table: Table, limit: int) -> list[Document]:
    rows = connection.execute(table.waiting, (limit,))
    return [
        {"_id": id.decode(), "rev": rev, "pending": orjson.loads(pending), "pending_ms": since_ms}
        for id, rev, since_ms, pending in rows
    ]


def get(connection: sqlite3.Connection, table: Table, id: str) -> Document | None:
    row = connection.execute(table.get, (id,)).fetchone()
    return None if row is None else table.document(row)


def get_many(connection: sqlite3.Connection, table: Table, ids: Sequence[str]) -> list[Document]:
    """In the order of `ids`, at one moment of the store."""
    rows = {row[0]: row for row in connection.execute(table.get_many(len(ids)), tuple(ids))}
    found = [rows.get(id.encode()) for id in ids]
    return [table.document(row) for row in found if row is not None]


def walk(connection: sqlite3.Connection, table: Table, spans: Sequence[Span], limit: int) -> list[Document]:
    """The first documents of the spans, one span after the other, at most `limit`, at one moment of the store."""
    found: list[Document] = []
    connection.execute("BEGIN")  # one snapshot for all spans
    try:
        for span in spans:
            if len(found) < limit:
                condition, values = _condition(table, span)
                order = _order(table, span)
                sql = f"SELECT {table.shown} FROM {table.source} {condition} ORDER BY {order} LIMIT ?"
                rows = connection.execute(sql, (*values, limit - len(found)))
                found.extend(table.document(row) for row in rows)
    finally:
        connection.execute("ROLLBACK")
    return found


def revisions(connection: sqlite3.Connection, table: Table, after: str, limit: int) -> list[tuple[str, int]]:
    return [(id.decode(), rev) for id, rev in connection.execute(table.revisions, (after, limit))]


def count(connection: sqlite3.Connection, table: Table, span: Span) -> int:
    condition, values = _condition(table, span)
    return int(connection.execute(f"SELECT count(*) FROM {table.source} {condition}", values).fetchone()[0])


def _condition(table: Table, span: Span) -> tuple[str, list[Scalar]]:
    terms = [(field, "=", value) for field, value in span.equals.items()]
    terms += [(span.field, _COMPARISONS[kind], value) for kind, value in span.bounds]
    if not terms:
        return "", []
    text = " AND ".join(f"{table.column(field)} {comparison} ?" for field, comparison, _ in terms)
    return f"WHERE {text}", [value for *_, value in terms]


def _order(table: Table, span: Span) -> str:
    direction = " DESC" if span.descending else ""
    return ", ".join(table.column(field) + direction for field in span.order)
