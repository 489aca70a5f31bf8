"""The audit log: an append-only hash chain per plan, and one (`registry`) for units and keys."""

from __future__ import annotations

from typing import Any

from services.intake.repository.collections import AUDIT
from shared.store.chain import HashChain
from shared.store.documents import Documents


class AuditChain:
    """The audit chains of this store."""

    def __init__(self, store: Documents) -> None:
        self._chain = HashChain(store, AUDIT.name)

    async def append(self, chain: str, entry: dict[str, Any], *, at_ms: int) -> None:
        await self._chain.append(chain, entry, at_ms=at_ms)
