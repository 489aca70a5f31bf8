"""Rows and documents: how a frozen row becomes a document with its pending event, and back.

A row keeps the document it was read from (`kept`), so that a replacement carries the revision read and whatever
events still wait in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from operator import attrgetter
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
_at = lru_cache(maxsize=16)(iso)


def announced(row: Row, *, now_ms: int) -> Document:
    """The row as a document that announces its state."""
    event = compose(row.state(), at=_at(now_ms), traceparent=current_traceparent())
    document = silent(row)
    # While broker and mail server are both away for hours, retries would pile up; a later whole state replaces them.
    document["pending"] = document["pending"][-WAITING_MAX:]
    return with_pending(document, [cast(PendingEvent, event)], now_ms=now_ms)


def silent(row: Row) -> Document:
    """The row as a document without a new event: for what nobody outside needs to know."""
    shape = _shape(type(row))
    held: Document = dict(zip(shape.names, shape.values(row), strict=True))
    for name in shape.tuples:
        held[name] = list(held[name])
    return {"pending": [], "pending_ms": 0, **row.kept, **held, "_id": row.id}


def row_of(kind: type[R], document: Document) -> R:
    """The row that a document holds."""
    shape = _shape(kind)
    # A field that is younger than the document has its default.
    given = {name: document[name] for name in shape.names if name in document}
    for name in shape.tuples:
        if name in given:
            given[name] = tuple(given[name])
    make: Any = kind
    row: R = make(id=document["_id"], kept=document, **given)
    return row


def rows_of(kind: type[R], documents: Iterable[Document]) -> list[R]:
    return [row_of(kind, document) for document in documents]


@dataclass(frozen=True, slots=True)
class _Shape:
    """How a kind of row is kept: the fields beside its id, what reads them all, and which are tuples, kept as lists."""

    names: tuple[str, ...]
    values: Callable[[Any], tuple[Any, ...]]
    tuples: tuple[str, ...]


@lru_cache
def _shape(kind: type) -> _Shape:
    kept = [field.name for field in fields(kind) if field.metadata.get("stored", True)]
    names = tuple(name for name in kept if name not in ("id", "kept"))
    hints = get_type_hints(kind)
    return _Shape(names, attrgetter(*names), tuple(name for name in names if get_origin(hints[name]) is tuple))
