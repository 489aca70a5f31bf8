"""The SQLite file of one service: connections, tables and indexes, and the check that file and code agree.

One table per collection: `id`, `rev`, and `doc` (JSON without those two). Declared fields are indexed by expression,
so a new index needs no rewriting and cannot disagree with the document. Indexes that are not unique end in `id`:
ties are then in order without sorting. An index that is no longer declared stays while it is not unique.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path

from shared.store.declared import SchemaMismatch, SchemaTooNew, index_name
from shared.store.documents import Collection, Index
from shared.store.sqlite_errors import is_taken

SCHEMA_VERSION = 1
APPLICATION_ID = 0x5469656E  # "Tien": tells `file` and a curious reader what this is
BUSY_TIMEOUT_MS = 5_000
OPEN_SECONDS_MAX = 15.0
WAL_BYTES_KEPT = 64 * 1024 * 1024


def field_sql(field: str) -> str:
    """A top-level field as SQL, spelled exactly as in the indexes, so that they are used."""
    return "id" if field == "_id" else f"json_extract(doc,'$.{field}')"


def connect(path: Path, *, file_bytes_max: int, read_only: bool) -> sqlite3.Connection:
    """A connection in autocommit mode. Commits are durable when they return: WAL, synchronous=FULL."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_MS / 1000)
    try:
        _enter_wal(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA journal_size_limit={WAL_BYTES_KEPT}")
        page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={max(1, file_bytes_max // page_bytes)}")
        if read_only:
            connection.execute("PRAGMA query_only=ON")
    except BaseException:
        connection.close()
        raise
    return connection


def ensure_schema(connection: sqlite3.Connection, declared: Mapping[str, Collection]) -> None:
    """Create what is missing, in one transaction. SchemaTooNew or SchemaMismatch when the file disagrees."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        _check_version(connection)
        for collection in declared.values():
            _ensure_collection(connection, collection)
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


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


def _ensure_collection(connection: sqlite3.Connection, collection: Collection) -> None:
    name = collection.name
    connection.execute(
        f'CREATE TABLE IF NOT EXISTS "{name}" '
        "(id TEXT PRIMARY KEY NOT NULL, rev INTEGER NOT NULL, doc TEXT NOT NULL) STRICT"
    )
    held = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type='index' AND tbl_name=?", (name,))
    existing = {row[0]: row[1] for row in held if row[1] is not None}
    wanted = {index_name(name, index): index for index in collection.indexes}
    for stale in sorted(existing.keys() - wanted.keys()):
        if stale.startswith("ux__"):
            raise SchemaMismatch(f"{name}: unique index {stale} is in the file and no longer declared; drop it first")
    for title, index in wanted.items():
        if title not in existing:
            _create_index(connection, name, title, index)


def _create_index(connection: sqlite3.Connection, table: str, title: str, index: Index) -> None:
    fields = [field_sql(field) for field in index.fields]
    columns = ",".join(fields if index.unique else [*fields, "id"])
    try:
        connection.execute(f'CREATE {"UNIQUE " if index.unique else ""}INDEX "{title}" ON "{table}" ({columns})')
    except sqlite3.IntegrityError as err:
        if not is_taken(err):
            raise
        raise SchemaMismatch(f"{table}: documents share values of {index.fields}, now declared unique") from err
