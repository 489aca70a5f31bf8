"""Reads by id on the loop's own thread: they wait for no writer, see every answered write, and let others run."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from shared.errors import Transient
from shared.store import sqlite_statements as statements
from shared.store.documents import Documents
from shared.store.embedded import POINT_IDS_MAX, EmbeddedDocuments
from shared.store.gate import Gate
from shared.store.sqlite_reader import POINTS_PER_TURN, PointReader
from tests.contract.store.collections_used import COLLECTIONS, thing

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite3"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[EmbeddedDocuments]:
    opened = await EmbeddedDocuments.connect(path, COLLECTIONS)
    yield opened
    await opened.aclose()


async def turns_during(reading: asyncio.Future[None]) -> int:
    """How often others got a turn while this ran."""
    turns = 0
    while not reading.done():
        turns += 1
        await asyncio.sleep(0)
    await reading
    return turns


async def test_a_read_is_answered_while_another_process_writes(path: Path, store: Documents) -> None:
    await store.insert("things", thing(1))
    with closing(sqlite3.connect(path, isolation_level=None)) as blocker:
        blocker.execute("BEGIN IMMEDIATE")
        blocker.execute("DELETE FROM things")
        assert await store.get("things", "thing-0001") == {**thing(1), "rev": 1}
        blocker.execute("COMMIT")
    await asyncio.sleep(0)  # the reads of one turn see one snapshot
    assert await store.get("things", "thing-0001") is None


async def test_each_read_sees_every_write_that_was_answered_before_it(store: Documents) -> None:
    async def writes_and_reads(number: int) -> None:
        await store.insert("things", thing(number))
        for rev in range(1, 6):
            held = await store.get("things", f"thing-{number:04d}")
            assert held is not None
            assert held["rev"] == rev
            assert await store.replace("things", held)
        [held] = await store.get_many("things", [f"thing-{number:04d}"])
        assert held["rev"] == 6

    await asyncio.gather(*(writes_and_reads(number) for number in range(20)))


async def test_who_reads_on_and_on_lets_others_run(store: Documents) -> None:
    await store.insert("things", thing(1))

    async def reads() -> None:
        for _ in range(POINTS_PER_TURN * 5):
            assert await store.get("things", "thing-0001") is not None

    assert await turns_during(asyncio.ensure_future(reads())) >= 5


async def test_few_ids_are_read_at_once_and_many_by_a_thread(store: Documents) -> None:
    await store.insert_many("things", [thing(n) for n in range(POINT_IDS_MAX + 1)])
    ids = [f"thing-{n:04d}" for n in range(POINT_IDS_MAX + 1)]

    async def reads(some: list[str]) -> None:
        assert [held["_id"] for held in await store.get_many("things", some)] == some

    assert await turns_during(asyncio.ensure_future(reads(ids[:-1]))) == 1
    assert await turns_during(asyncio.ensure_future(reads(ids))) > 1


class _Locked:
    """A connection that finds the file locked, as SQLite says it."""

    in_transaction = False

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=0)

    def execute(self, *_: object) -> Any:
        return self._connection.execute("BEGIN IMMEDIATE")

    def close(self) -> None:
        self._connection.close()


async def test_where_a_reader_would_have_to_wait_a_thread_waits(path: Path, store: EmbeddedDocuments) -> None:
    await store.insert("things", thing(1))
    points: Any = PointReader(cast(sqlite3.Connection, _Locked(path)))
    held_up = EmbeddedDocuments(store._declared, store._tables, store._writer, store._readers, points)
    with closing(sqlite3.connect(path, isolation_level=None)) as blocker:
        blocker.execute("BEGIN IMMEDIATE")
        assert points.read(statements.get, store._tables["things"], "thing-0001") == (False, None)
        assert await held_up.get("things", "thing-0001") == {**thing(1), "rev": 1}
        assert await held_up.get_many("things", ["thing-0001"]) == [{**thing(1), "rev": 1}]
    points.close()


async def test_a_gate_hands_places_on_in_order_and_gives_up_in_time() -> None:
    gate = Gate(places=1, seconds_max=0.05, what="the test")
    assert gate.try_enter()
    assert not gate.try_enter()
    with pytest.raises(Transient, match="the test stayed full"):
        await gate.enter()
    first, second, third = (asyncio.ensure_future(gate.enter()) for _ in range(3))
    await asyncio.sleep(0)
    first.cancel()
    gate.leave()
    await second
    assert not third.done()
    gate.leave()
    await third
    gate.leave()
    assert gate.try_enter()
    assert not gate.try_enter()
