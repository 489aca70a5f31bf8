"""Links of the receipt chain that a crash left unwritten: found by the versions that were accepted, and made up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from services.intake.domain.receipts import Accepted
from services.intake.handlers.receipts import Receipts

BATCH = 200


class Changes(Protocol):
    def accepted_since(self, at_ms: int) -> AsyncIterator[Accepted]: ...


class MendReceipts:
    """Makes up links of accepted versions."""

    def __init__(self, *, changes: Changes, receipts: Receipts) -> None:
        self._changes = changes
        self._receipts = receipts

    async def since(self, from_ms: int) -> int:
        """Link what was accepted at this instant or later and has no link; how many."""
        made_up = 0
        batch: list[Accepted] = []
        async for accepted in self._changes.accepted_since(from_ms):
            batch.append(accepted)
            if len(batch) == BATCH:
                made_up += await self._receipts.link_missing(batch)
                batch = []
        return made_up + await self._receipts.link_missing(batch)
