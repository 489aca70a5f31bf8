"""Hash chains that are appended to in batches: one commit for whatever came in while the last one was written.

The links are those of `chain` (same hashes, same documents, same `verify`). What is added is a head document for each
chain, and it is the guard: replacing it with its next state, which holds the links to be written, is what appends.

    1. read the head (or remember it), compute the links that follow
    2. replace the head where its revision is still the one read: another instance that was faster makes this fail
    3. insert the links that the head names

A crash before 2 appends nothing. A crash between 2 and 3 leaves links that only the head holds: whoever appends or
verifies next inserts them first, under the same ids. So a chain never forks and never has a hole that stays.
Do not mix with `HashChain.append` in one collection: it does not know the head.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.errors import Transient
from shared.store.chain import (
    ChainLink,
    HashChain,
    Verdict,
    continue_verdict,
    link_document,
    link_of,
    next_link,
)
from shared.store.documents import Between, Collection, Document, Documents, Index, Scalar

BATCH_MAX = 200
_ATTEMPTS_MAX = 64


@dataclass(frozen=True, slots=True)
class NewLink:
    """What is to be appended. `tags`: scalars kept beside the link to find it by; not part of the hash, so only
    what the entry says too."""

    entry: dict[str, Any]
    at_ms: int
    tags: Mapping[str, Scalar] = field(default_factory=dict)


def batched_chain(name: str, *, tags: Sequence[tuple[str, ...]] = ()) -> tuple[Collection, Collection]:
    """The declarations of links and heads; `tags`: further indexes on the tags, which every link then has."""
    indexes = (Index(("chain", "seq"), unique=True), Index(("chain", "at_ms")), *(Index(fields) for fields in tags))
    return Collection(name, indexes=indexes), Collection(f"{name}_heads")


class BatchedChain:
    """Chains in the collections of `batched_chain(name)`. Any number of instances may append."""

    def __init__(self, store: Documents, links: str) -> None:
        self._store = store
        self._links = links
        self._heads = f"{links}_heads"
        self._known: dict[str, Document] = {}
        self._appending = asyncio.Lock()
        self._chain = HashChain(store, links)

    async def append(self, chain: str, items: Sequence[NewLink]) -> list[ChainLink]:
        """Add all of them at the end, in order, durable when this returns. At most BATCH_MAX.

        Transient as in `HashChain.append`: they may have been added.
        """
        if not items:
            return []
        async with self._appending:
            for _ in range(_ATTEMPTS_MAX):
                head = self._known.pop(chain, None) or await self._completed(chain)
                links = _following(head, chain, items)
                documents = [{**item.tags, **link_document(one)} for item, one in zip(items, links, strict=True)]
                fresh = _head_document(chain, links[-1], documents)
                if await self._take(head, fresh):
                    await self._store.insert_many(self._links, documents)
                    self._known[chain] = {**fresh, "rev": head["rev"] + 1 if head else 1}
                    return links
        raise Transient(f"chain {chain} is so busy that {_ATTEMPTS_MAX} attempts to append were overtaken; try again")

    async def head(self, chain: str) -> ChainLink | None:
        """The newest link, None for an empty chain."""
        await self._completed(chain)
        return await self._chain.head(chain)

    async def verify(self, chain: str, *, anchor: str | None = None) -> Verdict:
        """See `HashChain.verify`. Links cut off at the end are found by the head document, unless it was cut too."""
        head = await self._completed(chain)
        verdict = await self._chain.verify(chain, anchor=anchor)
        if verdict.intact and head is not None and verdict.links < head["seq"]:
            reason = f"link {verdict.links + 1} is missing at the end, the head says {head['seq']}"
            return Verdict(False, verdict.links, verdict.head, verdict.links + 1, reason)
        return verdict

    async def check(self, chain: str, *, after_seq: int = 0, limit: int) -> Verdict:
        """Recompute at most `limit` links behind `after_seq`, whose own hash is believed: a long chain part by part."""
        await self._completed(chain)
        before = await self._chain.page(chain, after_seq=after_seq - 1, limit=1) if after_seq else []
        if after_seq and (not before or before[0].seq != after_seq):
            return Verdict(False, after_seq - 1, "", after_seq, f"link {after_seq} is missing")
        start = Verdict(True, after_seq, before[0].hash if before else "")
        return continue_verdict(start, await self._chain.page(chain, after_seq=after_seq, limit=limit))

    async def page(
        self, chain: str, *, after_seq: int = 0, limit: int, equals: Mapping[str, Scalar] | None = None
    ) -> list[ChainLink]:
        """Links behind `after_seq`, oldest first; with `equals`, of one tag whose index is (chain, tag, seq)."""
        await self._completed(chain)
        wanted = {"chain": chain, **(equals or {})}
        behind = Between("seq", at_least=after_seq + 1)
        found = await self._store.find(self._links, wanted, between=behind, limit=limit)
        return [link_of(document) for document in found.documents]

    async def complete(self, chain: str) -> None:
        """Insert the links that only the head holds since a crash."""
        await self._completed(chain)

    async def newest(self, equals: Mapping[str, Scalar], *, limit: int = 1) -> list[ChainLink]:
        """Links with these tags, newest first by `seq`: an index (*tags, seq) serves it.

        What only the head of a chain holds is not among them: who concludes that a link is missing asks for `complete`
        before.
        """
        found = await self._store.find(self._links, equals, order_by="seq", descending=True, limit=limit)
        return [link_of(document) for document in found.documents]

    async def last_before(self, chain: str, at_ms: int) -> ChainLink | None:
        """The last link made before the instant."""
        found = await self._store.find(
            self._links, {"chain": chain}, between=Between("at_ms", below=at_ms), descending=True, limit=1
        )
        return link_of(found.documents[0]) if found.documents else None

    async def names(self, *, limit: int, cursor: str | None = None) -> tuple[list[str], str | None]:
        """Chains that exist, and the cursor of what follows."""
        page = await self._store.find(self._heads, limit=limit, cursor=cursor)
        return [document["chain"] for document in page.documents], page.cursor

    async def _completed(self, chain: str) -> Document | None:
        """The head as it is stored, every link that it names inserted."""
        head = await self._store.get(self._heads, _head_id(chain))
        if head is not None:
            if head["writing"]:
                await self._store.insert_many(self._links, head["writing"])
            return head
        # A chain that `HashChain` began has links and no head yet.
        last = await self._chain.head(chain)
        if last is None:
            return None
        await self._store.insert(self._heads, _head_document(chain, last, []))
        return await self._store.get(self._heads, _head_id(chain))

    async def _take(self, head: Document | None, fresh: Document) -> bool:
        if head is None:
            return await self._store.insert(self._heads, fresh)
        return await self._store.replace(self._heads, {**fresh, "rev": head["rev"]})


def _following(head: Document | None, chain: str, items: Sequence[NewLink]) -> list[ChainLink]:
    seq, previous = (head["seq"], head["hash"]) if head else (0, "")
    links: list[ChainLink] = []
    for item in items:
        links.append(next_link(chain, seq, previous, item.entry, item.at_ms))
        seq, previous = links[-1].seq, links[-1].hash
    return links


def _head_document(chain: str, last: ChainLink, writing: list[Document]) -> Document:
    return {"_id": _head_id(chain), "chain": chain, "seq": last.seq, "hash": last.hash, "writing": writing}


def _head_id(chain: str) -> str:
    return f"head-{hashlib.sha256(chain.encode()).hexdigest()[:24]}"


@dataclass(slots=True)
class _Asked:
    item: NewLink
    answer: asyncio.Future[ChainLink]


class GroupedAppends:
    """Appends one link a call; what is asked for while a batch is being written becomes the next batch."""

    def __init__(self, chain: BatchedChain) -> None:
        self._chain = chain
        self._waiting: dict[str, list[_Asked]] = {}
        self._writing: dict[str, asyncio.Task[None]] = {}

    async def append(self, chain: str, item: NewLink) -> ChainLink:
        """Add the link, durable when this returns. Errors as in `BatchedChain.append`."""
        asked = _Asked(item, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(chain, []).append(asked)
        if chain not in self._writing:
            self._writing[chain] = asyncio.create_task(self._write(chain), name=f"append to {chain}")
        return await asked.answer

    async def aclose(self) -> None:
        """Finish what was asked for."""
        await asyncio.gather(*self._writing.values(), return_exceptions=True)

    async def _write(self, chain: str) -> None:
        try:
            while waiting := self._waiting.pop(chain, []):
                for start in range(0, len(waiting), BATCH_MAX):
                    await self._write_batch(chain, waiting[start : start + BATCH_MAX])
        finally:
            del self._writing[chain]

    async def _write_batch(self, chain: str, asked: list[_Asked]) -> None:
        try:
            links = await self._chain.append(chain, [one.item for one in asked])
        except Exception as error:  # who asked must be told, whatever it was
            for one in asked:
                if not one.answer.done():
                    one.answer.set_exception(error)
            return
        for one, link in zip(asked, links, strict=True):
            if not one.answer.done():
                one.answer.set_result(link)
