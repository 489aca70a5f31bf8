"""Pending events: listed oldest first, taken out under the revision read, and a signal for the relay."""

from __future__ import annotations

import asyncio

import pytest

from shared.store.documents import Document, Documents, PublishedEvents
from shared.store.pending import envelope_of, event_id_of, with_pending
from tests.contract.store.collections_used import event, marks, old_event, order
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


@pytest.mark.parametrize("number", [7, 8, 9, 10, 30])
async def test_as_many_are_listed_as_wait_or_as_are_asked_for(store: Documents, number: int) -> None:
    await store.insert_many("orders", [waiting(n, at_ms=n + 1) for n in range(number)])
    everyone = [f"order-{n}" for n in range(number)]
    for limit in (1, 8, 9, 10, 100):
        assert ids(await store.list_pending("orders", limit=limit)) == everyone[:limit]


async def test_a_document_keeps_the_instant_of_its_oldest_event(store: Documents) -> None:
    later = with_pending(waiting(1, at_ms=10), [event("later")], now_ms=99)
    await store.insert("orders", later)
    await store.insert("orders", waiting(2, at_ms=50))
    assert ids(await store.list_pending("orders", limit=9)) == ["order-1", "order-2"]
    assert await store.mark_published("orders", marks("order-1", "order-1@0")) == [True]
    assert ids(await store.list_pending("orders", limit=9)) == ["order-2", "order-1"]


async def test_published_events_are_taken_out_and_rev_stays(store: Documents) -> None:
    await store.insert("orders", waiting(1, at_ms=10, events=3))
    assert await store.mark_published("orders", marks("order-1", "order-1@0", "order-1@2")) == [True]
    held = await store.get("orders", "order-1")
    assert held is not None
    assert [event_id_of(waits) for waits in held["pending"]] == ["order-1@1"]
    assert (held["rev"], held["pending_ms"]) == (1, 10)
    assert await store.mark_published("orders", marks("order-1", "order-1@1", "unknown")) == [True]
    assert await store.get("orders", "order-1") == {**order(1), "rev": 1}
    assert await store.list_pending("orders", limit=9) == []
    assert await store.mark_published("orders", marks("order-1", "order-1@1")) == [True]


async def test_a_document_that_moved_on_keeps_its_events(store: Documents) -> None:
    await store.insert("orders", waiting(1, at_ms=10))
    held = await store.get("orders", "order-1")
    assert held is not None
    assert await store.replace("orders", with_pending(held, [event("second")], now_ms=20))
    assert await store.mark_published("orders", marks("order-1", "order-1@0", rev=held["rev"])) == [False]
    [moved] = await store.list_pending("orders", limit=1)
    assert [event_id_of(waits) for waits in moved["pending"]] == ["order-1@0", "second"]
    assert await store.mark_published("orders", marks("order-9", "x")) == [False]


async def test_what_is_listed_is_what_the_relay_needs(store: Documents) -> None:
    await store.insert("orders", {**waiting(1, at_ms=10, events=2), "customer": "left out"})
    [listed] = await store.list_pending("orders", limit=1)
    held = await store.get("orders", "order-1")
    assert held is not None
    assert listed == {name: held[name] for name in ("_id", "rev", "pending", "pending_ms")}
    assert held["customer"] == "left out"
    assert listed["pending"][0] == {**event("order-1@0"), "at_ms": 10}


async def test_many_are_marked_at_once_and_each_is_answered(store: Documents) -> None:
    for number in (1, 2, 3):
        await store.insert("orders", waiting(number, at_ms=number, events=2))
    done = [
        PublishedEvents("order-1", 1, ("order-1@0", "order-1@1")),
        PublishedEvents("order-2", 7, ("order-2@0",)),
        PublishedEvents("order-9", 1, ("order-9@0",)),
        PublishedEvents("order-3", 1, ("order-3@1",)),
    ]
    assert await store.mark_published("orders", done) == [True, False, False, True]
    assert await store.mark_published("orders", []) == []
    listed = await store.list_pending("orders", limit=9)
    assert [[event_id_of(waits) for waits in held["pending"]] for held in listed] == [
        ["order-2@0", "order-2@1"],
        ["order-3@0"],
    ]


async def test_events_in_the_form_of_earlier_versions_wait_and_are_marked_too(store: Documents) -> None:
    mixed = with_pending(order(1), [old_event("a"), event("b"), old_event("c")], now_ms=10)
    await store.insert("orders", mixed)
    assert await store.get("orders", "order-1") == {**mixed, "rev": 1}
    assert await store.mark_published("orders", marks("order-1", "a", "b")) == [True]
    [listed] = await store.list_pending("orders", limit=1)
    assert [envelope_of(waits)["id"] for waits in listed["pending"]] == ["c"]
    assert await store.mark_published("orders", marks("order-1", "c")) == [True]
    assert await store.get("orders", "order-1") == {**order(1), "rev": 1}


async def test_find_shows_what_waits(store: Documents) -> None:
    await store.insert_many("orders", [waiting(1, at_ms=10), order(2)])
    found = (await store.find("orders")).documents
    assert found == [{**waiting(1, at_ms=10), "rev": 1}, {**order(2), "rev": 1}]


async def test_a_replace_after_marking_still_matches_its_revision(store: Documents) -> None:
    await store.insert("orders", waiting(1, at_ms=10))
    await store.mark_published("orders", marks("order-1", "order-1@0"))
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
    await second.mark_published("orders", marks("order-1", "order-1@0"))
    assert not (await open_store()).has_pending.is_set()
