"""How fast the embedded store takes documents, as a ratio to the floor in the same run.

Floor: bare sqlite3 on the same disk, the same documents encoded beforehand, `executemany` in commits of 64 with
`synchronous=FULL` and the same columns and indexes. Store: `insert` with 64 calls in flight.
Run: `python -m bench.store`.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from pathlib import Path

import orjson

from shared.store.documents import Collection, Document, Index
from shared.store.embedded import EmbeddedDocuments

IN_FLIGHT = 64
SECONDS = 1.5
ROUNDS = 3
DOCUMENTS_MAX = 50_000
REPORTS = Collection("reports", indexes=(Index(("unit", "at_ms")), Index(("code",), unique=True)))


def report(number: int) -> Document:
    """A document of about 1.5 KB."""
    values = {f"indicator_{i}": round(number * 0.37 + i, 3) for i in range(60)}
    return {
        "_id": f"report-{number:09d}",
        "unit": f"unit-{number % 200}",
        "at_ms": 1_700_000_000_000 + number,
        "code": f"code-{number}",
        "values": values,
    }


def floor(path: Path) -> float:
    """Documents per second of bare sqlite3."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE reports (id TEXT PRIMARY KEY, rev INTEGER, unit ANY, at_ms ANY, code ANY, doc TEXT)"
    )
    connection.execute("CREATE INDEX by_unit ON reports (unit, at_ms, id)")
    connection.execute("CREATE UNIQUE INDEX by_code ON reports (code)")
    batches = [[_row(report(start + i)) for i in range(IN_FLIGHT)] for start in range(0, DOCUMENTS_MAX, IN_FLIGHT)]
    began, written = time.perf_counter(), 0
    for batch in batches:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO reports VALUES (?, 1, ?, ?, ?, ?)", batch)
        connection.execute("COMMIT")
        written += len(batch)
        if time.perf_counter() - began > SECONDS:
            break
    rate = written / (time.perf_counter() - began)
    connection.close()
    return rate


async def store(path: Path) -> float:
    """Documents per second through the interface, validation and encoding included."""
    documents = await EmbeddedDocuments.connect(path, [REPORTS])
    reports = iter([report(number) for number in range(DOCUMENTS_MAX)])
    began = time.perf_counter()

    async def writer() -> int:
        written = 0
        for document in reports:
            assert await documents.insert("reports", document)
            written += 1
            if time.perf_counter() - began > SECONDS:
                break
        return written

    written = sum(await asyncio.gather(*(writer() for _ in range(IN_FLIGHT))))
    rate = written / (time.perf_counter() - began)
    await documents.aclose()
    return rate


def _row(document: Document) -> tuple[str, str, int, str, str]:
    content = {key: value for key, value in document.items() if key != "_id"}
    return document["_id"], document["unit"], document["at_ms"], document["code"], orjson.dumps(content).decode()


def main() -> None:
    for number in range(ROUNDS):
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
            bare = floor(Path(folder) / "floor.sqlite3")
            ours = asyncio.run(store(Path(folder) / "store.sqlite3"))
        print(f"round {number + 1}: store {ours:,.0f}/s, floor {bare:,.0f}/s, ratio {ours / bare:.2f}")


if __name__ == "__main__":
    main()
