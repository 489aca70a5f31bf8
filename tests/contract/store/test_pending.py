"""Pending events: listed oldest first, taken out under the revision read, and a signal for the relay."""

from __future__ import annotations

import asyncio

import pytest

from shared.store.documents import Document, Documents
from shared.store.pending import with_pending
from tests.contract.store.collections_used import event, order
from tests.contract.store.conftest import OpenStore

pytestmark = pytest.mark.anyio


def waiting(number: int, *, at_ms: int, events: int = 1) -> Document:
    return with_pending(order(number), [event(f"order-{number}@{n}") for n in range(events)], now_ms=at_ms)


def ids(documents: list[Document]) -> list[str]:
    return [document["_id"] for document in documents]


async def test_pending_documents_are_listed_oldest_first(store: Documents) -> None:
    for number, at_ms in ((1, 30), (2, 10), (3, 20), (4, 10)):
        await store.insert("orders", waiting(number, at_ms=at_ms))
    await store.insert("orders", order(5))
    assert ids(await store.list_pending("orders", limit=100)) == ["order-2", "order-4", "order-3", "order-1"]
    assert ids(await store.list_pending("orders", limit=2)) == ["order-2", "order-4"]


async def test_a_document_keeps_the_instant_of_its_oldest_event(store: Documents) -> None:
    later = with_pending(waiting(1, at_ms=10), [event("later")], now_ms=99)
    await store.insert("orders", later)
    await store.insert("orders", waiting(2, at_ms=50))
    assert ids(await store.list_pending("orders", limit=9)) == ["order-1", "order-2"]
    assert await store.mark_published("orders", "order-1", rev=1, event_ids=["order-1@0"])
    assert ids(await store.list_pending("orders", limit=9)) == ["order-2", "order-1"]


async def test_published_events_are_taken_out_and_rev_stays(store: Documents) -> None:
    await store.insert("orders", waiting(1, at_ms=10, events=3))
    assert await store.mark_published("orders", "order-1", rev=1, event_ids=["order-1@0", "order-1@2"])
    held = await store.get("orders", "order-1")
    assert held is not None
    assert [waits["envelope"]["id"] for waits in held["pending"]] == ["order-1@1"]
    assert (held["rev"], held["pending_ms"]) == (1, 10)
    assert await store.mark_published("orders", "order-1", rev=1, event_ids=["order-1@1", "unknown"])
    assert await store.get("orders", "order-1") == {**order(1), "rev": 1}
    assert await store.list_pending("orders", limit=9) == []
    assert await store.mark_published("orders", "order-1", rev=1, event_ids=["order-1@1"])


async def test_a_document_that_moved_on_keeps_its_events(store: Documents) -> None:
    await store.insert("orders", waiting(1, at_ms=10))
    [held] = await store.list_pending("orders", limit=1)
    assert await store.replace("orders", with_pending(held, [event("second")], now_ms=20))
    assert not await store.mark_published("orders", "order-1", rev=held["rev"], event_ids=["order-1@0"])
    [moved] = await store.list_pending("orders", limit=1)
    assert [waits["envelope"]["id"] for waits in moved["pending"]] == ["order-1@0", "second"]
    assert not await store.mark_published("orders", "order-9", rev=1, event_ids=["x"])


async def test_a_replace_after_marking_still_matches_its_revision(store: Documents) -> None:
    await store.insert("orders", waiting(1, at_ms=10))
    await store.mark_published("orders", "order-1", rev=1, event_ids=["order-1@0"])
    assert await store.replace("orders", {**order(1), "rev": 1})


async def test_every_write_with_waiting_events_sets_the_signal(store: Documents) -> None:
    signal = store.has_pending
    assert not signal.is_set()
    await store.insert("orders", order(1))
    assert not signal.is_set()
    await store.insert("orders", waiting(2, at_ms=10))
    assert signal.is_set()
    signal.clear()
    await store.insert_many("orders", [order(3), waiting(4, at_ms=10)])
    assert signal.is_set()
    signal.clear()
    await store.replace("orders", {**waiting(1, at_ms=10), "rev": 1})
    assert signal.is_set()


async def test_a_write_that_wrote_nothing_sets_no_signal(store: Documents) -> None:
    await store.insert("orders", order(1))
    assert not await store.insert("orders", waiting(1, at_ms=10))
    assert not await store.replace("orders", {**waiting(1, at_ms=10), "rev": 7})
    assert await store.insert_many("orders", [waiting(1, at_ms=10)]) == [False]
    assert not store.has_pending.is_set()


async def test_a_cancelled_caller_still_wakes_the_relay(store: Documents) -> None:
    task = asyncio.ensure_future(store.insert("orders", waiting(1, at_ms=10)))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait_for(store.has_pending.wait(), timeout=10)
    assert ids(await store.list_pending("orders", limit=1)) == ["order-1"]
    assert task.cancelled()


async def test_leftovers_of_a_crash_set_the_signal_at_connect(open_store: OpenStore) -> None:
    first = await open_store()
    await first.insert("orders", waiting(1, at_ms=10))
    await first.aclose()
    second = await open_store()
    assert second.has_pending.is_set()
    await second.mark_published("orders", "order-1", rev=1, event_ids=["order-1@0"])
    assert not (await open_store()).has_pending.is_set()
