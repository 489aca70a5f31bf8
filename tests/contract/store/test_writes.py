"""Insert, get, replace, delete: what each promises."""

from __future__ import annotations

import asyncio

import pytest

from shared.errors import Transient
from shared.store.documents import Documents
from tests.contract.store.collections_used import thing
from tests.contract.store.conftest import OpenStore

pytestmark = pytest.mark.anyio


async def test_an_inserted_document_reads_back_with_revision_1(store: Documents) -> None:
    document = thing(1)
    assert await store.insert("things", document) is True
    assert await store.get("things", "thing-0001") == {**document, "rev": 1}
    assert "rev" not in document


async def test_the_store_owns_rev_at_insert(store: Documents) -> None:
    await store.insert("things", thing(1, rev=77))
    assert await store.get("things", "thing-0001") == {**thing(1), "rev": 1}


async def test_an_absent_document_is_none(store: Documents) -> None:
    assert await store.get("things", "thing-0001") is None


async def test_of_16_concurrent_inserts_of_one_id_exactly_one_wins(store: Documents) -> None:
    fresh = [thing(1, code=f"c{n}", place=n) for n in range(16)]
    answers = await asyncio.gather(*(store.insert("things", document) for document in fresh))
    assert answers.count(True) == 1
    held = await store.get("things", "thing-0001")
    assert held == {**fresh[answers.index(True)], "rev": 1}


async def test_of_16_concurrent_inserts_of_one_unique_value_exactly_one_wins(store: Documents) -> None:
    fresh = [thing(n, code="same") for n in range(16)]
    answers = await asyncio.gather(*(store.insert("things", document) for document in fresh))
    assert answers.count(True) == 1
    assert await store.count("things") == 1


async def test_a_unique_index_of_two_fields_refuses_only_the_pair(store: Documents) -> None:
    assert await store.insert("things", thing(1, shelf="x", place=1))
    assert await store.insert("things", thing(2, shelf="x", place=2))
    assert await store.insert("things", thing(3, shelf="y", place=1))
    assert not await store.insert("things", thing(4, shelf="y", place=1))
    assert await store.get("things", "thing-0004") is None


async def test_insert_many_says_for_each_whether_it_went_in(store: Documents) -> None:
    await store.insert("things", thing(2))
    batch = [thing(1), thing(2), thing(3), thing(3), thing(4, code="code-1"), thing(5)]
    assert await store.insert_many("things", batch) == [True, False, True, False, False, True]
    assert await store.insert_many("things", batch) == [False] * 6
    assert await store.count("things") == 4
    assert await store.insert_many("things", []) == []


async def test_insert_many_takes_a_thousand(store: Documents) -> None:
    assert await store.insert_many("things", [thing(n) for n in range(1000)]) == [True] * 1000
    assert await store.count("things") == 1000


async def test_get_many_keeps_the_order_asked_and_leaves_out_the_absent(store: Documents) -> None:
    await store.insert_many("things", [thing(n) for n in range(5)])
    found = await store.get_many("things", ["thing-0003", "thing-0009", "thing-0001"])
    assert [document["_id"] for document in found] == ["thing-0003", "thing-0001"]
    assert await store.get_many("things", []) == []


async def test_replace_writes_the_whole_document_under_the_next_revision(store: Documents) -> None:
    await store.insert("things", thing(1, extra="gone afterwards"))
    changed = thing(1, kind="b", rev=1)
    assert await store.replace("things", changed) is True
    assert changed["rev"] == 1
    assert await store.get("things", "thing-0001") == {**changed, "rev": 2}


async def test_a_stale_revision_writes_nothing(store: Documents) -> None:
    await store.insert("things", thing(1))
    assert await store.replace("things", thing(1, kind="b", rev=1))
    assert not await store.replace("things", thing(1, kind="c", rev=1))
    assert not await store.replace("things", thing(1, kind="c", rev=3))
    held = await store.get("things", "thing-0001")
    assert held is not None
    assert (held["kind"], held["rev"]) == ("b", 2)


async def test_replacing_what_is_gone_is_false_and_does_not_bring_it_back(store: Documents) -> None:
    assert not await store.replace("things", thing(1, rev=1))
    assert await store.get("things", "thing-0001") is None


async def test_replace_that_collides_on_a_unique_index_is_false_and_writes_nothing(store: Documents) -> None:
    await store.insert_many("things", [thing(1), thing(2)])
    assert not await store.replace("things", thing(2, code="code-1", rev=1))
    assert await store.get("things", "thing-0002") == {**thing(2), "rev": 1}


async def test_of_16_concurrent_replaces_of_one_revision_exactly_one_wins(store: Documents) -> None:
    await store.insert("things", thing(1))
    answers = await asyncio.gather(*(store.replace("things", thing(1, kind=f"k{n}", rev=1)) for n in range(16)))
    assert answers.count(True) == 1
    held = await store.get("things", "thing-0001")
    assert held is not None
    assert (held["kind"], held["rev"]) == (f"k{answers.index(True)}", 2)


async def test_delete_by_id_and_by_revision(store: Documents) -> None:
    await store.insert_many("things", [thing(1), thing(2)])
    assert not await store.delete("things", "thing-0001", rev=2)
    assert await store.delete("things", "thing-0001", rev=1)
    assert not await store.delete("things", "thing-0001")
    assert await store.delete("things", "thing-0002")
    assert await store.count("things") == 0


async def test_what_was_written_is_there_after_reopening(open_store: OpenStore) -> None:
    first = await open_store()
    await first.insert("things", thing(1))
    await first.aclose()
    assert await (await open_store()).get("things", "thing-0001") == {**thing(1), "rev": 1}


async def test_ping_answers_and_a_closed_store_is_transient(store: Documents) -> None:
    await store.ping()
    await store.aclose()
    await store.aclose()
    with pytest.raises(Transient):
        await store.insert("things", thing(1))
    with pytest.raises(Transient):
        await store.get("things", "thing-0001")
    with pytest.raises(Transient):
        await store.ping()
