"""SQLite's errors in our two words, each with a sentence on what to do."""

from __future__ import annotations

import sqlite3

from shared.errors import Permanent, TiendoError, Transient

_TAKEN = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})
_TRANSIENT = {
    sqlite3.SQLITE_BUSY: "another process holds the write lock; try again, and look for a stuck process if it stays",
    sqlite3.SQLITE_LOCKED: "another connection holds a lock; try again",
    sqlite3.SQLITE_FULL: "the disk or the size bound of the file is full, nothing was written; free or grant space",
    sqlite3.SQLITE_IOERR: "the disk answers with an error, whether it was written is unknown; check disk and space",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened; check that its folder exists and may be written",
    sqlite3.SQLITE_READONLY: "the file may not be written; check its owner, its mode and the mount",
    sqlite3.SQLITE_PERM: "access to the file is refused; check its owner and its mode",
    sqlite3.SQLITE_PROTOCOL: "the lock of the write-ahead log is contended; try again",
    sqlite3.SQLITE_INTERRUPT: "the operation was interrupted; try again",
    sqlite3.SQLITE_NOMEM: "memory is short; try again",
}
_PERMANENT = {
    sqlite3.SQLITE_CORRUPT: "the file is damaged: stop the service, keep the file, restore the newest backup",
    sqlite3.SQLITE_NOTADB: "the file is not a store of ours: check the configured path",
}


def is_taken(err: sqlite3.Error) -> bool:
    """Whether a statement failed because an id or a unique index is taken already."""
    return getattr(err, "sqlite_errorcode", None) in _TAKEN


def is_full(err: sqlite3.Error) -> bool:
    """Whether there was no room: others that need less may still succeed."""
    return _primary(err) == sqlite3.SQLITE_FULL


def is_busy(err: sqlite3.Error) -> bool:
    """Whether another connection is in the way for a moment."""
    return _primary(err) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_PROTOCOL)


def translated(err: sqlite3.Error) -> TiendoError:
    """Transient or Permanent, to be raised from the driver's error."""
    code = _primary(err)
    if code in _TRANSIENT:
        return Transient(f"store: {_TRANSIENT[code]} ({err})")
    return Permanent(f"store: {_PERMANENT.get(code, 'the statement was refused')} ({err})")


def _primary(err: sqlite3.Error) -> int:
    """The primary result code: extended codes carry detail in their higher bits."""
    return int(getattr(err, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF
