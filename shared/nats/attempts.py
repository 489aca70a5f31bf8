"""How often the handling of a message has failed, kept in the store: the broker's own count restarts when it is killed.

A crash between the failure and its record costs one uncounted attempt. An entry is removed when the message succeeds
or is dead-lettered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Set
from dataclasses import dataclass
from typing import Protocol

from shared.errors import Transient
from shared.store.documents import Collection, Documents, Index, scan

ATTEMPTS = Collection("delivery_attempts", indexes=(Index(("consumer",)),))
CONFLICTS_MAX = 10


@dataclass(frozen=True, slots=True)
class Failures:
    """How often a message has failed, and when first and last (epoch milliseconds)."""

    count: int
    first_ms: int
    last_ms: int


class AttemptLog(Protocol):
    """Counts failed attempts by consumer and message id."""

    async def failed(self, consumer: str, message_id: str, *, at_ms: int, error: str) -> Failures:
        """Count one more failure and return the total."""
        ...

    async def forget(self, consumer: str, message_id: str) -> None:
        """Remove the entry; nothing happens when there is none."""
        ...

    async def failing(self, consumer: str) -> Set[str]:
        """The message ids that have an entry."""
        ...


class StoredAttempts:
    """Attempts in the service's own store; the service declares the collection `ATTEMPTS`."""

    def __init__(self, store: Documents, collection: Collection = ATTEMPTS) -> None:
        self._store = store
        self._collection = collection.name

    async def failed(self, consumer: str, message_id: str, *, at_ms: int, error: str) -> Failures:
        """Count one more failure. Guarded by revision, because another instance may hold the same message."""
        key = _key(consumer, message_id)
        for _ in range(CONFLICTS_MAX):
            held = await self._store.get(self._collection, key)
            fresh = {
                **(held or {"_id": key, "consumer": consumer, "message_id": message_id, "first_ms": at_ms}),
                "count": (held or {"count": 0})["count"] + 1,
                "last_ms": at_ms,
                "error": error,
            }
            write = self._store.insert if held is None else self._store.replace
            if await write(self._collection, fresh):
                return Failures(fresh["count"], fresh["first_ms"], at_ms)
        raise Transient(f"attempts of {message_id} at {consumer} keep moving on")

    async def forget(self, consumer: str, message_id: str) -> None:
        await self._store.delete(self._collection, _key(consumer, message_id))

    async def failing(self, consumer: str) -> Set[str]:
        found = scan(self._store, self._collection, {"consumer": consumer})
        return {str(document["message_id"]) async for document in found}


def _key(consumer: str, message_id: str) -> str:
    return "attempt-" + hashlib.sha256(f"{consumer}\n{message_id}".encode()).hexdigest()[:40]
