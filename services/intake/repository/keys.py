"""Keys of unit systems: hashes and what was agreed about them, never a secret."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from services.intake.domain.keys import Key
from services.intake.repository.collections import KEYS
from shared.store.documents import Document, Documents

_FIELDS = tuple(field for field in fields(Key) if field.name not in ("id", "rev"))


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
    return {"_id": key.id, **{field.name: _plain(getattr(key, field.name)) for field in _FIELDS}}


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _key(document: Document) -> Key:
    """What an older document does not say yet takes its default."""
    held = {field.name: document[field.name] for field in _FIELDS if _is_there(field.name, field.default, document)}
    told: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in held.items()}
    return Key(id=document["_id"], rev=document["rev"], **told)


def _is_there(name: str, default: object, document: Document) -> bool:
    return name in document or default is MISSING
