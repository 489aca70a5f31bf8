"""The hash chain: never forked, and every tampering found at its link."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest
import rfc8785

from shared.errors import Misuse
from shared.store.chain import HashChain
from shared.store.documents import Document, Documents
from tests.contract.store.conftest import OpenStore

pytestmark = pytest.mark.anyio


@pytest.fixture
def chain(store: Documents) -> HashChain:
    return HashChain(store, "audit")


async def filled(chain: HashChain, links: int = 5) -> list[str]:
    return [(await chain.append("plan-1", {"n": n, "text": "Đà"}, at_ms=n)).hash for n in range(links)]


async def nth(store: Documents, seq: int) -> Document:
    [held] = (await store.find("audit", {"chain": "plan-1", "seq": seq})).documents
    return held


async def test_links_follow_one_another(chain: HashChain) -> None:
    first = await chain.append("plan-1", {"b": 1, "a": [1.5, None]}, at_ms=7)
    second = await chain.append("plan-1", {}, at_ms=8)
    content: Any = {"chain": "plan-1", "seq": 1, "previous": "", "at_ms": 7, "entry": {"b": 1, "a": [1.5, None]}}
    assert first.hash == hashlib.sha256(rfc8785.dumps(content)).hexdigest()
    assert (first.seq, first.previous, second.seq, second.previous) == (1, "", 2, first.hash)
    assert await chain.head("plan-1") == second
    assert (await chain.append("plan-2", {}, at_ms=8)).seq == 1


async def test_an_untouched_chain_is_intact(chain: HashChain) -> None:
    hashes = await filled(chain)
    verdict = await chain.verify("plan-1", anchor=hashes[2])
    assert (verdict.intact, verdict.links, verdict.head) == (True, 5, hashes[-1])
    assert (await chain.verify("no such chain")).links == 0


async def test_concurrent_appends_of_several_instances_never_fork(open_store: OpenStore) -> None:
    chains = [HashChain(await open_store(), "audit") for _ in range(3)]
    appended = await asyncio.gather(*(chains[n % 3].append("plan-1", {"n": n}, at_ms=n) for n in range(24)))
    assert sorted(link.seq for link in appended) == list(range(1, 25))
    verdict = await chains[0].verify("plan-1")
    assert (verdict.intact, verdict.links) == (True, 24)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"entry": {"n": 99}}, "content"),
        ({"at_ms": 99}, "content"),
        ({"hash": "0" * 64}, "content"),
        ({"previous": "0" * 64}, "before"),
        ({"entry": {"n": 2**60}}, "canonical"),
    ],
)
async def test_a_changed_link_is_named(store: Documents, chain: HashChain, change: dict[str, Any], reason: str) -> None:
    hashes = await filled(chain)
    assert await store.replace("audit", {**await nth(store, 3), **change})
    verdict = await chain.verify("plan-1")
    assert (verdict.intact, verdict.links, verdict.head, verdict.broken_seq) == (False, 2, hashes[1], 3)
    assert reason in verdict.reason


async def test_a_changed_link_with_a_fitting_hash_breaks_the_next(store: Documents, chain: HashChain) -> None:
    await filled(chain)
    held = await nth(store, 3)
    forged: Any = {**{key: held[key] for key in ("chain", "seq", "previous", "at_ms")}, "entry": {"n": 99}}
    forged["hash"] = hashlib.sha256(rfc8785.dumps(forged)).hexdigest()
    await store.replace("audit", {**held, **forged})
    assert (await chain.verify("plan-1")).broken_seq == 4


async def test_a_removed_link_is_named(store: Documents, chain: HashChain) -> None:
    await filled(chain)
    await store.delete("audit", (await nth(store, 3))["_id"])
    verdict = await chain.verify("plan-1")
    assert (verdict.intact, verdict.broken_seq) == (False, 3)
    assert "missing" in verdict.reason


async def test_a_cut_off_end_is_found_by_an_anchor(store: Documents, chain: HashChain) -> None:
    hashes = await filled(chain)
    await store.delete("audit", (await nth(store, 5))["_id"])
    assert (await chain.verify("plan-1")).intact
    verdict = await chain.verify("plan-1", anchor=hashes[-1])
    assert (verdict.intact, verdict.broken_seq) == (False, 5)


async def test_an_entry_without_canonical_json_is_misuse(chain: HashChain) -> None:
    with pytest.raises(Misuse):
        await chain.append("plan-1", {"n": 2**60}, at_ms=1)
    assert await chain.head("plan-1") is None
