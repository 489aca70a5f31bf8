"""What waits to be published, seen from the store: the relay's own view stands still when the relay does."""

from __future__ import annotations

from collections.abc import Callable, Collection

from services.intake.repository.collections import EMITTING
from shared.store.documents import Documents
from shared.store.pending import event_id_of

LOOK_LIMIT = 50


class Outbox:
    """The waiting events of this store. `stuck`: ids of events that can never be published, which nobody waits for."""

    def __init__(self, store: Documents, stuck: Callable[[], Collection[str]]) -> None:
        self._store = store
        self._stuck = stuck

    async def oldest(self) -> str | None:
        """The id of the event that has waited longest, None when nothing waits."""
        stuck = self._stuck()
        waiting: list[tuple[int, str]] = []
        for collection in EMITTING:
            for document in await self._store.list_pending(collection, limit=LOOK_LIMIT):
                fresh = [id for id in map(event_id_of, document["pending"]) if id not in stuck]
                if fresh:
                    waiting.append((document["pending_ms"], fresh[0]))
                    break
        return min(waiting)[1] if waiting else None
