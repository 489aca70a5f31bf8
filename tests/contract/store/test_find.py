"""Find, count and scan: equality, one range, both directions, pages, ties, cursors."""

from __future__ import annotations

import pytest

from shared.errors import Misuse, Permanent
from shared.store.documents import FIND_LIMIT_MAX, Between, Documents, Page, scan
from tests.contract.store.collections_used import thing

pytestmark = pytest.mark.anyio


def numbers(page: Page) -> list[int]:
    return [int(document["_id"][-4:]) for document in page.documents]


async def fill(store: Documents) -> None:
    """40 things in scrambled order: kinds a and b, every `at_ms` shared by four of a kind."""
    fresh = [thing(n, kind="ab"[n % 2], at_ms=n // 8) for n in range(40)]
    await store.insert_many("things", [fresh[n * 17 % 40] for n in range(40)])


async def test_equality_and_range_are_half_open(store: Documents) -> None:
    await fill(store)
    page = await store.find("things", {"kind": "a"}, between=Between("at_ms", at_least=1, below=3))
    assert numbers(page) == list(range(8, 24, 2))
    assert page.cursor is None
    page = await store.find("things", {"kind": "b"}, between=Between("at_ms", at_least=4))
    assert numbers(page) == [33, 35, 37, 39]
    page = await store.find("things", {"kind": "b"}, between=Between("at_ms", below=1))
    assert numbers(page) == [1, 3, 5, 7]


async def test_revisions_tell_which_documents_moved_on(store: Documents) -> None:
    await fill(store)
    held = await store.get("things", thing(7)["_id"])
    assert held is not None
    assert await store.replace("things", {**held, "at_ms": 9})
    told = await store.revisions("things", limit=30)
    assert [id for id, _ in told] == [thing(n)["_id"] for n in range(30)]
    assert {id for id, rev in told if rev != 1} == {held["_id"]}
    assert dict(told)[held["_id"]] == held["rev"] + 1
    assert [id for id, _ in await store.revisions("things", after=told[-1][0])] == [
        thing(n)["_id"] for n in range(30, 40)
    ]
    assert await store.revisions("things", after=thing(39)["_id"]) == []


@pytest.mark.parametrize("limit", [0, FIND_LIMIT_MAX + 1])
async def test_revisions_have_a_bound(store: Documents, limit: int) -> None:
    with pytest.raises(Misuse):
        await store.revisions("things", limit=limit)


async def test_equality_fields_may_be_named_in_any_order(store: Documents) -> None:
    await fill(store)
    between = Between("at_ms", at_least=4)
    page = await store.find("things", {"kind": "a", "colour": "red"}, between=between)
    assert numbers(page) == [32, 34, 36, 38]
    assert numbers(await store.find("things", {"kind": "a", "colour": "blue"}, between=between)) == []


async def test_the_order_is_by_id_without_range_and_order(store: Documents) -> None:
    await fill(store)
    assert numbers(await store.find("things", limit=3)) == [0, 1, 2]
    assert numbers(await store.find("things", {"kind": "b"}, limit=3)) == [1, 3, 5]
    assert numbers(await store.find("things", {"kind": "b"}, descending=True, limit=3)) == [39, 37, 35]


async def test_descending_is_the_exact_reverse(store: Documents) -> None:
    await fill(store)
    up = await store.find("things", {"kind": "a"}, order_by="at_ms")
    down = await store.find("things", {"kind": "a"}, order_by="at_ms", descending=True)
    assert numbers(up) == list(range(0, 40, 2))
    assert numbers(down) == numbers(up)[::-1]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("between", [None, Between("at_ms", at_least=1, below=4)])
@pytest.mark.parametrize("limit", [1, 3, 4, 7, 20])
async def test_pages_join_without_gap_or_repeat_through_ties(
    store: Documents, limit: int, between: Between | None, descending: bool
) -> None:
    await fill(store)
    whole = await store.find("things", {"kind": "a"}, between=between, order_by="at_ms", descending=descending)
    joined: list[int] = []
    cursor: str | None = None
    while True:
        page = await store.find(
            "things",
            {"kind": "a"},
            between=between,
            order_by="at_ms",
            descending=descending,
            limit=limit,
            cursor=cursor,
        )
        assert len(page.documents) <= limit
        joined += numbers(page)
        cursor = page.cursor
        if cursor is None:
            break
        assert len(page.documents) == limit
    assert joined == numbers(whole)
    assert len(joined) == (20 if between is None else 12)


async def test_pages_by_id_and_by_a_unique_index_join_too(store: Documents) -> None:
    await fill(store)
    by_id = [document["_id"] async for document in scan(store, "things", page_size=7)]
    assert by_id == sorted(by_id)
    places = [d["place"] async for d in scan(store, "things", {"shelf": "s"}, order_by="place", page_size=7)]
    assert places == list(range(40))
    down = scan(store, "things", {"shelf": "s"}, order_by="place", descending=True, page_size=7)
    assert [d["place"] async for d in down] == list(range(39, -1, -1))


async def test_floats_and_texts_are_ranges_too(store: Documents) -> None:
    await fill(store)
    assert numbers(await store.find("things", between=Between("weight", at_least=0.25, below=0.625))) == [2, 3, 4]
    assert numbers(await store.find("things", {"weight": 0.375})) == [3]
    page = await store.find("things", between=Between("code", at_least="code-10", below="code-13"))
    assert numbers(page) == [10, 11, 12]
    assert numbers(await store.find("things", between=Between("_id", at_least="thing-0038"))) == [38, 39]


async def test_texts_order_by_code_point(store: Documents) -> None:
    kinds = ["Z", "a", "z", "Đ", "đ", "ệ", "\uffee", "😀"]
    await store.insert_many("things", [thing(n, code=kind) for n, kind in enumerate(reversed(kinds))])
    page = await store.find("things", order_by="code")
    assert [document["code"] for document in page.documents] == kinds


async def test_count_is_what_find_gives_without_limit(store: Documents) -> None:
    await fill(store)
    assert await store.count("things") == 40
    assert await store.count("things", {"kind": "a"}) == 20
    assert await store.count("things", {"kind": "a"}, between=Between("at_ms", at_least=1, below=3)) == 8
    assert await store.count("things", {"kind": "none"}) == 0


async def test_a_changed_document_leaves_its_old_place_in_the_index(store: Documents) -> None:
    await store.insert("things", thing(1))
    await store.replace("things", thing(1, kind="b", rev=1))
    assert await store.count("things", {"kind": "a"}) == 0
    assert numbers(await store.find("things", {"kind": "b"})) == [1]


async def test_a_cursor_of_another_query_is_permanent(store: Documents) -> None:
    await fill(store)
    cursor = (await store.find("things", {"kind": "a"}, order_by="at_ms", limit=2)).cursor
    assert cursor is not None
    for equals, descending in (({"kind": "b"}, False), ({"kind": "a"}, True)):
        with pytest.raises(Permanent, match="another query"):
            await store.find("things", equals, order_by="at_ms", descending=descending, cursor=cursor)
    assert (await store.find("things", {"kind": "a"}, order_by="at_ms", limit=9, cursor=cursor)).documents


@pytest.mark.parametrize("cursor", ["", "x", "????", "W10", "bnVsbA", "é", "a" * 10_000])
async def test_an_unreadable_cursor_is_permanent(store: Documents, cursor: str) -> None:
    with pytest.raises(Permanent):
        await store.find("things", cursor=cursor)


@pytest.mark.parametrize("limit", [0, -1, 1001, True, 2.0])
async def test_a_limit_outside_of_the_bounds_is_misuse(store: Documents, limit: int) -> None:
    with pytest.raises(Misuse):
        await store.find("things", limit=limit)
