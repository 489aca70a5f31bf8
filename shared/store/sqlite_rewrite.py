"""Tables of the SQLite file as they are made, and documents that are brought into another form of them."""
# ruff: noqa: S608 - names in the texts come from declarations that were checked, or from the file's own schema

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

import orjson

from shared.store.documents import Scalar
from shared.store.sqlite_table import Table, Waiting, ids_text

FILL_AT_ONCE = 200

_PENDING_SQL = (
    "id TEXT PRIMARY KEY NOT NULL, rev INTEGER NOT NULL, pending_ms INTEGER NOT NULL, "
    "pending_ids TEXT NOT NULL, pending TEXT NOT NULL"
)


def columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """The names of a table's columns; none when there is no such table."""
    return [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]


def indexes(connection: sqlite3.Connection, table: str) -> dict[str, str]:
    """The indexes that were made on a table, by name, with their text."""
    held = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type='index' AND tbl_name=?", (table,))
    return {row[0]: row[1] for row in held if row[1] is not None}


def create_table(connection: sqlite3.Connection, table: Table) -> None:
    """The table of a collection's documents."""
    fields = [f'"f_{field}" ANY' for field in table.fields]
    described = ["id TEXT PRIMARY KEY NOT NULL", "rev INTEGER NOT NULL", *fields, "content TEXT NOT NULL"]
    connection.execute(f'CREATE TABLE "{table.name}" ({", ".join(described)}) STRICT')


def create_pending(connection: sqlite3.Connection, table: Table) -> None:
    """The table of the events that wait in a collection's documents."""
    name = f"{table.name}__pending"
    connection.execute(f'CREATE TABLE "{name}" ({_PENDING_SQL}) STRICT')
    connection.execute(f'CREATE INDEX "ix__{name}" ON "{name}" (pending_ms, id)')


def forget_strangers(connection: sqlite3.Connection, name: str) -> None:
    """Delete events that waited while a version of the code wrote the collection that did not know it to emit."""
    same = f'SELECT 1 FROM "{name}" AS d WHERE d.id = p.id AND d.rev = p.rev'
    connection.execute(f'DELETE FROM "{name}__pending" AS p WHERE NOT EXISTS ({same})')


def add_columns(connection: sqlite3.Connection, table: Table, present: Sequence[str], *, begins_to_emit: bool) -> None:
    """Add columns of fields, and events, that were not declared before, filled from the documents."""
    missing = [field for field in table.fields if f"f_{field}" not in present]
    for field in missing:
        connection.execute(f'ALTER TABLE "{table.name}" ADD COLUMN "f_{field}" ANY')
    if not missing and not begins_to_emit:
        return
    fields = "".join(f'"f_{field}" = ?, ' for field in table.fields)
    sql = f'UPDATE "{table.name}" SET {fields}content = ? WHERE id = ? AND rev = ?'
    for rows in _pages(connection, table.name, "content"):
        held = [(id, rev, *_parted(table, text, waits=begins_to_emit)) for id, rev, text in rows]
        connection.executemany(sql, [(*fields, text, id, rev) for id, rev, _, fields, text in held])
        if waits := [(id, rev, *waiting) for id, rev, waiting, *_ in held if waiting]:
            connection.executemany(table.wait, waits)


def rewrite_version_1(connection: sqlite3.Connection, table: Table) -> None:
    """Bring a table of version 1, with its indexes gone afterwards, into the form of this one."""
    old = f"{table.name}__v1"
    for title in indexes(connection, table.name):
        connection.execute(f'DROP INDEX "{title}"')
    connection.execute(f'ALTER TABLE "{table.name}" RENAME TO "{old}"')
    create_table(connection, table)
    sql = f'INSERT INTO "{table.name}" VALUES (?, ?, {"?, " * len(table.fields)}?)'
    for rows in _pages(connection, old, "doc"):
        held = [(id, rev, *_parted(table, text, waits=table.emits)) for id, rev, text in rows]
        connection.executemany(sql, [(id, rev, *fields, text) for id, rev, _, fields, text in held])
        if waits := [(id, rev, *waiting) for id, rev, waiting, *_ in held if waiting]:
            connection.executemany(table.wait, waits)
    connection.execute(f'DROP TABLE "{old}"')


def _pages(connection: sqlite3.Connection, table: str, text: str) -> Iterator[list[tuple[str, int, str]]]:
    """Id, revision and text of every document, some at a time, in the order of the file."""
    last = -1
    page = f'SELECT rowid, id, rev, {text} FROM "{table}" WHERE rowid > ? ORDER BY rowid LIMIT {FILL_AT_ONCE}'
    while rows := connection.execute(page, (last,)).fetchall():
        last = rows[-1][0]
        yield [(id, rev, held) for _, id, rev, held in rows]


def _parted(table: Table, text: str, *, waits: bool) -> tuple[Waiting | None, tuple[Scalar | None, ...], str]:
    """A document's text as the events that wait in it, the values of its columns, and its content."""
    content = orjson.loads(text)
    waiting: Waiting | None = None
    if waits:
        events, since_ms = content.pop("pending", []), content.pop("pending_ms", 0)
        text = orjson.dumps(content).decode()
        if events:
            waiting = (since_ms, ids_text(events), orjson.dumps(events).decode())
    return waiting, table.scalars(content), text
