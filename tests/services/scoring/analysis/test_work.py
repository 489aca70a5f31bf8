"""The life of an analysis on the real store: leases, crashes, cancellation, progress, bounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.scoring.domain.analysis.encoded import encoded
from services.scoring.domain.analysis.intervals import IntervalParameters, Intervals
from services.scoring.domain.analysis.job import Job
from services.scoring.handlers.jobs import UNFINISHED_MAX
from services.scoring.handlers.pinned import Pinned
from services.scoring.handlers.work import TAKEOVERS_MAX, Work
from services.scoring.repository.collections import JOB_PARTS
from services.scoring.repository.jobs import CHUNK_ROWS, Jobs
from shared.clock import FixedClock
from shared.refusal import Refusal
from shared.store.documents import Documents, scan
from tests.services.scoring.conftest import Service, open_scoring_store, serve
from tests.services.scoring.world import END_MS, plan_event, small_plan, unit_event, year_of

pytestmark = pytest.mark.anyio

LEASE_MS = 15_000
WEIGHTS = {"kind": "uniform"}


class World:
    """A settled evaluation, and any number of workers on it, each as an instance of its own."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.store = service.store
        self.lease_clock = FixedClock(1_000_000)

    @property
    def pinned(self) -> Pinned:
        return self.service.handlers.analyses.pinned

    def jobs(self, owner: str) -> Jobs:
        return Jobs(self.store, owner=owner, lease_ms=LEASE_MS, lease_clock=self.lease_clock)

    def worker(self, owner: str) -> Work:
        return Work(jobs=self.jobs(owner), pinned=self.pinned, clock=FixedClock(END_MS))

    async def ask(self, **parameters: Any) -> Job:
        given = {"draws": 100, "weights": WEIGHTS, **parameters}
        job, _ = await self.service.handlers.analyses.ask.ask("TEST", 2011, "rank_intervals", given, by="t")
        self.service.clock.advance(milliseconds=1)
        return job

    async def told(self, job: Job) -> Job:
        found = await self.jobs("reader").get(job.id)
        assert found is not None
        return found

    async def rows(self, job: Job) -> list[list[Any]]:
        return [row async for rows in self.jobs("reader").each(job.id) for row in rows]

    async def parts(self) -> list[str]:
        return [held["_id"] async for held in scan(self.store, JOB_PARTS.name)]


async def settled(store: Documents) -> World:
    service = serve(store, FixedClock(END_MS))
    await service.feed([plan_event(small_plan())])
    for unit, quality in (("a1", 9), ("a2", 7), ("a3", 6), ("a4", 3)):
        await service.feed([unit_event(unit), *year_of(unit, quality)])
    await service.settle()
    return World(service)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    store = await open_scoring_store(tmp_path / "scoring.sqlite3")
    yield await settled(store)
    await store.aclose()


async def test_a_worker_takes_one_after_the_other_oldest_first(world: World) -> None:
    first, second = await world.ask(), await world.ask(draws=50)
    worker = world.worker("one")
    assert [await worker.run_next() for _ in range(3)] == ["done", "done", None]
    for job in (first, second):
        told = await world.told(job)
        assert (told.state, told.done, told.total) == ("done", told.total, job.parameters["draws"])
        assert told.rows == len(await world.rows(job)) == 4
    assert not [part for part in await world.parts() if "steps" in part], "kept steps are not kept for ever"


async def test_two_workers_never_hold_the_same(world: World) -> None:
    await world.ask()
    one, other = world.jobs("one"), world.jobs("other")
    won = await one.claim()
    assert won is not None
    assert await other.claim() is None
    assert await one.renew(won)


async def test_after_a_crash_another_goes_on_behind_the_kept_steps_and_finds_the_same(world: World) -> None:
    job = await world.ask(draws=300)
    untouched = await world.ask(draws=100, seed="x")
    material = await world.pinned.material(job)
    analysis = Intervals(material.case, IntervalParameters.model_validate(job.parameters), run=job.id)
    expected = analysis.finish([analysis.step(number) for number in range(analysis.steps)])
    crashed = world.jobs("crashed")
    held = await crashed.claim()
    assert held is not None
    assert held.id == job.id
    assert await crashed.keep_step(held, 2, encoded(analysis.step(2)))
    other = world.worker("other")
    assert await other.run_next() == "done", "the next one that waits"
    assert (await world.told(untouched)).state == "done"
    assert await other.run_next() is None, "the lease of the crashed one still runs"
    world.lease_clock.advance(milliseconds=LEASE_MS)
    assert await other.run_next() == "done"
    told = await world.told(job)
    assert (told.state, told.takeovers, told.summary) == ("done", 1, expected.summary)
    assert await world.rows(job) == expected.rows
    assert not await crashed.end(held), "who comes back late ends nothing"


async def test_a_kept_step_is_used_and_not_computed_again(world: World) -> None:
    """A step with numbers that no draw gives must show in the result."""
    job = await world.ask(draws=25)
    material = await world.pinned.material(job)
    analysis = Intervals(material.case, IntervalParameters.model_validate(job.parameters), run=job.id)
    step = dict(analysis.step(0))
    step["ranks"] = step["ranks"] * 0 + 3
    held = await world.jobs("crashed").claim()
    assert held is not None
    await world.jobs("crashed").keep_step(held, 0, encoded(step))
    world.lease_clock.advance(milliseconds=LEASE_MS)
    assert await world.worker("other").run_next() == "done"
    median = (await world.told(job)).columns.index("rank_median")
    assert {row[median] for row in await world.rows(job)} == {3.0}


async def test_what_keeps_crashing_is_given_up(world: World) -> None:
    job = await world.ask()
    for _ in range(TAKEOVERS_MAX + 1):
        assert await world.jobs("crashed").claim() is not None
        world.lease_clock.advance(milliseconds=LEASE_MS)
    assert await world.worker("other").run_next() == "failed"
    told = await world.told(job)
    assert told.state == "failed"
    assert told.fault is not None


async def test_a_half_saved_table_is_saved_again(world: World) -> None:
    job = await world.ask()
    held = await world.jobs("crashed").claim()
    assert held is not None
    await world.jobs("crashed").keep_rows(job.id, [])
    world.lease_clock.advance(milliseconds=LEASE_MS)
    assert await world.worker("other").run_next() == "done"
    assert len(await world.rows(job)) == 4


async def test_cancelling_stops_one_that_runs(world: World) -> None:
    job = await world.ask()
    gate, entered = asyncio.Event(), asyncio.Event()
    worker = Work(jobs=world.jobs("one"), pinned=Slow(world.pinned, gate, entered), clock=FixedClock(END_MS))
    running = asyncio.create_task(worker.run_next())
    await asyncio.wait_for(entered.wait(), 10)
    cancelled = await world.service.handlers.analyses.ask.cancel(job.id, plan=None, by="t")
    assert cancelled.state == "cancelled"
    assert await asyncio.wait_for(running, 10) == "gone"
    gate.set()
    assert (await world.told(job)).state == "cancelled"
    assert await world.rows(job) == []


async def test_a_worker_that_is_stopped_gives_its_job_back(world: World) -> None:
    job = await world.ask()
    gate, entered = asyncio.Event(), asyncio.Event()
    worker = Work(jobs=world.jobs("one"), pinned=Slow(world.pinned, gate, entered), clock=FixedClock(END_MS))
    running = asyncio.create_task(worker.run_next())
    await asyncio.wait_for(entered.wait(), 10)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    gate.set()
    worker.close()
    assert (await world.told(job)).state == "queued"
    assert await world.worker("other").run_next() == "done"


async def test_the_queue_is_bounded(world: World) -> None:
    for number in range(UNFINISHED_MAX):
        await world.ask(seed=str(number))
    with pytest.raises(Refusal) as refused:
        await world.ask(seed="one more")
    assert refused.value.kind == "state"
    assert await world.jobs("x").unfinished() == UNFINISHED_MAX


async def test_old_results_are_forgotten_beyond_a_bound(world: World) -> None:
    worker = world.worker("one")
    for number in range(4):
        await world.ask(seed=str(number), draws=20)
        await worker.run_next()
    assert await world.jobs("x").prune(kept=2) == 2
    page = await world.jobs("x").of_plan("TEST", limit=10, cursor=None)
    assert [job.parameters["seed"] for job in page.jobs] == ["3", "2"]
    assert len(await world.parts()) == 2


async def test_a_long_table_is_read_from_any_row(world: World) -> None:
    jobs, rows = world.jobs("x"), [[n] for n in range(2 * CHUNK_ROWS + 10)]
    await jobs.keep_rows("analysis-long", rows)
    for first, limit in ((0, 3), (CHUNK_ROWS - 1, 3), (2 * CHUNK_ROWS - 2, 100), (len(rows), 5)):
        assert await jobs.rows("analysis-long", first=first, limit=limit) == rows[first : first + limit]


class Slow:
    """Finds the material only when the gate opens; says when it was asked."""

    def __init__(self, pinned: Pinned, gate: asyncio.Event, entered: asyncio.Event) -> None:
        self._pinned = pinned
        self._gate = gate
        self._entered = entered

    async def material(self, job: Job) -> Any:
        self._entered.set()
        await self._gate.wait()
        return await self._pinned.material(job)
