"""Keep the newest revision of what another service announces. Order and duplicates of events do not matter."""

from __future__ import annotations

from shared.errors import Transient
from shared.store.documents import Document, Documents

ATTEMPTS_MAX = 8


async def keep_newest(store: Documents, collection: str, document: Document) -> tuple[bool, Document | None]:
    """(whether it was newer and is stored now, what was held before). Transient when it loses too often.

    An event that is not newer must still have its consequences: it may come again because a crash cut them off, and
    what overtook it meanwhile may not have had the same ones.
    """
    for _ in range(ATTEMPTS_MAX):
        held = await store.get(collection, document["_id"])
        if held is None:
            if await store.insert(collection, document):
                return True, None
        elif held["revision"] >= document["revision"]:
            return False, held
        elif await store.replace(collection, {**document, "rev": held["rev"]}):
            return True, held
    raise Transient(f"{document['_id']} is being changed by many at once")


def may_have_moved(document: Document, before: Document | None) -> bool:
    """Whether the history of an aggregate may lack that it left an evaluation: it moved, came late, or comes again."""
    if before is None:
        return False
    return bool(before["evaluation"] != document["evaluation"] or before["revision"] >= document["revision"])
