"""Rows and documents: how a frozen row becomes a document with its pending event, and back.

A row keeps the document it was read from (`kept`), so that a replacement carries the revision read and whatever
events still wait in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Protocol, TypeVar, cast, get_origin, get_type_hints

from shared.clock import iso
from shared.events.base import State
from shared.events.catalog import compose
from shared.store.documents import Document
from shared.store.pending import PendingEvent, with_pending
from shared.telemetry.tracing import current_traceparent


class Row(Protocol):
    """A frozen dataclass with an id, the document it came from, and the state that announces it."""

    @property
    def id(self) -> str: ...
    @property
    def kept(self) -> Mapping[str, Any]: ...
    def state(self) -> State: ...


WAITING_MAX = 20
"""Unpublished events of one row that are kept; what is older is told by the newer ones."""

R = TypeVar("R", bound=Row)


def announced(row: Row, *, now_ms: int) -> Document:
    """The row as a document that announces its state."""
    event = compose(row.state(), at=iso(now_ms), traceparent=current_traceparent())
    document = silent(row)
    # While broker and mail server are both away for hours, retries would pile up; a later whole state replaces them.
    document["pending"] = document["pending"][-WAITING_MAX:]
    return with_pending(document, [cast(PendingEvent, event)], now_ms=now_ms)


def silent(row: Row) -> Document:
    """The row as a document without a new event: for what nobody outside needs to know."""
    held = {name: _plain(getattr(row, name)) for name in _names(type(row)) if name != "id"}
    return {"pending": [], "pending_ms": 0, **row.kept, **held, "_id": row.id}


def row_of(kind: type[R], document: Document) -> R:
    """The row that a document holds."""
    hints = _hints(kind)
    # A field that is younger than the document has its default.
    given = {name: _typed(hints[name], document[name]) for name in _names(kind) if name in document and name != "id"}
    make: Any = kind
    row: R = make(id=document["_id"], kept=document, **given)
    return row


def rows_of(kind: type[R], documents: Iterable[Document]) -> list[R]:
    return [row_of(kind, document) for document in documents]


_NAMES: dict[type, tuple[str, ...]] = {}
_HINTS: dict[type, dict[str, Any]] = {}


def _names(kind: type) -> tuple[str, ...]:
    if kind not in _NAMES:
        kept = [field.name for field in fields(kind) if field.metadata.get("stored", True)]
        _NAMES[kind] = tuple(name for name in kept if name != "kept")
    return _NAMES[kind]


def _hints(kind: type) -> dict[str, Any]:
    if kind not in _HINTS:
        _HINTS[kind] = get_type_hints(kind)
    return _HINTS[kind]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _typed(hint: Any, value: Any) -> Any:
    return tuple(value) if get_origin(hint) is tuple else value
