"""Files of version 1, columns that come and go with declarations, and what an old process may not do to a new file."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest

from shared.errors import Transient
from shared.store.declared import SchemaMismatch, SchemaTooNew
from shared.store.documents import Between, Collection, Document, Index
from shared.store.embedded import EmbeddedDocuments
from shared.store.journal import Journal
from shared.store.pending import envelope_of, with_pending
from shared.store.sqlite_schema import APPLICATION_ID, SCHEMA_VERSION
from tests.contract.store.collections_used import COLLECTIONS, THINGS, event, marks, old_event, order, thing

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite3"


def asked(path: Path, sql: str, *values: Any) -> list[Any]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(sql, values).fetchall()


def version_1_file(path: Path, documents: dict[str, list[Document]]) -> None:
    """What version 1 wrote: one column with the whole document, indexes on expressions over it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        for table, held in documents.items():
            connection.execute(
                f'CREATE TABLE "{table}" (id TEXT PRIMARY KEY NOT NULL, rev INTEGER NOT NULL, doc TEXT NOT NULL) STRICT'
            )
            for document in held:
                content = {key: value for key, value in document.items() if key not in ("_id", "rev")}
                row = (document["_id"], document["rev"], orjson.dumps(content).decode())
                connection.execute(f'INSERT INTO "{table}" VALUES (?, ?, ?)', row)
        for name, kind, columns in (
            ("ix__things__kind__at_ms", "", "json_extract(doc,'$.kind'),json_extract(doc,'$.at_ms'),id"),
            ("ux__things__code", "UNIQUE ", "json_extract(doc,'$.code')"),
            ("ix__orders__pending_ms", "", "json_extract(doc,'$.pending_ms'),id"),
        ):
            connection.execute(f'CREATE {kind}INDEX "{name}" ON "{name.split("__")[1]}" ({columns})')
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute("PRAGMA user_version=1")


def version_1_documents() -> dict[str, list[Document]]:
    things = [thing(n, rev=n + 1, weight=n / 7, text="Đà Nẵng", kind=["a", True, 2, 0.1][n % 4]) for n in range(450)]
    orders = [{**with_pending(order(1), [old_event("order-1@1")], now_ms=50), "rev": 1}, {**order(2), "rev": 4}]
    kept = {"_id": "event-order-0@1", "rev": 1, "at_ms": 7, "subject": "tiendo.x", "envelope": {"id": "order-0@1"}}
    return {"things": things, "orders": orders, "journal": [kept], "forgotten": [{"_id": "x-1", "rev": 1, "a": 1}]}


async def test_a_file_of_version_1_is_rewritten_and_says_the_same(path: Path) -> None:
    documents = version_1_documents()
    version_1_file(path, documents)
    store = await EmbeddedDocuments.connect(path, COLLECTIONS)
    assert store.has_pending.is_set()
    for number, document in enumerate(documents["things"]):
        assert await store.get("things", document["_id"]) == document, number
    assert await store.count("things", {"kind": True}) == 113
    assert await store.count("things", {"kind": 0.1}) == 112
    assert await store.count("things", {"weight": 13 / 7}) == 1
    found = await store.find("things", {"kind": 2}, between=Between("at_ms", at_least=1_700_000_000_440))
    assert [document["_id"] for document in found.documents] == ["thing-0442", "thing-0446"]
    assert not await store.insert("things", thing(999, code="code-3"))
    assert await store.get("orders", "order-1") == documents["orders"][0]
    [waits] = await store.list_pending("orders", limit=9)
    assert (waits["pending_ms"], envelope_of(waits["pending"][0])["id"]) == (50, "order-1@1")
    assert await store.mark_published("orders", marks("order-1", "order-1@1")) == [True]
    assert await store.replace("orders", {**order(2), "rev": 4})
    assert [held.id async for held in Journal(store).replay()] == ["order-0@1"]
    await store.aclose()
    assert asked(path, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    assert asked(path, "PRAGMA integrity_check") == [("ok",)]


async def test_a_table_that_nobody_declared_is_rewritten_once_somebody_does(path: Path) -> None:
    version_1_file(path, version_1_documents())
    await (await EmbeddedDocuments.connect(path, COLLECTIONS)).aclose()
    store = await EmbeddedDocuments.connect(path, [Collection("forgotten", indexes=(Index(("a",)),))])
    assert (await store.find("forgotten", {"a": 1})).documents == [{"_id": "x-1", "rev": 1, "a": 1}]
    await store.aclose()


async def test_a_rewriting_that_fails_leaves_version_1_and_the_next_start_begins_again(path: Path) -> None:
    version_1_file(path, version_1_documents())
    broken = Collection("orders", indexes=(Index(("missing",), unique=True),), emits=True)
    same = Collection("things", indexes=(Index(("code",), unique=True), Index(("shelf",), unique=True)))
    with pytest.raises(SchemaMismatch, match="shelf"):
        await EmbeddedDocuments.connect(path, [broken, same])
    assert asked(path, "PRAGMA user_version") == [(1,)]
    assert asked(path, "SELECT count(*), count(doc) FROM things") == [(450, 450)]
    assert asked(path, "SELECT count(doc) FROM orders") == [(2,)]
    store = await EmbeddedDocuments.connect(path, COLLECTIONS)
    assert await store.count("things") == 450
    await store.aclose()


async def test_a_process_of_version_1_that_still_runs_fails_and_writes_nothing(path: Path) -> None:
    version_1_file(path, version_1_documents())
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        assert old.execute("SELECT rev FROM orders WHERE id = 'order-2'").fetchall() == [(4,)]
        store = await EmbeddedDocuments.connect(path, COLLECTIONS)
        with pytest.raises(sqlite3.OperationalError, match="doc"):
            old.execute("UPDATE things SET rev = rev + 1, doc = '{}' WHERE id = 'thing-0001'")
        with pytest.raises(sqlite3.OperationalError, match="doc"):
            old.execute("INSERT INTO things (id, rev, doc) VALUES ('thing-x', 1, '{}')")
    await store.aclose()


async def test_the_newest_version_is_refused_by_older_code(path: Path) -> None:
    await (await EmbeddedDocuments.connect(path, COLLECTIONS)).aclose()
    [(written,)] = asked(path, "PRAGMA user_version")
    assert written == 2  # version 1 refuses whatever is above 1
    asked(path, f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    with pytest.raises(SchemaTooNew):
        await EmbeddedDocuments.connect(path, COLLECTIONS)


async def test_an_index_that_comes_back_is_right_about_what_was_written_without_it(path: Path) -> None:
    first = await EmbeddedDocuments.connect(path, [THINGS])
    await first.insert_many("things", [thing(n, colour="red") for n in range(3)])
    await first.aclose()
    unique = tuple(index for index in THINGS.indexes if index.unique)
    without = await EmbeddedDocuments.connect(path, [Collection("things", indexes=unique)])
    await without.insert("things", thing(3, kind="b"))
    await without.replace("things", thing(1, kind="b", rev=1))
    without_field = {key: value for key, value in thing(4).items() if key != "kind"}
    await without.insert("things", {**without_field, "weight": ["no scalar"]})
    await without.aclose()
    again = await EmbeddedDocuments.connect(path, [THINGS])
    found = await again.find("things", {"kind": "b"})
    assert [document["_id"] for document in found.documents] == ["thing-0001", "thing-0003"]
    assert await again.count("things", {"kind": "a"}) == 2
    await again.aclose()


async def test_a_collection_that_begins_to_emit_keeps_its_documents(path: Path) -> None:
    silent = await EmbeddedDocuments.connect(path, [Collection("orders")])
    await silent.insert("orders", {"_id": "order-1", "a": 1})
    await silent.insert("orders", with_pending({"_id": "order-2"}, [old_event("e")], now_ms=5))
    await silent.aclose()
    emitting = await EmbeddedDocuments.connect(path, [Collection("orders", emits=True)])
    assert await emitting.get("orders", "order-1") == {**order(1), "a": 1, "rev": 1}
    assert [held["_id"] for held in await emitting.list_pending("orders", limit=9)] == ["order-2"]
    assert await emitting.mark_published("orders", marks("order-2", "e")) == [True]
    assert await emitting.get("orders", "order-2") == {**order(2), "rev": 1}
    await emitting.aclose()


async def test_who_does_not_know_a_new_column_writes_no_more(path: Path) -> None:
    old = await EmbeddedDocuments.connect(path, [Collection("things", indexes=(Index(("kind",)),))])
    assert await old.insert("things", thing(1))
    new = await EmbeddedDocuments.connect(path, [THINGS])
    with pytest.raises(Transient, match="f_weight"):
        await old.insert("things", thing(2))
    assert await old.get("things", "thing-0001") == {**thing(1), "rev": 1}
    assert await new.insert("things", thing(3))
    assert await new.count("things", {"weight": 3 / 8}) == 1
    await old.aclose()
    await new.aclose()


async def test_what_another_changes_elsewhere_in_the_file_stops_nobody(path: Path) -> None:
    store = await EmbeddedDocuments.connect(path, [THINGS])
    asked(path, "CREATE TABLE elsewhere (f_unknown ANY)")
    other = await EmbeddedDocuments.connect(path, COLLECTIONS)
    assert await store.insert("things", thing(1))
    assert await other.insert("things", thing(2))
    await store.aclose()
    await other.aclose()


async def test_opening_again_changes_nothing_in_the_schema(path: Path) -> None:
    await (await EmbeddedDocuments.connect(path, COLLECTIONS)).aclose()
    before = asked(path, "PRAGMA schema_version")
    await (await EmbeddedDocuments.connect(path, COLLECTIONS)).aclose()
    assert asked(path, "PRAGMA schema_version") == before


async def test_what_waits_stands_apart_and_is_gone_once_told(path: Path) -> None:
    store = await EmbeddedDocuments.connect(path, COLLECTIONS)
    await store.insert_many("orders", [with_pending(order(n), [event(f"e{n}")], now_ms=n) for n in (1, 2, 3)])
    walk = "EXPLAIN QUERY PLAN SELECT id, rev, pending_ms, pending FROM orders__pending "
    steps = asked(path, walk + "ORDER BY pending_ms, id LIMIT 9")
    assert [step[3] for step in steps] == ["SCAN orders__pending USING INDEX ix__orders__pending"]
    assert asked(path, "SELECT id, rev FROM orders__pending") == [("order-1", 1), ("order-2", 1), ("order-3", 1)]
    assert await store.replace("orders", {**with_pending(order(1), [event("f")], now_ms=9), "rev": 1})
    assert await store.replace("orders", {**order(2), "rev": 1})
    assert not await store.replace("orders", {**order(3), "rev": 7})
    assert asked(path, "SELECT id, rev FROM orders__pending ORDER BY id") == [("order-1", 2), ("order-3", 1)]
    assert await store.delete("orders", "order-1")
    assert await store.mark_published("orders", marks("order-3", "e3")) == [True]
    assert asked(path, "SELECT count(*) FROM orders__pending") == [(0,)]
    await store.aclose()


async def test_events_of_a_time_without_emitting_do_not_come_back_for_ever(path: Path) -> None:
    emitting, silent = Collection("orders", emits=True), Collection("orders")
    first = await EmbeddedDocuments.connect(path, [emitting])
    await first.insert_many("orders", [with_pending(order(n), [event(f"e{n}")], now_ms=n) for n in (1, 2)])
    await first.aclose()
    second = await EmbeddedDocuments.connect(path, [silent])
    assert await second.replace("orders", {"_id": "order-1", "rev": 1, "a": 1})
    await second.aclose()
    third = await EmbeddedDocuments.connect(path, [emitting])
    assert [held["_id"] for held in await third.list_pending("orders", limit=9)] == ["order-2"]
    assert await third.get("orders", "order-1") == {**order(1), "a": 1, "rev": 2}
    await third.aclose()


@pytest.mark.parametrize("kind", ["ABORT", "FAIL", "ROLLBACK"])
async def test_a_document_and_its_events_are_written_both_or_neither(path: Path, kind: str) -> None:
    store = await EmbeddedDocuments.connect(path, COLLECTIONS)
    for n in range(4):
        assert await store.insert("orders", order(n))
    raises = f"WHEN new.id = 'order-2' OR new.id = 'order-12' BEGIN SELECT RAISE({kind}, 'refused'); END"
    asked(path, f"CREATE TRIGGER refuse BEFORE INSERT ON orders__pending {raises}")
    answers = await asyncio.gather(
        *(store.replace("orders", {**with_pending(order(n), [event("e")], now_ms=5), "rev": 1}) for n in range(4)),
        *(store.insert("orders", with_pending(order(n), [event("e")], now_ms=5)) for n in (11, 12, 13)),
        store.insert_many("orders", [with_pending(order(n), [event("e")], now_ms=5) for n in (14, 12)]),
        return_exceptions=True,
    )
    assert [n for n, answer in enumerate(answers) if answer is not True] == [2, 5, 7]
    assert await store.get("orders", "order-2") == {**order(2), "rev": 1}
    assert await store.get_many("orders", ["order-12", "order-14"]) == []
    listed = [held["_id"] for held in await store.list_pending("orders", limit=99)]
    assert listed == ["order-0", "order-1", "order-11", "order-13", "order-3"]
    await store.aclose()
