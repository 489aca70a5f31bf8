"""Every state of an input that was ever consumed, with the instant at which its source knew it. Only ever appended to.

What stood at a past instant is, of each aggregate, its highest revision among those known by then. An entry belongs to
a scope (an evaluation, or all units); where an aggregate moves to another scope, an empty entry takes it out of the
scope that it leaves. Order and duplicates of events change nothing: an entry is inserted where it is absent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import orjson

from services.scoring.repository.collections import HISTORY
from shared.store.documents import Between, Document, Documents, scan

Kind = Literal["obligation", "report", "unit", "finding"]

NAMED = ("_id", "rev", "evaluation", "counts")
"""Fields of a document that its entry has elsewhere, or that are the store's."""
READS_AT_ONCE = 64


class Known(NamedTuple):
    """Which revision of what, and since when its source knew it (epoch ms)."""

    aggregate: str
    revision: int
    at_ms: int


class History:
    def __init__(self, store: Documents) -> None:
        self._store = store

    async def append(self, kind: Kind, scope: str, document: Document, *, at_ms: int, stands: bool = True) -> None:
        """Keep one state. `document` is the newest-state document of its repository; one that does not count any more
        (`stands` false) is kept without its content."""
        body = orjson.dumps({name: part for name, part in document.items() if name not in NAMED}).decode()
        known = Known(document["_id"], document["revision"], at_ms)
        entry = _entry(kind, scope, known, body if stands else "")
        await self._store.insert(HISTORY.name, entry)

    async def moved(self, aggregate: str) -> None:
        """Take the aggregate out of every scope that it left. To be called when one may have been: cheap, seldom."""
        held = [entry async for entry in scan(self._store, HISTORY.name, {"aggregate": aggregate})]
        states = sorted((entry for entry in held if not entry["left"]), key=lambda entry: int(entry["revision"]))
        for before, after in pairwise(states):
            if before["scope"] != after["scope"]:
                known = Known(aggregate, after["revision"], after["at_ms"])
                gone = _entry(before["kind"], before["scope"], known, "")
                await self._store.insert(
                    HISTORY.name, {**gone, "_id": f"{gone['_id']}-left-{before['scope']}", "left": True}
                )

    async def at(self, kind: Kind, scope: str, at_ms: int) -> list[Document]:
        """What stood in a scope at an instant, as the documents that were appended, by aggregate."""
        newest: dict[str, Document] = {}
        known = Between("at_ms", below=at_ms + 1)
        async for entry in scan(self._store, HISTORY.name, {"scope": scope, "kind": kind}, between=known):
            held = newest.get(entry["aggregate"])
            if held is None or held["revision"] < entry["revision"]:
                newest[entry["aggregate"]] = entry
        return [_document(newest[aggregate]) for aggregate in sorted(newest) if newest[aggregate]["body"]]

    async def of(self, aggregates: Sequence[str], at_ms: int) -> list[Document]:
        """These aggregates as they stood at an instant, those that were known by then."""
        found: list[Document | None] = []
        for start in range(0, len(aggregates), READS_AT_ONCE):
            some = aggregates[start : start + READS_AT_ONCE]
            found += await asyncio.gather(*(self._one(aggregate, at_ms) for aggregate in some))
        return [document for document in found if document is not None]

    async def _one(self, aggregate: str, at_ms: int) -> Document | None:
        held = [entry async for entry in scan(self._store, HISTORY.name, {"aggregate": aggregate})]
        known = [entry for entry in held if entry["at_ms"] <= at_ms and not entry["left"]]
        newest = max(known, key=lambda entry: int(entry["revision"]), default=None)
        return _document(newest) if newest and newest["body"] else None


def _entry(kind: str, scope: str, known: Known, body: str) -> Document:
    return {
        "_id": f"history-{known.aggregate}@{known.revision}",
        "scope": scope,
        "kind": kind,
        "aggregate": known.aggregate,
        "revision": known.revision,
        "at_ms": known.at_ms,
        "left": False,
        "body": body,
    }


def _document(entry: Document) -> dict[str, Any]:
    return {**orjson.loads(entry["body"]), "_id": entry["aggregate"]}
