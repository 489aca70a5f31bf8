"""Enclosures of digests: charts and documents, each kept once under an id derived from its content."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence

from services.notify.domain.enclosures import Enclosure
from shared.store.documents import Collection, Document, Documents

ENCLOSURES = Collection("enclosures")


class Enclosures:
    """Enclosures by id. Bytes are base64 text: documents hold no binary values."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def keep(self, files: Sequence[Enclosure]) -> None:
        """Insert those that are not held yet."""
        if files:
            await self._store.insert_many(ENCLOSURES.name, [_document(file) for file in files])

    async def get_many(self, ids: Sequence[str]) -> list[Enclosure]:
        """Those that are held, in this order."""
        return [_enclosure(held) for held in await self._store.get_many(ENCLOSURES.name, ids)]


def _document(file: Enclosure) -> Document:
    return {
        "_id": file.id,
        "name": file.name,
        "media_type": file.media_type,
        "content_id": file.content_id or "",
        "body_base64": b64encode(file.body).decode(),
    }


def _enclosure(held: Document) -> Enclosure:
    return Enclosure(held["name"], held["media_type"], b64decode(held["body_base64"]), held["content_id"] or None)
