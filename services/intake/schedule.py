"""The clock edge of intake: what is asked at every pass."""

from __future__ import annotations

from services.intake.handlers.materialise import Materialise
from shared.http.idempotency import PURGE_LIMIT, Idempotency
from shared.schedule import Job

PURGE_EVERY_MS = 60_000


def jobs(*, materialise: Materialise, idempotency: Idempotency) -> list[Job]:
    """Write obligations as time goes on; forget answers whose 24 hours are over."""
    return [Job("materialise", materialise.due), Job("purge", Purge(idempotency))]


class Purge:
    """Deletes expired answers once a minute; after an interruption the next pass goes on."""

    def __init__(self, idempotency: Idempotency) -> None:
        self._idempotency = idempotency
        self._next_ms = 0

    async def __call__(self, now_ms: int) -> int:
        if now_ms < self._next_ms:
            return 0
        deleted = await self._idempotency.purge(now_ms)
        self._next_ms = now_ms + (0 if deleted >= PURGE_LIMIT else PURGE_EVERY_MS)
        return deleted
