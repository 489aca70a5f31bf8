"""Calendar feeds: one document per secret address, found by the hash of its secret."""

from __future__ import annotations

from dataclasses import asdict, fields

from services.notify.domain.calendar_feed import Feed
from shared.store.documents import Collection, Document, Documents, Index

FEEDS = Collection(
    "feeds",
    indexes=(Index(("created_at_ms",)), Index(("recipient", "created_at_ms")), Index(("changed_at_ms",))),
)
_NAMES = tuple(field.name for field in fields(Feed) if field.name != "id")


class Feeds:
    """Feeds by id."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def add(self, feed: Feed) -> bool:
        """Insert if absent."""
        held = asdict(feed)
        return await self._store.insert(
            FEEDS.name, {"_id": held.pop("id"), **held, "changed_at_ms": feed.created_at_ms}
        )

    async def get(self, feed: str) -> Feed | None:
        document = await self._store.get(FEEDS.name, feed)
        return None if document is None else _feed(document)

    async def revoke(self, feed: str, *, by: str, now_ms: int) -> bool:
        """End a feed for good; False when there is none. Revoking twice keeps the first instant."""
        while (held := await self._store.get(FEEDS.name, feed)) is not None:
            revoked = {**held, "revoked_at_ms": now_ms, "revoked_by": by, "changed_at_ms": now_ms}
            if held["revoked_at_ms"] or await self._store.replace(FEEDS.name, revoked):
                return True
        return False

    async def page(self, *, recipient: str | None, limit: int, cursor: str | None) -> tuple[list[Feed], str | None]:
        """Feeds by creation, the latest first; of one recipient where given."""
        page = await self._store.find(
            FEEDS.name,
            {"recipient": recipient} if recipient else {},
            order_by="created_at_ms",
            descending=True,
            limit=limit,
            cursor=cursor,
        )
        return [_feed(document) for document in page.documents], page.cursor


def _feed(document: Document) -> Feed:
    return Feed(id=document["_id"], **{name: document[name] for name in _NAMES if name in document})
