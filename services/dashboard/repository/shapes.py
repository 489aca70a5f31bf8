"""Read models of an older version: what lists have come to ask for is copied out of the held states, once.

The states themselves need no change. A document that another instance writes meanwhile has the newer shape already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from services.dashboard.repository.alerts import ALERTS
from services.dashboard.repository.deliveries import DELIVERIES
from services.dashboard.repository.digests import DIGESTS
from services.dashboard.repository.watermarks import WATERMARKS
from shared.store.documents import Document, Documents, scan

SHAPE = 2
ID = "watermark-shape"
TOGETHER_MAX = 64
FIELDS: Mapping[str, str] = {ALERTS.name: "signal", DELIVERIES.name: "subject", DIGESTS.name: "audience"}
"""Collection -> the field of the state that version 2 keeps beside it."""


async def renew(store: Documents) -> int:
    """How many documents were written anew; 0 when it was done before. A crash costs doing it again."""
    held = await store.get(WATERMARKS.name, ID)
    if held is not None and held["shape"] >= SHAPE:
        return 0
    renewed = 0
    for collection, field in FIELDS.items():
        waiting: list[Document] = []
        async for document in scan(store, collection):
            if field not in document:
                waiting.append({**document, field: document["state"].get(field, "")})
            if len(waiting) == TOGETHER_MAX:
                renewed += await _write(store, collection, waiting)
                waiting = []
        renewed += await _write(store, collection, waiting)
    fresh = {"_id": ID, "shape": SHAPE}
    await (store.insert(WATERMARKS.name, fresh) if held is None else store.replace(WATERMARKS.name, {**held, **fresh}))
    return renewed


async def _write(store: Documents, collection: str, documents: list[Document]) -> int:
    """All at once: the store makes one commit of what is written together."""
    return sum(await asyncio.gather(*(store.replace(collection, document) for document in documents)))
