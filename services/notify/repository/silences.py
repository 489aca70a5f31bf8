"""Silences and outages, one document each; what is over stays, as a record of who muted what and why."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Generic, TypeVar

from services.notify.domain.silences import Outage, Silence
from shared.store.documents import Between, Collection, Document, Documents, Index, scan

_INDEXES = (Index(("next_at_ms",)), Index(("plan", "ends_at_ms")))
SILENCES = Collection("silences", indexes=_INDEXES)
OUTAGES = Collection("outages", indexes=_INDEXES)
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
        return None if document is None else self._window(document)

    async def save(self, window: W) -> bool:
        """Insert a new window or replace the one read; False when it exists or another was faster."""
        document = {field.name: getattr(window, field.name) for field in fields(window) if field.name != "kept"}
        document["_id"] = document.pop("id")
        if not window.kept:
            return await self._store.insert(self._name, document)
        return await self._store.replace(self._name, {**document, "rev": window.kept["rev"]})

    async def due(self, now_ms: int, limit: int = 100) -> list[W]:
        """Those that begin or end, and were not looked at for that."""
        page = await self._store.find(self._name, between=Between("next_at_ms", below=now_ms + 1), limit=limit)
        return [self._window(document) for document in page.documents]

    async def count_due(self, now_ms: int) -> int:
        return await self._store.count(self._name, between=Between("next_at_ms", below=now_ms + 1))

    async def not_over(self, plan: str, now_ms: int) -> list[W]:
        """Pending and active ones of a plan."""
        found: list[W] = []
        between = Between("ends_at_ms", at_least=now_ms + 1)
        async for document in scan(self._store, self._name, {"plan": plan}, between=between):
            found.append(self._window(document))
            if len(found) >= HELD_MAX:
                break
        return found

    async def page(self, plan: str, *, limit: int, cursor: str | None) -> tuple[list[W], str | None]:
        """Windows of a plan by their end, the latest first."""
        page = await self._store.find(
            self._name, {"plan": plan}, order_by="ends_at_ms", descending=True, limit=limit, cursor=cursor
        )
        return [self._window(document) for document in page.documents], page.cursor

    def _window(self, document: Document) -> W:
        given: dict[str, Any] = {
            field.name: document[field.name]
            for field in fields(self._kind)
            if field.name not in ("id", "kept") and field.name in document
        }
        return self._kind(id=document["_id"], kept=document, **given)
