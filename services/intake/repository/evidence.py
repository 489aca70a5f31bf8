"""Which unit gave a file as evidence first, per plan: one document a file, so one read answers for a whole report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.intake.domain.evidence import Use
from services.intake.repository.collections import EVIDENCE
from shared.store.documents import Document, Documents


class EvidenceUses:
    """The files of this store, known by their SHA-256 alone."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def of(self, plan: str, files: Iterable[str]) -> list[Use]:
        """The uses of those of the files that are known."""
        found = await self._store.get_many(EVIDENCE.name, [_id(plan, file) for file in files])
        return [Use(held["sha256"], held["unit"], held["obligation"], held["rev"]) for held in found]

    async def note(self, plan: str, uses: Sequence[Use]) -> None:
        """Keep each use: a new one where the file has none, or over the one that was read (its `rev`)."""
        fresh = [_document(plan, use) for use in uses if use.rev == 0]
        if fresh:
            await self._store.insert_many(EVIDENCE.name, fresh)
        for use in uses:
            if use.rev:
                await self._store.replace(EVIDENCE.name, {**_document(plan, use), "rev": use.rev})


def _id(plan: str, file: str) -> str:
    return f"evidence-{plan}-{file}"


def _document(plan: str, use: Use) -> Document:
    return {"_id": _id(plan, use.file), "sha256": use.file, "unit": use.unit, "obligation": use.obligation}
