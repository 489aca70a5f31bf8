"""Addresses that failed for good, one document each."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from services.notify.domain.contacts_quality import Address
from shared.store.documents import Collection, Document, Documents, Index

ADDRESSES = Collection(
    "addresses",
    indexes=(
        Index(("status", "changed_at_ms")),
        Index(("recipient", "changed_at_ms")),
        Index(("changed_at_ms",)),
    ),
)
_NAMES = tuple(field.name for field in fields(Address) if field.name not in ("id", "kept"))


class Addresses:
    """Addresses by id."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def get(self, address: str) -> Address | None:
        document = await self._store.get(ADDRESSES.name, address)
        return None if document is None else _address(document)

    async def get_many(self, addresses: list[str]) -> list[Address]:
        """Those of the addresses that ever failed."""
        return [_address(document) for document in await self._store.get_many(ADDRESSES.name, addresses)]

    async def save(self, address: Address) -> bool:
        """Insert a new one or replace the one read; False when another was faster: load and decide again."""
        held = {name: getattr(address, name) for name in _NAMES}
        document: Document = {**address.kept, **held, "trail": list(address.trail), "_id": address.id}
        if not address.kept:
            return await self._store.insert(ADDRESSES.name, document)
        return await self._store.replace(ADDRESSES.name, document)

    async def of_recipient(self, recipient: str, limit: int) -> list[Address]:
        page = await self._store.find(
            ADDRESSES.name, {"recipient": recipient}, order_by="changed_at_ms", descending=True, limit=limit
        )
        return [_address(document) for document in page.documents]

    async def page(self, *, status: str | None, limit: int, cursor: str | None) -> tuple[list[Address], str | None]:
        """Addresses by last change, the latest first."""
        page = await self._store.find(
            ADDRESSES.name,
            {"status": status} if status else {},
            order_by="changed_at_ms",
            descending=True,
            limit=limit,
            cursor=cursor,
        )
        return [_address(document) for document in page.documents], page.cursor


def _address(document: Document) -> Address:
    given: dict[str, Any] = {name: document[name] for name in _NAMES if name in document}
    return Address(id=document["_id"], kept=document, **{**given, "trail": tuple(document["trail"])})
