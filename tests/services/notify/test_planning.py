"""Planning rungs for many obligations, and finding what is due among them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from services.notify.handlers import plan_rungs
from services.notify.handlers.plan_rungs import PlanRungs
from services.notify.repository.collections import COLLECTIONS
from services.notify.wiring.books import Books
from shared.events.obligation import ObligationState
from shared.store.open import open_store
from tests.services.notify import samples
from tests.services.notify.conftest import Running
from tests.services.notify.samples import at

pytestmark = pytest.mark.anyio

NOW = at("2011-01-03 08:00")
RUNGS = 4


def owed(number: int, **changes: object) -> ObligationState:
    return samples.obligation(f"U{number}").model_copy(update=changes)


async def keep(books: Books, *states: ObligationState) -> None:
    for state in states:
        assert await books.ledger.put(state, first_check_at_ms=2**53, check_at_ms=2**53)


def planner(books: Books) -> PlanRungs:
    return PlanRungs(plans=books.plans, units=books.units, ledger=books.ledger, reminders=books.reminders)


async def test_every_rung_of_more_than_a_page_of_obligations_is_planned_once(running: Running) -> None:
    books, count = running.notify.books, plan_rungs.PAGE + plan_rungs.BATCH // 2
    await running.hear(samples.plan_state(samples.plan()), samples.center())
    await keep(books, *(owed(number) for number in range(count)))
    assert await planner(books).run(NOW) == count
    assert await planner(books).run(NOW) == 0
    for number in (0, plan_rungs.BATCH, count - 1):
        rows = await books.reminders.of_obligation(owed(number).obligation)
        assert [row.rung for row in rows] == ["BEFORE-3", "BEFORE-1", "AFTER-1", "AFTER-3"]
    rows = await books.reminders.fired_between(0, 2**53, 10 * count)
    assert len(rows) == len({row.id for row in rows}) == RUNGS * count


async def test_equal_due_days_fire_at_the_same_instant_and_another_day_at_its_own(running: Running) -> None:
    books, day_ms = running.notify.books, 86_400_000
    await running.hear(samples.plan_state(samples.plan()), samples.center())
    later = owed(3, due_at_ms=samples.DUE_Q1 + day_ms)
    await keep(books, owed(1), owed(2), later)
    await planner(books).run(NOW)
    one, two, other = [
        [row.fire_at_ms for row in await books.reminders.of_obligation(state.obligation)]
        for state in (owed(1), owed(2), later)
    ]
    assert one == two
    assert one[0] == at("2011-03-11 09:00")
    assert other[0] == at("2011-03-14 09:00")


async def test_a_revision_that_comes_while_rungs_are_written_is_planned_too(running: Running) -> None:
    books = running.notify.books
    await running.hear(samples.plan_state(samples.plan()), samples.center())
    await keep(books, owed(1))
    [entry], _ = await books.ledger.to_plan(10)
    extended = owed(1, revision=2, cause="extended", due_at_ms=samples.DUE_Q1 + 7 * 86_400_000)
    await keep(books, extended)
    await books.ledger.planned(entry, has_rungs=True)
    [waiting], _ = await books.ledger.to_plan(10)
    assert waiting.state == extended
    await books.ledger.planned(waiting, has_rungs=True)
    assert await books.ledger.to_plan(10) == ([], None)


async def test_what_is_due_is_found_by_its_index_and_never_sorted(tmp_path: Path) -> None:
    """However many rungs wait, only those that are due are read."""
    store = await open_store(f"sqlite://{tmp_path}/notify.sqlite3", database="notify", collections=COLLECTIONS)
    await store.aclose()
    due = (
        "SELECT d.content FROM reminders AS d LEFT JOIN reminders__pending AS p ON p.id = d.id "
        "WHERE d.f_status = 'PENDING' AND d.f_next_at_ms < 5 ORDER BY d.f_next_at_ms, d.id LIMIT 501"
    )
    with closing(sqlite3.connect(tmp_path / "notify.sqlite3")) as connection:
        steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {due}")]
    assert "(f_status=? AND f_next_at_ms<?)" in steps[0]
    assert steps[0].startswith("SEARCH d USING INDEX")
    assert not any("B-TREE" in step or "SCAN" in step for step in steps)
