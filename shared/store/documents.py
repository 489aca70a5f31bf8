"""The narrow document interface that every repository is written on.

Rules of the interface, the same on both implementations (they are what MongoDB, its test double and SQLite agree on):

- `_id` is our own string with a letter prefix (`report-...`).
- Values are str, int64, finite float, bool, None, list and dict; dict keys match `[A-Za-z0-9_]+`; queried fields are
  top-level scalars, always present, named in a declared index. Instants are epoch milliseconds, `*_ms`.
- Whole documents are written. The store owns the field `rev`: 1 after an insert, +1 at each replace.
- Bad use (undeclared collection, query on a field without an index, missing bound, bad value) raises `Misuse`
  in every environment. A store that does not answer raises `Transient`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Document = dict[str, Any]
Scalar = str | int | float | bool

FIND_LIMIT_MAX = 1000
INSERT_MANY_MAX = 1000
DOCUMENT_BYTES_MAX = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Index:
    """One declared index. Equality fields first, the field of ranges and sorting last."""

    fields: tuple[str, ...]
    unique: bool = False


@dataclass(frozen=True, slots=True)
class Collection:
    """One declared collection of one service. `emits` says that its documents carry pending events."""

    name: str
    indexes: tuple[Index, ...] = ()
    emits: bool = False


@dataclass(frozen=True, slots=True)
class Between:
    """Half-open range on one indexed field: at_least <= field < below. Either bound may be absent, not both."""

    field: str
    at_least: int | float | str | None = None
    below: int | float | str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some documents in order, and the opaque cursor of what follows (None at the end)."""

    documents: list[Document]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class PublishedEvents:
    """Events of one document that the broker has acknowledged, in their order, and the revision they were read at."""

    id: str
    rev: int
    event_ids: tuple[str, ...]


class Documents(Protocol):
    """The store of one service. All writes are durable when the call returns."""

    has_pending: asyncio.Event
    """Set after every write of a document that carries pending events; the relay waits for it and clears it."""

    async def insert(self, collection: str, document: Document) -> bool:
        """Insert if absent. False, and nothing written, when `_id` or a unique index is already taken."""
        ...

    async def insert_many(self, collection: str, documents: Sequence[Document]) -> list[bool]:
        """Insert each if absent, in order; says for each whether it was inserted. At most INSERT_MANY_MAX.

        A crash in the middle may leave a prefix written; calling again finishes the work.
        """
        ...

    async def get(self, collection: str, id: str) -> Document | None:
        """The document, or None."""
        ...

    async def get_many(self, collection: str, ids: Sequence[str]) -> list[Document]:
        """Those of the documents that exist, in the order of `ids`. At most FIND_LIMIT_MAX ids."""
        ...

    async def replace(self, collection: str, document: Document) -> bool:
        """Write the whole document where `_id` and `rev` are still what was read; stored with rev + 1.

        False, and nothing written, when the document has moved on or is gone: load, decide and save again.
        False also when the new content collides on a unique index with another document.
        The given dict is not changed.
        """
        ...

    async def delete(self, collection: str, id: str, *, rev: int | None = None) -> bool:
        """Delete by id (and revision, when given). False when nothing matched."""
        ...

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
        """Documents whose indexed fields equal the given scalars, within at most one range.

        Ordered by `order_by` (default: the range's field, else `_id`), ties by `_id`; `cursor` continues a page.
        The fields used must together be the leading fields of a declared index, in any order of equality fields.
        1 <= limit <= FIND_LIMIT_MAX. A cursor of another query raises `Permanent`.
        """
        ...

    async def count(
        self, collection: str, equals: Mapping[str, Scalar] | None = None, *, between: Between | None = None
    ) -> int:
        """Number of documents that `find` would give without a limit."""
        ...

    async def revisions(
        self, collection: str, *, after: str = "", limit: int = FIND_LIMIT_MAX
    ) -> list[tuple[str, int]]:
        """`_id` and `rev` of the documents after an `_id`, in their order; fewer than `limit`: no more follow.

        For who keeps copies of a small collection and asks which of them moved on; contents are not read. One that
        was deleted and inserted again begins at 1 again: keep no copies where documents are deleted.
        """
        ...

    async def list_pending(self, collection: str, *, limit: int) -> list[Document]:
        """Documents of an emitting collection that carry pending events, oldest first (field `pending_ms`).

        Only what the relay needs of each: `_id`, `rev`, `pending`, `pending_ms`.
        """
        ...

    async def mark_published(self, collection: str, marks: Sequence[PublishedEvents]) -> list[bool]:
        """Take published events out of `pending` where `rev` is still the one read; `rev` stays as it is.

        Says so for each document: False when it has moved on: list it again and publish again (a duplicate is
        harmless). After a crash or an error some of them may be marked.
        """
        ...

    async def ping(self) -> None:
        """Return when the store answers; `Transient` otherwise."""
        ...

    async def aclose(self) -> None:
        """Finish what was accepted, then close. May be called twice."""
        ...


async def scan(
    store: Documents,
    collection: str,
    equals: Mapping[str, Scalar] | None = None,
    *,
    between: Between | None = None,
    order_by: str | None = None,
    descending: bool = False,
    page_size: int = 500,
) -> AsyncIterator[Document]:
    """Every document of a query, page by page: bounded memory whatever the collection's size."""
    cursor: str | None = None
    while True:
        page = await store.find(
            collection,
            equals,
            between=between,
            order_by=order_by,
            descending=descending,
            limit=page_size,
            cursor=cursor,
        )
        for document in page.documents:
            yield document
        cursor = page.cursor
        if cursor is None:
            return
