"""How much has been applied, over all instances of the dashboard: one document."""

from __future__ import annotations

from collections.abc import Mapping

from services.dashboard.domain.freshness import Watermark
from services.dashboard.repository.read_model import apply
from shared.store.documents import Collection, Document, Documents

WATERMARKS = Collection("watermarks")
ID = "watermark-all"


class Watermarks:
    """The one watermark. A count, not a guard: what may be applied is decided by revisions."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def get(self) -> Watermark:
        """The watermark as stored."""
        document = await self._store.get(WATERMARKS.name, ID)
        return Watermark(document["applied"], document["newest_ms"]) if document else Watermark({})

    async def add(self, counts: Mapping[str, int], newest_ms: int) -> None:
        """Count states that were applied; `newest_ms` only ever moves forward."""

        def summed(held: Document | None, fresh: Document) -> Document:
            applied: dict[str, int] = dict(held["applied"]) if held else {}
            for noun, number in counts.items():
                applied[noun] = applied.get(noun, 0) + number
            newest = max(newest_ms, held["newest_ms"] if held else 0)
            return {"_id": ID, "applied": applied, "newest_ms": newest}

        await apply(self._store, WATERMARKS.name, {"_id": ID}, summed)
