"""How every read model is written: a state is applied only if its revision is newer than the one held."""

from __future__ import annotations

from collections.abc import Callable

from shared.errors import Transient
from shared.store.documents import Document, Documents

TRIES_MAX = 20

Merge = Callable[[Document | None, Document], Document | None]
"""(held, fresh) -> what to write, or None to leave the held document as it is."""


def newer(held: Document | None, fresh: Document) -> Document | None:
    """The rule of every read model: write what is newer, leave what is not."""
    return fresh if held is None or held["revision"] < fresh["revision"] else None


async def apply(store: Documents, collection: str, fresh: Document, merge: Merge = newer) -> bool:
    """Write what `merge` makes of the held and the fresh document; False when it leaves the held one.

    Other instances may write the same document meanwhile: load and merge again, at most TRIES_MAX times, then
    `Transient` gives the event back to the broker.
    """
    for _ in range(TRIES_MAX):
        held = await store.get(collection, fresh["_id"])
        merged = merge(held, fresh)
        if merged is None:
            return False
        if held is None:
            written = await store.insert(collection, merged)
        else:
            written = await store.replace(collection, {**merged, "rev": held["rev"]})
        if written:
            return True
    raise Transient(f"{collection}/{fresh['_id']} is being written by others; trying again later")
