"""Chains appended to in batches: never forked, no hole that stays, whatever step a crash falls on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from shared.store.chain import HashChain
from shared.store.chain_batches import BatchedChain, GroupedAppends, NewLink, batched_chain
from shared.store.documents import Document, Documents
from tests.contract.store.conftest import OpenStore

pytestmark = pytest.mark.anyio

LINKS, HEADS = batched_chain("receipts", tags=(("who", "seq"),))


def line(number: int) -> NewLink:
    return NewLink({"n": number}, number, {"who": f"w{number % 2}"})


class DiesAfterTheHead:
    """A store whose links cannot be inserted: the process ends between head and links."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def insert_many(self, collection: str, documents: Sequence[Document]) -> list[bool]:
        if documents[0]["seq"] > 1:
            raise ConnectionResetError("killed")
        return await self._store.insert_many(collection, documents)


async def test_batches_make_the_links_that_single_appends_make(open_store: OpenStore) -> None:
    store = await open_store([LINKS, HEADS])
    chain = BatchedChain(store, "receipts")
    await chain.append("p", [line(1), line(2)])
    await chain.append("p", [line(3)])
    verdict = await HashChain(store, "receipts").verify("p")
    assert (verdict.intact, verdict.links) == (True, 3)
    assert [link.seq for link in await chain.page("p", after_seq=1, limit=10)] == [2, 3]
    assert [link.seq for link in await chain.newest({"who": "w1"}, limit=5)] == [3, 1]
    assert (await chain.check("p", after_seq=1, limit=1)).links == 2
    assert await chain.names(limit=10) == (["p"], None)


async def test_instances_at_once_never_fork(open_store: OpenStore) -> None:
    chains = [BatchedChain(await open_store([LINKS, HEADS]), "receipts") for _ in range(3)]
    await asyncio.gather(*(chains[n % 3].append("p", [line(n), line(n + 100)]) for n in range(15)))
    verdict = await chains[0].verify("p")
    assert (verdict.intact, verdict.links) == (True, 30)


async def test_a_crash_between_head_and_links_is_completed_by_whoever_comes_next(open_store: OpenStore) -> None:
    store = await open_store([LINKS, HEADS])
    await BatchedChain(store, "receipts").append("p", [line(1)])
    dying = BatchedChain(cast(Documents, DiesAfterTheHead(store)), "receipts")
    with pytest.raises(ConnectionResetError):
        await dying.append("p", [line(2), line(3)])
    assert (await HashChain(store, "receipts").verify("p")).links == 1
    next_life = BatchedChain(store, "receipts")
    await next_life.complete("p")
    assert [link.seq for link in await next_life.newest({"chain": "p"}, limit=9)] == [3, 2, 1]
    await BatchedChain(store, "receipts").append("p", [line(4)])
    verdict = await BatchedChain(store, "receipts").verify("p")
    assert (verdict.intact, verdict.links) == (True, 4)


async def test_a_link_cut_off_at_the_end_is_found(open_store: OpenStore) -> None:
    store = await open_store([LINKS, HEADS])
    chain = BatchedChain(store, "receipts")
    await chain.append("p", [line(1)])
    await chain.append("p", [line(2)])
    await chain.append("p", [line(3)])
    for seq in (2, 3):
        [held] = (await store.find("receipts", {"chain": "p", "seq": seq})).documents
        await store.delete("receipts", held["_id"])
    assert (await chain.verify("p")).intact is False


async def test_a_chain_begun_by_single_appends_goes_on(open_store: OpenStore) -> None:
    store = await open_store([LINKS, HEADS])
    chain = BatchedChain(store, "receipts")
    await chain.append("p", [line(1), line(2)])
    head = (await store.find("receipts_heads", limit=1)).documents[0]
    await store.delete("receipts_heads", head["_id"])
    again = BatchedChain(store, "receipts")
    await again.append("p", [line(3)])
    assert (await again.verify("p")).links == 3


async def test_single_calls_are_grouped_and_each_gets_its_own_link(open_store: OpenStore) -> None:
    store = await open_store([LINKS, HEADS])
    chain = BatchedChain(store, "receipts")
    grouped = GroupedAppends(chain)
    links = await asyncio.gather(*(grouped.append("p", line(n)) for n in range(50)))
    assert [link.entry["n"] for link in links] == list(range(50))
    assert (await chain.verify("p")).links == 50
    await grouped.aclose()
