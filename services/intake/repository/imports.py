"""Imports: one document a job, its progress and summary in it, so that lease, progress and counts are one write."""

from __future__ import annotations

from services.intake.domain.imports import Job, Phase
from services.intake.repository.collections import IMPORTS
from shared.store.documents import Between, Document, Documents

CLAIM_LOOKS_MAX = 20


class Imports:
    """The jobs of this store."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def get(self, id: str) -> Job | None:
        document = await self._store.get(IMPORTS.name, id)
        return None if document is None else _job(document)

    async def insert(self, job: Job) -> bool:
        return await self._store.insert(IMPORTS.name, _document(job))

    async def replace(self, job: Job) -> bool:
        """Write the job over the revision that was read. False when it has moved on: another has it now."""
        return await self._store.replace(IMPORTS.name, {**_document(job), "rev": job.rev})

    async def delete(self, job: Job) -> bool:
        return await self._store.delete(IMPORTS.name, job.id, rev=job.rev)

    async def due(self, phase: Phase, *, now_ms: int) -> list[Job]:
        """Jobs of the phase whose `due_ms` has come, the longest due first; some of them."""
        between = Between("due_ms", below=now_ms + 1)
        page = await self._store.find(IMPORTS.name, {"phase": phase}, between=between, limit=CLAIM_LOOKS_MAX)
        return [_job(document) for document in page.documents]

    async def waiting(self) -> int:
        """How many are queued or running."""
        return await self._store.count(IMPORTS.name, {"phase": "QUEUED"}) + await self._store.count(
            IMPORTS.name, {"phase": "RUNNING"}
        )


def _document(job: Job) -> Document:
    return {"_id": job.id, "received_ms": job.sent.received_at_ms, **job.model_dump(mode="json", exclude={"id"})}


def _job(document: Document) -> Job:
    return Job.model_validate({**document, "id": document["_id"]})
