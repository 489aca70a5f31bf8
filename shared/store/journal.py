"""The owner's record of the events it announced: from it a stream can be rebuilt when the broker lost it.

Recording is idempotent by event id, so a crash between recording and anything else costs a repeated call, nothing
more. An event is kept as the text that was published; those that earlier versions kept as a dict are given back too.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence

from shared.store.documents import INSERT_MANY_MAX, Between, Collection, Document, Documents, Index, scan
from shared.store.pending import OutgoingEvent, outgoing
from shared.store.validate import is_id

JOURNAL = Collection("journal", indexes=(Index(("at_ms",)),))


class Journal:
    """Accepted events of one service, kept in one collection of its store (declare JOURNAL, or one like it)."""

    def __init__(self, store: Documents, collection: str = JOURNAL.name) -> None:
        self._store = store
        self._collection = collection

    async def record(self, event: OutgoingEvent) -> bool:
        """Keep the event under its `at_ms`. False when it is kept already: the first record stands."""
        return await self._store.insert(self._collection, _document(event))

    async def record_many(self, events: Sequence[OutgoingEvent]) -> list[bool]:
        """Keep each event, in order; says for each whether it was new. After a crash call it again."""
        answers: list[bool] = []
        for start in range(0, len(events), INSERT_MANY_MAX):
            documents = [_document(event) for event in events[start : start + INSERT_MANY_MAX]]
            answers += await self._store.insert_many(self._collection, documents)
        return answers

    async def replay(
        self, *, since_ms: int | None = None, before_ms: int | None = None, page_size: int = 500
    ) -> AsyncIterator[OutgoingEvent]:
        """Each event with since_ms <= at_ms < before_ms, ordered by (at_ms, id), in pages.

        Events recorded behind the reader while it reads may be missed: replay again from their instant.
        """
        bounded = since_ms is not None or before_ms is not None
        between = Between("at_ms", at_least=since_ms, below=before_ms) if bounded else None
        async for document in scan(
            self._store, self._collection, between=between, order_by="at_ms", page_size=page_size
        ):
            yield outgoing(document)


def journal_id(event_id: str) -> str:
    """The `_id` under which an event is kept; an event id that cannot be part of one is kept by its hash."""
    plain = f"event-{event_id}"
    if is_id(plain):
        return plain
    return f"event-sha256-{hashlib.sha256(event_id.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _document(event: OutgoingEvent) -> Document:
    document: Document = {
        "_id": journal_id(event.id),
        "at_ms": event.at_ms,
        "subject": event.subject,
        "id": event.id,
        "body": event.body,
    }
    if event.traceparent:
        document["traceparent"] = event.traceparent
    return document
