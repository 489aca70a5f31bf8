"""The hash chain of receipts, one per plan."""

from __future__ import annotations

from collections.abc import Sequence

from services.intake.domain.receipts import Accepted, Place
from services.intake.repository.collections import RECEIPTS
from shared.audit.lines import Checked
from shared.store.chain import ChainLink
from shared.store.chain_batches import BatchedChain, NewLink
from shared.store.documents import Documents

VERSIONS_MAX = 1000
"""Versions of one report that are looked at; more than a report can have while the broker is away, and then some."""


class ReceiptChain:
    """The receipts of this store."""

    def __init__(self, store: Documents) -> None:
        self._chain = BatchedChain(store, RECEIPTS.name)

    async def append(self, plan: str, accepted: Sequence[Accepted]) -> None:
        """One link for each, in order."""
        tags = ({"sha256": one.sha256, "report": one.report} for one in accepted)
        links = [NewLink(one.entry(), one.received_at_ms, tag) for one, tag in zip(accepted, tags, strict=True)]
        await self._chain.append(plan, links)

    async def complete(self, plan: str) -> None:
        """Insert the links that a crash left in the chain's head: before it is asked which versions have one."""
        await self._chain.complete(plan)

    async def versions_of(self, report: str) -> set[int]:
        """Versions of the report that have a link."""
        return {link.entry["version"] for link in await self._chain.newest({"report": report}, limit=VERSIONS_MAX)}

    async def places(self, sha256: str) -> list[Place]:
        """Where this hash occurs, newest first: the same content may be sent again after another version."""
        return [_place(link) for link in await self._chain.newest({"sha256": sha256}, limit=10)]

    async def head(self, plan: str) -> Place | None:
        """The newest link of the plan."""
        link = await self._chain.head(plan)
        return None if link is None else _place(link)

    async def check(self, plan: str, *, after_seq: int, limit: int) -> Checked:
        """Recompute a part of the chain."""
        verdict = await self._chain.check(plan, after_seq=after_seq, limit=limit)
        is_end = not verdict.intact or verdict.links - after_seq < limit
        after = None if is_end else verdict.links
        return Checked(verdict.intact, verdict.links, verdict.head, verdict.broken_seq, verdict.reason, after)


def _place(link: ChainLink) -> Place:
    return Place(link.chain, link.seq, link.hash, link.previous, link.entry["version"])
