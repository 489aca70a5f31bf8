"""Drafts of reports, one per obligation. Their content is text: it need not be a report yet."""

from __future__ import annotations

from services.intake.domain.drafts import Draft
from services.intake.repository.collections import DRAFTS
from shared.store.documents import Documents


class Drafts:
    """The drafts of this store."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def get(self, obligation: str) -> Draft | None:
        held = await self._store.get(DRAFTS.name, _id(obligation))
        if held is None:
            return None
        return Draft(obligation, held["content"], held["by"], held["saved_ms"], held["rev"])

    async def save(self, draft: Draft) -> bool:
        """Write over the revision that was read (0: none). False when another was faster."""
        document = {"_id": _id(draft.obligation), "content": draft.content, "by": draft.by, "saved_ms": draft.saved_ms}
        if draft.rev == 0:
            return await self._store.insert(DRAFTS.name, document)
        return await self._store.replace(DRAFTS.name, {**document, "rev": draft.rev})

    async def delete(self, obligation: str, *, rev: int | None = None) -> bool:
        """Take the draft away, where it is still at `rev` if one is named."""
        return await self._store.delete(DRAFTS.name, _id(obligation), rev=rev)


def _id(obligation: str) -> str:
    return f"draft-{obligation}"
