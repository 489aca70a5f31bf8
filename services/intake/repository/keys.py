"""Keys of unit systems: hashes and what was agreed about them, never a secret."""

from __future__ import annotations

from services.intake.domain.keys import Key
from services.intake.repository.collections import KEYS
from shared.store.documents import Document, Documents

_FIELDS = (
    "sha256",
    "unit",
    "label",
    "created_ms",
    "created_by",
    "expires_at_ms",
    "revoked_ms",
    "last_used_ms",
)


class Keys:
    """The keys of this store."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def get(self, id: str) -> Key | None:
        document = await self._store.get(KEYS.name, id)
        return None if document is None else _key(document)

    async def insert(self, key: Key) -> bool:
        return await self._store.insert(KEYS.name, _document(key))

    async def replace(self, key: Key) -> bool:
        """Write the key over the revision that was read. False when it has moved on."""
        return await self._store.replace(KEYS.name, {**_document(key), "rev": key.rev})

    async def page(self, unit: str | None, *, limit: int, cursor: str | None) -> tuple[list[Key], str | None]:
        """Some keys by id, of one unit or of all, and the cursor of what follows."""
        page = await self._store.find(KEYS.name, {"unit": unit} if unit else None, limit=limit, cursor=cursor)
        return [_key(document) for document in page.documents], page.cursor


def _document(key: Key) -> Document:
    return {"_id": key.id, **{name: getattr(key, name) for name in _FIELDS}}


def _key(document: Document) -> Key:
    return Key(id=document["_id"], rev=document["rev"], **{name: document[name] for name in _FIELDS})
