"""The owner's record of the events it announced: from it a stream can be rebuilt when the broker lost it.

Recording is idempotent by event id, so a crash between recording and anything else costs a repeated call, nothing
more.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

from shared.errors import Misuse
from shared.store.documents import INSERT_MANY_MAX, Between, Collection, Document, Documents, Index, scan
from shared.store.validate import is_id

JOURNAL = Collection("journal", indexes=(Index(("at_ms",)),))

Entry = tuple[str, dict[str, Any], int]
"""Broker subject, CloudEvents envelope as a plain dict, and when it was accepted (epoch milliseconds)."""


class Journal:
    """Accepted events of one service, kept in one collection of its store (declare JOURNAL, or one like it)."""

    def __init__(self, store: Documents, collection: str = JOURNAL.name) -> None:
        self._store = store
        self._collection = collection

    async def record(self, subject: str, envelope: dict[str, Any], at_ms: int) -> bool:
        """Keep the event. False when it is kept already: the first record stands."""
        return await self._store.insert(self._collection, _document(subject, envelope, at_ms))

    async def record_many(self, entries: Sequence[Entry]) -> list[bool]:
        """Keep each event, in order; says for each whether it was new. After a crash call it again."""
        answers: list[bool] = []
        for start in range(0, len(entries), INSERT_MANY_MAX):
            documents = [_document(*entry) for entry in entries[start : start + INSERT_MANY_MAX]]
            answers += await self._store.insert_many(self._collection, documents)
        return answers

    async def replay(
        self, *, since_ms: int | None = None, before_ms: int | None = None, page_size: int = 500
    ) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """(subject, envelope) of each event with since_ms <= at_ms < before_ms, ordered by (at_ms, id), in pages.

        Events recorded behind the reader while it reads may be missed: replay again from their instant.
        """
        bounded = since_ms is not None or before_ms is not None
        between = Between("at_ms", at_least=since_ms, below=before_ms) if bounded else None
        async for document in scan(
            self._store, self._collection, between=between, order_by="at_ms", page_size=page_size
        ):
            yield document["subject"], document["envelope"]


def journal_id(event_id: str) -> str:
    """The `_id` under which an event is kept; an event id that cannot be part of one is kept by its hash."""
    plain = f"event-{event_id}"
    if is_id(plain):
        return plain
    return f"event-sha256-{hashlib.sha256(event_id.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _document(subject: str, envelope: dict[str, Any], at_ms: int) -> Document:
    event_id = envelope.get("id")
    if not isinstance(event_id, str):
        raise Misuse("an event of the journal needs its envelope's id")
    return {"_id": journal_id(event_id), "at_ms": at_ms, "subject": subject, "envelope": envelope}
