"""The statements of an embedded store: one function per operation, run on the writer's or a reader's connection.

Table and field names are put into the text: they come from declarations whose names were checked. Values are bound.
"""
# ruff: noqa: S608 - see above

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import orjson

from shared.store.documents import Document, Scalar
from shared.store.pending import without_published
from shared.store.query import Span
from shared.store.sqlite_errors import is_taken
from shared.store.sqlite_schema import field_sql

Row = tuple[str, int, str]

_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<"}


def insert(connection: sqlite3.Connection, table: str, id: str, doc: str) -> bool:
    sql = f'INSERT INTO "{table}" (id, rev, doc) VALUES (?, 1, ?) ON CONFLICT DO NOTHING'
    return connection.execute(sql, (id, doc)).rowcount == 1


def insert_many(connection: sqlite3.Connection, table: str, rows: Sequence[tuple[str, str]]) -> list[bool]:
    return [insert(connection, table, id, doc) for id, doc in rows]


def replace(connection: sqlite3.Connection, table: str, id: str, rev: int, doc: str) -> bool:
    sql = f'UPDATE "{table}" SET rev = rev + 1, doc = ? WHERE id = ? AND rev = ?'
    try:
        return connection.execute(sql, (doc, id, rev)).rowcount == 1
    except sqlite3.IntegrityError as err:
        if is_taken(err):
            return False
        raise


def delete(connection: sqlite3.Connection, table: str, id: str, rev: int | None) -> bool:
    sql = f'DELETE FROM "{table}" WHERE id = ? AND (? IS NULL OR rev = ?)'
    return connection.execute(sql, (id, rev, rev)).rowcount == 1


def mark_published(connection: sqlite3.Connection, table: str, id: str, rev: int, event_ids: Sequence[str]) -> bool:
    row = connection.execute(f'SELECT doc FROM "{table}" WHERE id = ? AND rev = ?', (id, rev)).fetchone()
    if row is None:
        return False
    content = orjson.loads(row[0])
    content["pending"], content["pending_ms"] = without_published(content, event_ids)
    connection.execute(f'UPDATE "{table}" SET doc = ? WHERE id = ?', (orjson.dumps(content).decode(), id))
    return True


def get(connection: sqlite3.Connection, table: str, id: str) -> Document | None:
    row = connection.execute(f'SELECT id, rev, doc FROM "{table}" WHERE id = ?', (id,)).fetchone()
    return None if row is None else document(row)


def get_many(connection: sqlite3.Connection, table: str, ids: Sequence[str]) -> list[Document]:
    found = [get(connection, table, id) for id in ids]
    return [held for held in found if held is not None]


def walk(connection: sqlite3.Connection, table: str, spans: Sequence[Span], limit: int) -> list[Document]:
    """The first documents of the spans, one span after the other, at most `limit`, at one moment of the store."""
    found: list[Document] = []
    connection.execute("BEGIN")  # one snapshot for all spans
    try:
        for span in spans:
            if len(found) < limit:
                condition, values = _condition(span)
                sql = f'SELECT id, rev, doc FROM "{table}" {condition} ORDER BY {_order(span)} LIMIT ?'
                rows = connection.execute(sql, (*values, limit - len(found)))
                found.extend(document(row) for row in rows)
    finally:
        connection.execute("ROLLBACK")
    return found


def count(connection: sqlite3.Connection, table: str, span: Span) -> int:
    condition, values = _condition(span)
    return int(connection.execute(f'SELECT count(*) FROM "{table}" {condition}', values).fetchone()[0])


def document(row: Row) -> Document:
    """A row as the document that the caller knows."""
    return {"_id": row[0], **orjson.loads(row[2]), "rev": row[1]}


def _condition(span: Span) -> tuple[str, list[Scalar]]:
    terms = [(field_sql(field), "=", value) for field, value in span.equals.items()]
    terms += [(field_sql(span.field), _COMPARISONS[kind], value) for kind, value in span.bounds]
    if not terms:
        return "", []
    text = " AND ".join(f"{left} {comparison} {_place(value)}" for left, comparison, value in terms)
    return f"WHERE {text}", [_bound(value) for *_, value in terms]


def _place(value: Scalar) -> str:
    """Floats go through SQLite's own reading of text, as the indexed values did: both round alike."""
    return "CAST(? AS REAL)" if isinstance(value, float) else "?"


def _bound(value: Scalar) -> Scalar:
    return orjson.dumps(value).decode() if isinstance(value, float) else value


def _order(span: Span) -> str:
    direction = " DESC" if span.descending else ""
    return ", ".join(field_sql(field) + direction for field in span.order)
