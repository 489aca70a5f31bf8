"""A hash chain of records: later changes, insertions and removals are found.

A link's hash is the SHA-256 of the canonical JSON (RFC 8785) of {chain, seq, previous, at_ms, entry}; `previous` is
the hash before it, and "" for the first. The unique index on (chain, seq) keeps two instances from forking a chain.
Links cut off at the end leave no trace inside: print the newest hash somewhere else now and then (an anchor), and
hand it to `verify`.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785

from shared.canonical import canonical
from shared.errors import Misuse, Transient
from shared.store.documents import Between, Collection, Document, Documents, Index, scan

_ATTEMPTS_MAX = 64


def chain_collection(name: str) -> Collection:
    """The declaration of a collection that holds hash chains."""
    return Collection(name, indexes=(Index(("chain", "seq"), unique=True),))


@dataclass(frozen=True, slots=True)
class ChainLink:
    """One record in its place: `seq` counts from 1, hashes are hexadecimal, `at_ms` epoch milliseconds."""

    chain: str
    seq: int
    previous: str
    hash: str
    at_ms: int
    entry: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a chain holds. `links` good ones from the start, the last with hash `head`; then the first bad one."""

    intact: bool
    links: int
    head: str
    broken_seq: int | None = None
    reason: str = ""


class HashChain:
    """Chains in one collection (declare `chain_collection(name)`). Any number of instances may append."""

    def __init__(self, store: Documents, collection: str) -> None:
        self._store = store
        self._collection = collection
        self._appending = asyncio.Lock()  # one at a time here; other processes are met at the unique index

    async def append(self, chain: str, entry: dict[str, Any], *, at_ms: int) -> ChainLink:
        """Add a record at the end, durable when this returns.

        Misuse when the entry has no canonical JSON (an int beyond 2**53, say). Transient when others were faster too
        many times, or the store does not answer: then it may have been added, and trying again may add it twice. An
        entry that must be there once carries its own id, and its owner asks before it appends.
        """
        async with self._appending:
            for _ in range(_ATTEMPTS_MAX):
                head = await self.head(chain)
                link = next_link(chain, head.seq if head else 0, head.hash if head else "", entry, at_ms)
                if await self._store.insert(self._collection, link_document(link)):
                    return link
        raise Transient(f"chain {chain} is so busy that {_ATTEMPTS_MAX} attempts to append were overtaken; try again")

    async def head(self, chain: str) -> ChainLink | None:
        """The newest link, None for an empty chain."""
        page = await self._store.find(self._collection, {"chain": chain}, order_by="seq", descending=True, limit=1)
        return link_of(page.documents[0]) if page.documents else None

    async def page(self, chain: str, *, after_seq: int, limit: int) -> list[ChainLink]:
        """Links behind `after_seq`, oldest first."""
        behind = Between("seq", at_least=after_seq + 1)
        page = await self._store.find(self._collection, {"chain": chain}, between=behind, limit=limit)
        return [link_of(document) for document in page.documents]

    async def verify(self, chain: str, *, anchor: str | None = None) -> Verdict:
        """Walk the chain in pages and recompute every hash. With `anchor`, a hash that must occur in it."""
        verdict, anchored = Verdict(True, 0, ""), anchor is None
        async for document in scan(self._store, self._collection, {"chain": chain}, order_by="seq"):
            link = link_of(document)
            reason = _fault(verdict, link)
            if reason:
                return Verdict(False, verdict.links, verdict.head, broken_seq=verdict.links + 1, reason=reason)
            verdict = Verdict(True, link.seq, link.hash)
            anchored = anchored or link.hash == anchor
        if not anchored:
            return Verdict(False, verdict.links, verdict.head, verdict.links + 1, "the anchor does not occur")
        return verdict


def continue_verdict(sofar: Verdict, links: Sequence[ChainLink]) -> Verdict:
    """The verdict once these links, which follow, have been recomputed too."""
    for link in links:
        reason = _fault(sofar, link)
        if reason:
            return Verdict(False, sofar.links, sofar.head, broken_seq=sofar.links + 1, reason=reason)
        sofar = Verdict(True, link.seq, link.hash)
    return sofar


def _fault(sofar: Verdict, link: ChainLink) -> str:
    """What is wrong with the next link, "" when nothing is."""
    if link.seq != sofar.links + 1:
        return f"link {sofar.links + 1} is missing, {link.seq} follows {sofar.links}"
    if link.previous != sofar.head:
        return "it does not name the hash of the link before"
    try:
        recomputed = _digest(link.chain, link.seq, link.previous, link.at_ms, link.entry)
    except Misuse:
        return "its content has no canonical JSON"
    return "" if recomputed == link.hash else "its content does not give its hash"


def next_link(chain: str, seq: int, previous: str, entry: dict[str, Any], at_ms: int) -> ChainLink:
    """The link that follows link `seq` (0: none yet) with hash `previous`. Misuse as in `HashChain.append`."""
    return ChainLink(chain, seq + 1, previous, _digest(chain, seq + 1, previous, at_ms, entry), at_ms, entry)


def _digest(chain: str, seq: int, previous: str, at_ms: int, entry: dict[str, Any]) -> str:
    content: dict[str, Any] = {"chain": chain, "seq": seq, "previous": previous, "at_ms": at_ms, "entry": entry}
    try:
        content_bytes = canonical(content)
    except rfc8785.CanonicalizationError as err:
        raise Misuse(f"an entry of chain {chain} has no canonical JSON: {err}") from err
    return hashlib.sha256(content_bytes).hexdigest()


def link_document(link: ChainLink) -> Document:
    """The document that keeps a link."""
    named = hashlib.sha256(link.chain.encode()).hexdigest()[:16]
    return {
        "_id": f"link-{named}-{link.seq:012d}",
        "chain": link.chain,
        "seq": link.seq,
        "previous": link.previous,
        "hash": link.hash,
        "at_ms": link.at_ms,
        "entry": link.entry,
    }


def link_of(document: Document) -> ChainLink:
    """The link that a document keeps."""
    fields = ("chain", "seq", "previous", "hash", "at_ms", "entry")
    return ChainLink(*(document[field] for field in fields))
