"""The SQLite file of one service: connections, tables and indexes, and the check that file and code agree.

Version 2 of the file. One table per collection:

    id           TEXT     the document's `_id`
    rev          INTEGER  its revision
    f_<field>    ANY      a copy of each field that an index names, of the field's own type (true is 1)
    content      TEXT     everything else of the document, those fields included, JSON

and for an emitting collection `<collection>__pending`, a row for each document that has events to publish. It is
written and deleted with the document, so that a mark touches none of the document's pages:

    id           TEXT     the document's `_id`
    rev          INTEGER  the document's revision
    pending_ms   INTEGER  since when its oldest event waits
    pending_ids  TEXT     the ids of the events, a JSON list
    pending      TEXT     the events, a JSON list

A field's column is written with the document and filled from the documents when its index is first declared. Indexes
that are not unique end in `id`: ties are then in order without sorting. An index that is no longer declared stays
while it is not unique, and its columns are still written.

Version 1 (`id`, `rev`, `doc` with everything, indexes on expressions over it) is rewritten table by table, all
declared ones in the transaction that opens the file: a crash leaves version 1, and the next start begins again. This
takes three times as much free disk as the file has. The column has another name now, so that an old process which
still runs fails and writes nothing half.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from shared.store.declared import PENDING_INDEX, SchemaMismatch, SchemaTooNew, index_name
from shared.store.documents import Collection, Index
from shared.store.sqlite_errors import is_taken
from shared.store.sqlite_rewrite import (
    add_columns,
    columns,
    create_pending,
    create_table,
    forget_strangers,
    indexes,
    rewrite_version_1,
)
from shared.store.sqlite_table import Table

SCHEMA_VERSION = 2
APPLICATION_ID = 0x5469656E  # "Tien": tells `file` and a curious reader what this is
BUSY_TIMEOUT_MS = 5_000
OPEN_SECONDS_MAX = 15.0
WAL_BYTES_KEPT = 64 * 1024 * 1024


def connect(
    path: Path, *, file_bytes_max: int, read_only: bool, busy_timeout_ms: int = BUSY_TIMEOUT_MS
) -> sqlite3.Connection:
    """A connection in autocommit mode. Commits are durable when they return: WAL, synchronous=FULL.

    One that only reads gives texts as bytes: most of them are JSON, which is read from bytes.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_MS / 1000)
    try:
        _enter_wal(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA journal_size_limit={WAL_BYTES_KEPT}")
        page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={max(1, file_bytes_max // page_bytes)}")
        connection.execute(f"PRAGMA busy_timeout={busy_timeout_ms}")
        if read_only:
            connection.execute("PRAGMA query_only=ON")
            connection.text_factory = bytes
    except BaseException:
        connection.close()
        raise
    return connection


def ensure_schema(connection: sqlite3.Connection, declared: Mapping[str, Collection]) -> dict[str, Table]:
    """Create what is missing, in one transaction; the tables by name.

    SchemaTooNew or SchemaMismatch when the file disagrees.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        _check_version(connection)
        tables = {name: _ensure_collection(connection, collection) for name, collection in declared.items()}
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return tables


def schema_stamp(connection: sqlite3.Connection) -> int:
    """A number that every change of the file's schema changes."""
    return int(connection.execute("PRAGMA schema_version").fetchone()[0])


def unknown_fields(connection: sqlite3.Connection, tables: Iterable[Table]) -> list[str]:
    """Columns of fields that another process has added since these tables were described."""
    return sorted(
        f"{table.name}.{column}"
        for table in tables
        for column in columns(connection, table.name)
        if column.startswith("f_") and column[2:] not in table.fields
    )


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Two processes that open a fresh file collide here, and SQLite does not wait by itself: try until a deadline."""
    deadline = time.monotonic() + OPEN_SECONDS_MAX
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as err:
            if err.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _check_version(connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if application not in (0, APPLICATION_ID) or (application == 0 and tables):
        raise SchemaMismatch("the SQLite file belongs to another program; check the configured path")
    if version > SCHEMA_VERSION:
        raise SchemaTooNew(f"the file has schema {version}, this version knows {SCHEMA_VERSION}: run the newer version")


def _ensure_collection(connection: sqlite3.Connection, collection: Collection) -> Table:
    name = collection.name
    wanted = {index_name(name, index): index for index in collection.indexes}
    for stale in sorted(indexes(connection, name).keys() - wanted.keys()):
        if stale.startswith("ux__"):
            raise SchemaMismatch(f"{name}: unique index {stale} is in the file and no longer declared; drop it first")
    present = columns(connection, name)
    table = Table(collection, also=[column[2:] for column in present if column.startswith("f_")])
    if not present:
        create_table(connection, table)
    begins_to_emit = table.emits and not columns(connection, f"{name}__pending")
    if begins_to_emit:
        create_pending(connection, table)
    if "doc" in present:
        rewrite_version_1(connection, table)
    else:
        add_columns(connection, table, present or columns(connection, name), begins_to_emit=begins_to_emit)
    if table.emits:
        forget_strangers(connection, name)
    existing = indexes(connection, name)
    for title, index in wanted.items():
        if title not in existing and not (table.emits and index == PENDING_INDEX):
            _create_index(connection, table, title, index)
    return table


def _create_index(connection: sqlite3.Connection, table: Table, title: str, index: Index) -> None:
    over = ", ".join([*(f'"f_{field}"' for field in index.fields), *(() if index.unique else ("id",))])
    kind = "UNIQUE INDEX" if index.unique else "INDEX"
    try:
        connection.execute(f'CREATE {kind} "{title}" ON "{table.name}" ({over})')
    except sqlite3.IntegrityError as err:
        if not is_taken(err):
            raise
        raise SchemaMismatch(f"{table.name}: documents share values of {index.fields}, now declared unique") from err
