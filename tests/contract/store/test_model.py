"""Random sequences of operations give what a plain dict gives: the embedded store against a model."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.store.documents import Between, Collection, Document, Documents, Index
from shared.store.embedded import EmbeddedDocuments

ROWS = Collection("row_data", indexes=(Index(("kind", "at_ms")), Index(("code",), unique=True)))

NUMBERS = st.integers(0, 5)
OPERATIONS = st.one_of(
    st.tuples(st.just("insert"), NUMBERS, st.sampled_from("ab"), NUMBERS, NUMBERS),
    st.tuples(st.just("replace"), NUMBERS, st.sampled_from("ab"), NUMBERS, NUMBERS, st.integers(1, 3)),
    st.tuples(st.just("delete"), NUMBERS, st.none() | st.integers(1, 3)),
    st.tuples(st.just("find"), st.sampled_from("ab"), NUMBERS, NUMBERS, st.booleans(), st.integers(1, 4)),
)


def row(number: int, kind: str, at_ms: int, code: int) -> Document:
    return {"_id": f"row-{number}", "kind": kind, "at_ms": at_ms, "code": code}


class Model:
    """The documents as a dict, and the rules in the most obvious words."""

    def __init__(self) -> None:
        self.held: dict[str, Document] = {}

    def insert(self, document: Document) -> bool:
        if document["_id"] in self.held or self._taken(document):
            return False
        self.held[document["_id"]] = {**document, "rev": 1}
        return True

    def replace(self, document: Document) -> bool:
        held = self.held.get(document["_id"])
        if held is None or held["rev"] != document["rev"] or self._taken(document):
            return False
        self.held[document["_id"]] = {**document, "rev": document["rev"] + 1}
        return True

    def delete(self, id: str, rev: int | None) -> bool:
        if id not in self.held or rev not in (None, self.held[id]["rev"]):
            return False
        del self.held[id]
        return True

    def find(self, kind: str, low: int, high: int, *, descending: bool) -> list[Document]:
        found = [held for held in self.held.values() if held["kind"] == kind and low <= held["at_ms"] < high]
        return sorted(found, key=lambda held: (held["at_ms"], held["_id"]), reverse=descending)

    def _taken(self, document: Document) -> bool:
        return any(h["code"] == document["code"] and h["_id"] != document["_id"] for h in self.held.values())


async def pages(store: Documents, kind: str, low: int, high: int, *, descending: bool, limit: int) -> list[Document]:
    found: list[Document] = []
    cursor: str | None = None
    between = Between("at_ms", at_least=low, below=high)
    while True:
        page = await store.find(
            ROWS.name, {"kind": kind}, between=between, descending=descending, limit=limit, cursor=cursor
        )
        found, cursor = found + page.documents, page.cursor
        if cursor is None:
            return found


async def step(store: Documents, model: Model, operation: tuple[Any, ...]) -> None:
    match operation:
        case "insert", number, kind, at_ms, code:
            document = row(number, kind, at_ms, code)
            assert await store.insert(ROWS.name, document) == model.insert(document)
        case "replace", number, kind, at_ms, code, rev:
            document = {**row(number, kind, at_ms, code), "rev": rev}
            assert await store.replace(ROWS.name, document) == model.replace(document)
        case "delete", number, rev:
            assert await store.delete(ROWS.name, f"row-{number}", rev=rev) == model.delete(f"row-{number}", rev)
        case "find", kind, low, high, descending, limit:
            found = await pages(store, kind, low, high, descending=descending, limit=limit)
            assert found == model.find(kind, low, high, descending=descending)


@settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(OPERATIONS, min_size=5, max_size=40))
def test_any_sequence_of_operations_agrees_with_a_dict(operations: list[tuple[Any, ...]]) -> None:
    async def run(path: Path) -> None:
        store, model = await EmbeddedDocuments.connect(path, [ROWS]), Model()
        for operation in operations:
            await step(store, model, operation)
        everything = (await store.find(ROWS.name)).documents
        assert everything == [model.held[id] for id in sorted(model.held)]
        await store.aclose()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder) / "model.sqlite3"))
