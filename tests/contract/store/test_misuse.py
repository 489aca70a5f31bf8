"""Each kind of bad use raises Misuse, on every implementation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from shared.errors import Misuse
from shared.store.documents import Between, Collection, Documents, Index
from tests.contract.store.collections_used import event, marks, order, thing
from tests.contract.store.conftest import OpenStore

pytestmark = pytest.mark.anyio

BAD_CALLS: dict[str, Callable[[Documents], Awaitable[Any]]] = {
    "undeclared: insert": lambda s: s.insert("nothing", thing(1)),
    "undeclared: insert_many": lambda s: s.insert_many("nothing", [thing(1)]),
    "undeclared: get": lambda s: s.get("nothing", "thing-1"),
    "undeclared: get_many": lambda s: s.get_many("nothing", ["thing-1"]),
    "undeclared: replace": lambda s: s.replace("nothing", thing(1, rev=1)),
    "undeclared: delete": lambda s: s.delete("nothing", "thing-1"),
    "undeclared: find": lambda s: s.find("nothing"),
    "undeclared: count": lambda s: s.count("nothing"),
    "undeclared: list_pending": lambda s: s.list_pending("nothing", limit=1),
    "undeclared: mark_published": lambda s: s.mark_published("nothing", marks("order-1")),
    "no id": lambda s: s.insert("things", {k: v for k, v in thing(1).items() if k != "_id"}),
    "id without prefix": lambda s: s.insert("things", thing(1, _id="17")),
    "id with a digit first": lambda s: s.insert("things", thing(1, _id="1thing-1")),
    "id of the prefix only": lambda s: s.insert("things", thing(1, _id="thing-")),
    "id with a control character": lambda s: s.insert("things", thing(1, _id="thing-a\n")),
    "id not a text": lambda s: s.insert("things", thing(1, _id=17)),
    "id too long": lambda s: s.get("things", "thing-" + "x" * 400),
    "get of a bad id": lambda s: s.get("things", "17"),
    "delete of a bad id": lambda s: s.delete("things", "17"),
    "too many ids": lambda s: s.get_many("things", ["thing-1"] * 1001),
    "too many documents": lambda s: s.insert_many("things", [thing(1)] * 1001),
    "key with a dot at the top": lambda s: s.insert("things", thing(1, **{"a.b": 1})),
    "indexed field missing": lambda s: s.insert("things", {k: v for k, v in thing(1).items() if k != "kind"}),
    "indexed field None": lambda s: s.insert("things", thing(1, kind=None)),
    "indexed field a list": lambda s: s.insert("things", thing(1, kind=["a"])),
    "indexed field with NUL": lambda s: s.insert("things", thing(1, kind="a\x00")),
    "replace without rev": lambda s: s.replace("things", thing(1)),
    "replace with rev 0": lambda s: s.replace("things", thing(1, rev=0)),
    "replace with rev True": lambda s: s.replace("things", thing(1, rev=True)),
    "delete with rev 0": lambda s: s.delete("things", "thing-1", rev=0),
    "equality without index": lambda s: s.find("things", {"place": 1}),
    "equality on a missing field": lambda s: s.find("things", {"unknown": 1}),
    "range before equality": lambda s: s.find("things", {"at_ms": 1}, between=Between("kind", at_least="a")),
    "equality gap": lambda s: s.find("things", {"colour": "red"}, between=Between("at_ms", at_least=1)),
    "count without index": lambda s: s.count("things", {"place": 1}),
    "count of a range without index": lambda s: s.count("things", between=Between("at_ms", at_least=1)),
    "order without index": lambda s: s.find("things", order_by="place"),
    "order beside the range": lambda s: s.find("things", between=Between("weight", below=1.0), order_by="kind"),
    "order fixed by equality": lambda s: s.find("things", {"kind": "a"}, order_by="kind"),
    "range without bounds": lambda s: s.find("things", between=Between("weight")),
    "range of booleans": lambda s: s.find("things", between=Between("weight", at_least=True)),
    "range of mixed types": lambda s: s.find("things", between=Between("weight", at_least=1, below="x")),
    "range on NaN": lambda s: s.find("things", between=Between("weight", at_least=float("nan"))),
    "equality with an operator": lambda s: s.find("things", {"kind": {"$gt": ""}}),  # type: ignore[dict-item]
    "equality with None": lambda s: s.find("things", {"kind": None}),  # type: ignore[dict-item]
    "equality on _id": lambda s: s.find("things", {"_id": "thing-1"}),
    "pending of a silent collection": lambda s: s.list_pending("things", limit=1),
    "mark in a silent collection": lambda s: s.mark_published("things", marks("thing-1")),
    "emitting without pending": lambda s: s.insert("orders", {"_id": "order-1"}),
    "emitting without pending_ms": lambda s: s.insert("orders", {"_id": "order-1", "pending": []}),
    "pending_ms disagrees": lambda s: s.insert("orders", order(1, pending=[event("e")])),
    "pending_ms without events": lambda s: s.insert("orders", order(1, pending_ms=5)),
    "pending event without id": lambda s: s.insert(
        "orders", order(1, pending=[{"subject": "x", "envelope": {}}], pending_ms=5)
    ),
    "pending text without id": lambda s: s.insert(
        "orders", order(1, pending=[{"subject": "x", "body": "{}"}], pending_ms=5)
    ),
    "pending body not a text": lambda s: s.insert(
        "orders", order(1, pending=[{**event("e"), "body": {}}], pending_ms=5)
    ),
    "pending event with a bad value": lambda s: s.insert(
        "orders", order(1, pending=[{**event("e"), "more": float("nan")}], pending_ms=5)
    ),
    "pending event with a bad instant": lambda s: s.insert(
        "orders", order(1, pending=[{**event("e"), "at_ms": "5"}], pending_ms=5)
    ),
    "mark of a bad id": lambda s: s.mark_published("orders", marks("17")),
    "mark of revision 0": lambda s: s.mark_published("orders", marks("order-1", rev=0)),
    "too many marks": lambda s: s.mark_published("orders", marks("order-1") * 1001),
    "too many pending": lambda s: s.insert("orders", order(1, pending=[event("e")] * 101, pending_ms=5)),
    "replace drops pending": lambda s: s.replace("orders", {"_id": "order-1", "rev": 1}),
    "list_pending without bound": lambda s: s.list_pending("orders", limit=0),
}


@pytest.mark.parametrize("call", BAD_CALLS.values(), ids=BAD_CALLS.keys())
async def test_bad_use_is_misuse(store: Documents, call: Callable[[Documents], Awaitable[Any]]) -> None:
    with pytest.raises(Misuse):
        await call(store)
    for collection in ("things", "orders"):
        assert await store.count(collection) == 0


BAD_DECLARATIONS = {
    "upper case": [Collection("Things")],
    "digit first": [Collection("1things")],
    "SQL word": [Collection("order")],
    "files": [Collection("report_files")],
    "chunks": [Collection("report_chunks")],
    "table of events": [Collection("orders__pending")],
    "index on pending_ms beside the store's own": [
        Collection("orders", indexes=(Index(("unit", "pending_ms")),), emits=True)
    ],
    "system table": [Collection("sqlite_things")],
    "quote": [Collection('a"b')],
    "twice": [Collection("things"), Collection("things")],
    "index of nothing": [Collection("things", indexes=(Index(()),))],
    "index on rev": [Collection("things", indexes=(Index(("rev",)),))],
    "index on _id": [Collection("things", indexes=(Index(("_id",)),))],
    "index on pending": [Collection("things", indexes=(Index(("pending",)),))],
    "index on a path": [Collection("things", indexes=(Index(("a.b",)),))],
    "index with a quote": [Collection("things", indexes=(Index(("a')--",)),))],
    "field twice": [Collection("things", indexes=(Index(("a", "a")),))],
    "fields that differ in case": [Collection("things", indexes=(Index(("kind",)), Index(("Kind",))))],
    "unique and not": [Collection("things", indexes=(Index(("a",)), Index(("a",), unique=True)))],
}


@pytest.mark.parametrize("collections", BAD_DECLARATIONS.values(), ids=BAD_DECLARATIONS.keys())
async def test_a_bad_declaration_is_misuse(open_store: OpenStore, collections: list[Collection]) -> None:
    with pytest.raises(Misuse):
        await open_store(collections)
