"""What only the embedded store must prove: processes, kills, groups, full disks, schemas."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from shared.errors import Misuse, Permanent, Transient
from shared.store.declared import SchemaMismatch, SchemaTooNew
from shared.store.documents import Collection, Documents, Index
from shared.store.embedded import EmbeddedDocuments
from shared.store.open import open_store
from tests.contract.store.collections_used import COLLECTIONS, THINGS, thing

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite3"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Documents]:
    opened = await EmbeddedDocuments.connect(path, COLLECTIONS)
    yield opened
    await opened.aclose()


def child(path: Path, name: str, total: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.contract.store.appending_process", str(path), name, str(total)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ})


def change_file(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(sql)


async def test_kill_9_of_a_writer_loses_no_acknowledged_write(path: Path) -> None:
    with child(path, "killed", 1_000_000) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().strip() for _ in range(700)]
        process.send_signal(signal.SIGKILL)
        acknowledged += [line.strip() for line in process.stdout if line.endswith("\n")]
    assert process.returncode == -signal.SIGKILL
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    store = await EmbeddedDocuments.connect(path, COLLECTIONS)
    held = [await store.get("things", id) for id in acknowledged]
    assert len(acknowledged) >= 700
    assert None not in held
    assert await store.insert("things", thing(1))
    await store.aclose()


async def test_two_processes_and_this_one_share_one_file(path: Path) -> None:
    with child(path, "one", 300) as one, child(path, "two", 300) as two:
        store = await EmbeddedDocuments.connect(path, COLLECTIONS)
        answers = await asyncio.gather(*(store.insert("things", thing(n)) for n in range(300)))
        printed = await asyncio.gather(*(asyncio.to_thread(process.communicate) for process in (one, two)))
    assert (one.returncode, two.returncode) == (0, 0)
    assert [len(output.split()) for output, _ in printed] == [300, 300]
    assert all(answers)
    assert await store.count("things") == 900
    await store.aclose()


@pytest.mark.parametrize("kind", ["ABORT", "FAIL", "ROLLBACK"])
async def test_a_failing_write_in_a_group_does_not_fail_its_neighbours(path: Path, store: Documents, kind: str) -> None:
    sql = f"""CREATE TRIGGER refuse BEFORE INSERT ON things WHEN new.f_kind = 'poison'
              BEGIN SELECT RAISE({kind}, 'refused'); END"""
    change_file(path, sql)
    fresh = [thing(n, kind="poison" if n in (7, 20) else "a") for n in range(32)]
    batch = [thing(100), thing(101, kind="poison"), thing(102)]
    answers = await asyncio.gather(
        *(store.insert("things", document) for document in fresh),
        store.insert_many("things", batch),
        return_exceptions=True,
    )
    assert [n for n, answer in enumerate(answers) if answer is not True] == [7, 20, 32]
    assert all(isinstance(answers[n], Permanent) for n in (7, 20, 32))
    assert await store.count("things") == 30


async def test_a_full_disk_is_transient_says_what_to_do_and_spares_what_fits(path: Path) -> None:
    store = await EmbeddedDocuments.connect(path, COLLECTIONS, file_bytes_max=1024 * 1024)
    answers = await asyncio.gather(
        store.insert("things", thing(1)),
        store.insert("things", thing(2, text="x" * 2 * 1024 * 1024)),
        store.insert("things", thing(3)),
        return_exceptions=True,
    )
    assert (answers[0], answers[2]) == (True, True)
    assert isinstance(answers[1], Transient)
    assert "space" in str(answers[1])
    assert isinstance(answers[1].__cause__, sqlite3.Error)
    assert await store.get("things", "thing-0002") is None
    assert await store.insert("things", thing(4))
    await store.aclose()


async def test_a_full_queue_is_transient_and_nothing_accepted_is_lost(path: Path) -> None:
    store = await EmbeddedDocuments.connect(path, COLLECTIONS, write_queue_max=4, write_queue_seconds_max=0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as blocker:
        blocker.execute("BEGIN IMMEDIATE")
        accepted = [asyncio.ensure_future(store.insert("things", thing(n))) for n in range(4)]
        await asyncio.sleep(0)
        with pytest.raises(Transient, match="queue"):
            await store.insert("things", thing(5))
        blocker.execute("ROLLBACK")
    assert await asyncio.gather(*accepted) == [True] * 4
    assert await store.count("things") == 4
    await store.aclose()


async def test_a_lock_that_stays_is_transient_and_writes_nothing(path: Path, store: Documents) -> None:
    assert isinstance(store, EmbeddedDocuments)
    await store._writer.write(lambda connection: connection.execute("PRAGMA busy_timeout=20").fetchone())
    with closing(sqlite3.connect(path, isolation_level=None)) as blocker:
        blocker.execute("BEGIN IMMEDIATE")
        tried = [store.insert("things", thing(n)) for n in range(3)]
        answers = await asyncio.gather(*tried, return_exceptions=True)
        assert all(isinstance(answer, Transient) and "lock" in str(answer) for answer in answers)
        assert await store.count("things") == 0  # readers are not held up
        blocker.execute("ROLLBACK")
    assert await store.insert("things", thing(1))


async def test_closing_finishes_what_was_accepted(path: Path) -> None:
    store = await EmbeddedDocuments.connect(path, COLLECTIONS)
    accepted = [asyncio.ensure_future(store.insert("things", thing(n))) for n in range(500)]
    await asyncio.sleep(0)
    await store.aclose()
    assert await asyncio.gather(*accepted) == [True] * 500
    again = await EmbeddedDocuments.connect(path, COLLECTIONS)
    assert await again.count("things") == 500
    await again.aclose()


async def test_a_newer_schema_is_refused(path: Path, store: Documents) -> None:
    await store.aclose()
    change_file(path, "PRAGMA user_version=999")
    with pytest.raises(SchemaTooNew, match="999"):
        await EmbeddedDocuments.connect(path, COLLECTIONS)


async def test_a_file_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    change_file(path, "CREATE TABLE songs (title TEXT)")
    with pytest.raises(SchemaMismatch, match="another program"):
        await EmbeddedDocuments.connect(path, COLLECTIONS)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("songs",)]


async def test_a_file_that_is_no_database_is_permanent(path: Path) -> None:
    await asyncio.to_thread(path.write_bytes, b"no database at all" * 100)
    with pytest.raises(Permanent, match="path"):
        await EmbeddedDocuments.connect(path, COLLECTIONS)


async def test_a_folder_that_is_not_there_is_transient(tmp_path: Path) -> None:
    with pytest.raises(Transient, match="folder"):
        await EmbeddedDocuments.connect(tmp_path / "missing" / "store.sqlite3", COLLECTIONS)


async def test_a_new_index_is_made_at_open_over_what_is_there(path: Path) -> None:
    before = await EmbeddedDocuments.connect(path, [Collection("things")])
    await before.insert_many("things", [thing(n) for n in range(20)])
    await before.aclose()
    after = await EmbeddedDocuments.connect(path, [THINGS])
    assert await after.count("things", {"kind": "a"}) == 20
    assert not await after.insert("things", thing(99, code="code-3"))
    await after.aclose()


async def test_a_declaration_that_the_data_contradicts_is_refused(path: Path, store: Documents) -> None:
    await store.insert_many("things", [thing(1), thing(2)])
    await store.aclose()
    unique_kind = Collection("things", indexes=(*THINGS.indexes[1:], Index(("kind",), unique=True)))
    with pytest.raises(SchemaMismatch, match="kind"):
        await EmbeddedDocuments.connect(path, [unique_kind])
    no_longer_unique = Collection("things", indexes=(Index(("code",)),))
    with pytest.raises(SchemaMismatch, match="code"):
        await EmbeddedDocuments.connect(path, [no_longer_unique])
    again = await EmbeddedDocuments.connect(path, COLLECTIONS)
    assert await again.count("things") == 2
    await again.aclose()


async def test_queries_walk_an_index_and_never_sort(path: Path, store: Documents) -> None:
    await store.insert("things", thing(1))
    kind, at_ms = "f_kind", "f_at_ms"
    walks = [
        f"{kind} = 'a' AND {at_ms} >= 1 AND {at_ms} < 9 ORDER BY {at_ms}, id",
        f"{kind} = 'a' AND {at_ms} = 1 AND id > 'x' ORDER BY id",
        f"{kind} = 'a' ORDER BY id",
        "f_shelf = 's' ORDER BY f_place DESC",
    ]
    with closing(sqlite3.connect(path)) as connection:
        for walk in walks:
            steps = connection.execute(f"EXPLAIN QUERY PLAN SELECT content FROM things WHERE {walk} LIMIT 5").fetchall()
            assert len(steps) == 1
            assert "SEARCH things USING INDEX" in steps[0][3]


async def test_commits_are_synchronous_in_wal(path: Path, store: Documents) -> None:
    assert isinstance(store, EmbeddedDocuments)
    names = ("synchronous", "journal_mode")
    settings = await store._writer.write(lambda it: [it.execute(f"PRAGMA {name}").fetchone()[0] for name in names])
    assert settings == [2, "wal"]


async def test_an_address_opens_the_store_and_makes_its_folder(tmp_path: Path) -> None:
    store = await open_store(f"sqlite://{tmp_path}/a%20b/c/x.sqlite3", database="x", collections=COLLECTIONS)
    await store.ping()
    await store.aclose()
    assert (tmp_path / "a b" / "c" / "x.sqlite3").exists()


@pytest.mark.parametrize("url", ["", "sqlite:///", "sqlite://host/x", "postgres://localhost/x", "/tmp/x"])
async def test_a_bad_address_is_misuse(url: str) -> None:
    with pytest.raises(Misuse):
        await open_store(url, database="x", collections=COLLECTIONS)
