from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.clock import FixedClock
from shared.errors import Permanent, Transient
from shared.http.idempotency import (
    IDEMPOTENCY,
    KEPT_MS,
    LEASE_MS,
    Idempotency,
    StoredResponse,
    request_hash,
    stored_json,
)
from shared.http.problems import Problem
from shared.store.embedded import EmbeddedDocuments

pytestmark = pytest.mark.anyio

NOW_MS = 1_300_000_000_000
HASH = request_hash("POST", "/v1/reports", b'{"a":1}')
OTHER = request_hash("POST", "/v1/reports", b'{"a":2}')


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[EmbeddedDocuments]:
    opened = await EmbeddedDocuments.connect(tmp_path / "store.sqlite3", [IDEMPOTENCY])
    yield opened
    await opened.aclose()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW_MS)


@pytest.fixture
def idempotency(store: EmbeddedDocuments, clock: FixedClock) -> Idempotency:
    return Idempotency(store, clock)


class Work:
    """Counts its runs; answers, raises, or waits to be let go."""

    def __init__(self, outcome: StoredResponse | Exception | None = None) -> None:
        self.outcome = outcome
        self.runs = 0
        self.began = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self) -> StoredResponse:
        self.runs += 1
        self.began.set()
        await self.go.wait()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome or stored_json({"run": self.runs}, 201, headers={"ETag": '"1"'})


async def refused(idempotency: Idempotency, key: str, hash: str = HASH, client: str = "c") -> Problem:
    work = Work()
    with pytest.raises(Problem) as caught:
        await idempotency.run(client, key, hash, work)
    assert work.runs == 0
    return caught.value


async def test_the_same_key_and_request_replays_the_answer(idempotency: Idempotency) -> None:
    work = Work()
    first = await idempotency.run("c", "k", HASH, work)
    again = await idempotency.run("c", "k", HASH, work)
    assert work.runs == 1
    assert (again.status, again.body, again.headers) == (first.status, first.body, first.headers)
    assert "Idempotency-Replay" not in first.response().headers
    assert again.response().headers["Idempotency-Replay"] == "true"
    assert again.response().headers["ETag"] == '"1"'
    assert again.response().headers["content-type"] == "application/json"


async def test_keys_belong_to_their_client(idempotency: Idempotency) -> None:
    work = Work()
    await idempotency.run("c", "k", HASH, work)
    await idempotency.run("d", "k", OTHER, work)
    assert work.runs == 2


async def test_without_a_key_every_request_runs(idempotency: Idempotency) -> None:
    work = Work()
    await idempotency.run("c", None, HASH, work)
    await idempotency.run("c", None, HASH, work)
    assert work.runs == 2


async def test_the_key_for_another_body_is_refused_while_running_and_after(idempotency: Idempotency) -> None:
    work = Work()
    work.go.clear()
    running = asyncio.create_task(idempotency.run("c", "k", HASH, work))
    await work.began.wait()
    assert (await refused(idempotency, "k", OTHER)).status_code == 422
    work.go.set()
    await running
    assert (await refused(idempotency, "k", OTHER)).slug == "key-reused"


async def test_the_key_of_a_running_request_asks_to_wait_a_second(idempotency: Idempotency) -> None:
    work = Work()
    work.go.clear()
    running = asyncio.create_task(idempotency.run("c", "k", HASH, work))
    await work.began.wait()
    problem = await refused(idempotency, "k")
    assert (problem.status_code, problem.headers) == (409, {"Retry-After": "1"})
    work.go.set()
    assert (await running).status == 201


async def test_of_many_at_once_one_runs(idempotency: Idempotency) -> None:
    work = Work()
    work.go.clear()
    asked = [asyncio.create_task(idempotency.run("c", "k", HASH, work)) for _ in range(20)]
    done, running = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    while len(running) > 1:
        more, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        done |= more
    work.go.set()
    assert (await running.pop()).status == 201
    assert work.runs == 1
    assert {task.exception().status_code for task in done} == {409}  # type: ignore[union-attr]


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_a_key_has_1_to_255_characters(idempotency: Idempotency, key: str) -> None:
    assert (await refused(idempotency, key)).status_code == 400


async def test_the_longest_key_is_accepted(idempotency: Idempotency) -> None:
    assert (await idempotency.run("c", "k" * 255, HASH, Work())).status == 201


@pytest.mark.parametrize(
    ("error", "status"), [(Problem(412), 412), (Problem(423), 423), (Permanent("refused"), 422), (Problem(404), 404)]
)
async def test_refusals_are_kept(idempotency: Idempotency, error: Exception, status: int) -> None:
    work = Work(error)
    first = await idempotency.run("c", "k", HASH, work)
    again = await idempotency.run("c", "k", HASH, work)
    assert (first.status, again.status, work.runs) == (status, status, 1)
    assert again.replayed
    assert again.body == first.body
    assert again.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("error", [Transient("away"), KeyError("fault"), Problem(503), Problem(429), Problem(408)])
async def test_answers_that_ask_to_try_again_are_not_kept(idempotency: Idempotency, error: Exception) -> None:
    work = Work(error)
    with pytest.raises(type(error)):
        await idempotency.run("c", "k", HASH, work)
    work.outcome = None
    assert (await idempotency.run("c", "k", HASH, work)).status == 201


async def test_a_returned_server_error_is_not_kept(idempotency: Idempotency) -> None:
    work = Work(StoredResponse(500, b""))
    assert (await idempotency.run("c", "k", HASH, work)).status == 500
    work.outcome = None
    assert (await idempotency.run("c", "k", HASH, work)).status == 201


async def test_a_request_that_ran_out_of_time_frees_its_key(idempotency: Idempotency) -> None:
    work = Work()
    work.go.clear()
    running = asyncio.create_task(idempotency.run("c", "k", HASH, work))
    await work.began.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    work.go.set()
    assert (await idempotency.run("c", "k", HASH, work)).status == 201


async def test_after_a_crash_the_key_is_held_for_the_lease_then_the_work_is_done_again(
    idempotency: Idempotency, store: EmbeddedDocuments, clock: FixedClock
) -> None:
    crashed = Work()
    crashed.go.clear()
    running = asyncio.create_task(idempotency.run("c", "k", HASH, crashed))
    await crashed.began.wait()
    clock.advance(LEASE_MS - 1)
    assert (await refused(idempotency, "k")).status_code == 409
    clock.advance(1)
    work = Work()
    assert (await idempotency.run("c", "k", HASH, work)).status == 201
    assert work.runs == 1
    crashed.go.set()
    await running
    kept = await idempotency.run("c", "k", HASH, work)
    assert (kept.replayed, work.runs, await store.count(IDEMPOTENCY.name)) == (True, 1, 1)


async def test_an_answer_is_kept_for_24_hours_even_when_nothing_purged(
    idempotency: Idempotency, clock: FixedClock
) -> None:
    work = Work()
    await idempotency.run("c", "k", HASH, work)
    clock.advance(KEPT_MS - 1)
    assert (await idempotency.run("c", "k", HASH, work)).replayed
    clock.advance(1)
    assert not (await idempotency.run("c", "k", OTHER, work)).replayed
    assert work.runs == 2


async def test_purging_is_bounded_and_leaves_what_is_still_kept(
    idempotency: Idempotency, store: EmbeddedDocuments, clock: FixedClock
) -> None:
    for number in range(5):
        await idempotency.run("c", f"old-{number}", HASH, Work())
    clock.advance(KEPT_MS)
    await idempotency.run("c", "young", HASH, Work())
    now_ms = clock.now_ms() + 1
    assert [await idempotency.purge(now_ms, limit=3) for _ in range(3)] == [3, 2, 0]
    assert await store.count(IDEMPOTENCY.name) == 1


def test_a_request_hash_separates_its_parts() -> None:
    assert request_hash("POST", "/a", b"b") != request_hash("POST", "/", b"ab")
    assert request_hash("POST", "/a", b"b") == request_hash("POST", "/a", b"b")
