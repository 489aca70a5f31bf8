"""Intentions of people about deliveries, one document each; see `domain/acts`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict, fields

from services.notify.domain.acts import Act
from shared.store.documents import Between, Collection, Documents, Index, scan

ACTS = Collection("delivery_acts", indexes=(Index(("at_ms",)),))


class Acts:
    """Intentions by instant."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def add(self, act: Act) -> bool:
        """Insert if absent."""
        return await self._store.insert(ACTS.name, {"_id": act.id, **asdict(act)})

    async def since(self, at_ms: int) -> AsyncIterator[Act]:
        """Those of this instant or later."""
        async for held in scan(self._store, ACTS.name, between=Between("at_ms", at_least=at_ms)):
            yield Act(**{field.name: held[field.name] for field in fields(Act)})
