"""The audit log of one service: append-only hash chains (one per plan, mostly), and anchors of their days."""

from __future__ import annotations

import hashlib
from typing import Any

from shared.audit.lines import Anchor, Checked, Line
from shared.events.anchor import AnchorState
from shared.store.announce import with_events
from shared.store.chain import ChainLink
from shared.store.chain_batches import BatchedChain, GroupedAppends, NewLink, batched_chain
from shared.store.documents import Between, Collection, Documents, Index

AUDIT, AUDIT_HEADS = batched_chain("audit", tags=(("chain", "about", "seq"), ("chain", "who", "seq")))
ANCHORS = Collection("audit_anchors", indexes=(Index(("chain", "day")),), emits=True)
AUDIT_COLLECTIONS = (AUDIT, AUDIT_HEADS, ANCHORS)
"""What a service with an audit log declares."""

ANCHORS_SHOWN_MAX = 400
LOOKED_MAX = 200
"""Newest lines about a thing among which that of one decision is looked for: more than it keeps decisions."""
CHAINS_MAX = 200
"""Chains that are listed: one a plan, and the registry."""


class AuditChain:
    """The audit chains of this store. `announces`: the event that tells of its anchors; None tells nobody."""

    def __init__(self, store: Documents, *, announces: type[AnchorState] | None = None) -> None:
        self._store = store
        self._announces = announces
        self._chain = BatchedChain(store, AUDIT.name)
        self._appends = GroupedAppends(self._chain)

    async def append(self, chain: str, entry: dict[str, Any], *, at_ms: int) -> None:
        """One line, together with those that others append at the same time."""
        await self._appends.append(chain, NewLink(entry, at_ms, {"about": entry["id"], "who": entry["by"]}))

    async def complete(self, chain: str) -> None:
        """Insert the lines that a crash left in the chain's head; `has_line` does not see them."""
        await self._chain.complete(chain)

    async def has_line(self, chain: str, about: str, at_ms: int, *, exactly: bool = False) -> bool:
        """Whether one of the newest lines about the thing is of this instant or later; or `exactly` of this instant."""
        found = await self._chain.newest({"chain": chain, "about": about}, limit=LOOKED_MAX if exactly else 10)
        if exactly:
            return any(at_ms in (link.at_ms, link.entry.get("changed_at_ms")) for link in found)
        return any(link.at_ms >= at_ms for link in found)

    async def lines(self, chain: str, *, about: str | None, by: str | None, after_seq: int, limit: int) -> list[Line]:
        tag = {"about": about} if about else {"who": by} if by else {}
        equals = {name: value for name, value in tag.items() if value is not None}
        found = await self._chain.page(chain, after_seq=after_seq, limit=limit, equals=equals)
        return [_line(link) for link in found]

    async def check(self, chain: str, *, after_seq: int, limit: int) -> Checked:
        verdict = await self._chain.check(chain, after_seq=after_seq, limit=limit)
        is_end = not verdict.intact or verdict.links - after_seq < limit
        after = None if is_end else verdict.links
        return Checked(verdict.intact, verdict.links, verdict.head, verdict.broken_seq, verdict.reason, after)

    async def chains(self) -> list[str]:
        return (await self._chain.names(limit=CHAINS_MAX))[0]

    async def last_before(self, chain: str, at_ms: int) -> Line | None:
        link = await self._chain.last_before(chain, at_ms)
        return None if link is None else _line(link)

    async def line_at(self, chain: str, seq: int) -> Line | None:
        found = await self._chain.page(chain, after_seq=seq - 1, limit=1)
        return _line(found[0]) if found and found[0].seq == seq else None

    async def keep_anchor(self, anchor: Anchor, *, at_ms: int) -> bool:
        """Insert if absent, together with the event that announces it."""
        named = hashlib.sha256(anchor.chain.encode()).hexdigest()[:16]
        held = {"chain": anchor.chain, "day": anchor.day, "seq": anchor.seq, "hash": anchor.hash}
        document = with_events({"_id": f"anchor-{named}-{anchor.day}", **held}, self._told(anchor), now_ms=at_ms)
        return await self._store.insert(ANCHORS.name, document)

    def _told(self, anchor: Anchor) -> list[AnchorState]:
        if self._announces is None:
            return []
        told = {"chain": anchor.chain, "day": anchor.day, "seq": anchor.seq, "sha256": anchor.hash}
        return [self._announces.model_validate({"revision": 1, **told})]

    async def anchors(self, chain: str, *, first: str, last: str) -> list[Anchor]:
        """Of the days from first to last, both included."""
        days = Between("day", at_least=first, below=f"{last}~")
        page = await self._store.find(ANCHORS.name, {"chain": chain}, between=days, limit=ANCHORS_SHOWN_MAX)
        return [Anchor(held["chain"], held["day"], held["seq"], held["hash"]) for held in page.documents]

    async def aclose(self) -> None:
        await self._appends.aclose()


def _line(link: ChainLink) -> Line:
    return Line(link.chain, link.seq, link.at_ms, link.hash, link.entry)
