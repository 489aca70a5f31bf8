"""Silences and outages, one document each; what is over stays, as a record of who muted what and why."""

from __future__ import annotations

from typing import Generic, TypeVar

from services.notify.domain.silences import Outage, Silence
from services.notify.repository.rows import announced, row_of, rows_of, silent
from shared.store.documents import Between, Collection, Documents, Index, scan

_INDEXES = (Index(("next_at_ms",)), Index(("plan", "ends_at_ms")), Index(("changed_at_ms",)))
SILENCES = Collection("silences", indexes=_INDEXES, emits=True)
OUTAGES = Collection("outages", indexes=_INDEXES, emits=True)
HELD_MAX = 2000
"""Windows of one plan that are not over; more are refused."""

W = TypeVar("W", Silence, Outage)


class Windows(Generic[W]):
    """Windows of one noun by id."""

    def __init__(self, store: Documents, collection: Collection, kind: type[W]) -> None:
        self._store = store
        self._name = collection.name
        self._kind: type[W] = kind

    async def get(self, window: str) -> W | None:
        document = await self._store.get(self._name, window)
        return None if document is None else row_of(self._kind, document)

    async def save(self, window: W, *, now_ms: int) -> bool:
        """Insert a new window or replace the one read; False when it exists or another was faster."""
        document = announced(window, now_ms=now_ms)
        if not window.kept:
            return await self._store.insert(self._name, document)
        return await self._store.replace(self._name, document)

    async def mark(self, window: W) -> bool:
        """Save when it is looked at next; nothing is announced."""
        return await self._store.replace(self._name, silent(window))

    async def due(self, now_ms: int, limit: int = 100) -> list[W]:
        """Those that begin or end, and were not looked at for that."""
        page = await self._store.find(self._name, between=Between("next_at_ms", below=now_ms + 1), limit=limit)
        return rows_of(self._kind, page.documents)

    async def count_due(self, now_ms: int) -> int:
        return await self._store.count(self._name, between=Between("next_at_ms", below=now_ms + 1))

    async def not_over(self, plan: str, now_ms: int) -> list[W]:
        """Pending and active ones of a plan."""
        found: list[W] = []
        between = Between("ends_at_ms", at_least=now_ms + 1)
        async for document in scan(self._store, self._name, {"plan": plan}, between=between):
            found.append(row_of(self._kind, document))
            if len(found) >= HELD_MAX:
                break
        return found

    async def page(self, plan: str, *, limit: int, cursor: str | None) -> tuple[list[W], str | None]:
        """Windows of a plan by their end, the latest first."""
        page = await self._store.find(
            self._name, {"plan": plan}, order_by="ends_at_ms", descending=True, limit=limit, cursor=cursor
        )
        return rows_of(self._kind, page.documents), page.cursor
