"""Provisional results are kept as they were, posts frozen; the final says how far they were off."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.scoring.domain.round.opening import Rules
from shared.clock import FixedClock
from shared.events.envelope import Envelope
from tests.services.scoring.conftest import Service, serve
from tests.services.scoring.edition_world import (
    FINAL_MS,
    STEPS_MS,
    amend,
    calendar,
    events,
    publish,
    seal,
    to_final_review,
)
from tests.services.scoring.world import DAY_MS, YEAR

pytestmark = pytest.mark.anyio

YEAR_MS = 365 * DAY_MS


async def snapshots(service: Service) -> list[dict[str, Any]]:
    found = await service.handlers.editions.ask.provisionals("TEST", YEAR)
    return [dict(each) for each in found["items"]]


async def rows(service: Service, number: int) -> dict[str, dict[str, Any]]:
    page = await service.handlers.editions.ask.provisional("TEST", YEAR, number, limit=500, cursor=None)
    return {row["unit"]: row for row in page["items"]}


async def test_a_snapshot_is_kept_when_the_round_enters_provisional_and_never_moves(service: Service) -> None:
    await to_final_review(service)
    [held] = await snapshots(service)
    assert (held["number"], held["entered_at_ms"], held["units"], held["ranked"]) == (1, STEPS_MS[2], 5, 5)
    before = await rows(service, 1)
    await amend(service, "a1", 3)
    await service.settle()
    await service.handlers.editions.provisionals.due(0)
    assert await rows(service, 1) == before
    assert len(await snapshots(service)) == 1


async def test_a_snapshot_taken_late_is_of_the_instant_of_entry(service: Service) -> None:
    """The schedule may come by when the round is further on: what counts is when it entered."""
    await service.feed(events())
    run = service.handlers.round.run
    await run.open("TEST", YEAR, calendar(), Rules(), by="clerk", reason="QĐ 100")
    for instant in STEPS_MS:
        service.clock.set(instant)
        await run.due(instant)
    await amend(service, "a1", 1)
    await service.handlers.editions.provisionals.due(0)
    late = await rows(service, 1)
    assert late["a1"]["index"] == 1.0, "as reported when the round entered, not as amended since"


async def test_a_second_provisional_round_has_a_snapshot_of_its_own(service: Service) -> None:
    await service.feed(events())
    run = service.handlers.round.run
    await run.open("TEST", YEAR, calendar(), Rules(), by="clerk", reason="QĐ 100")
    for instant in STEPS_MS[:3]:
        service.clock.set(instant)
        await run.due(instant)
    await service.handlers.editions.provisionals.due(0)
    closes = STEPS_MS[2] + 5 * DAY_MS
    await run.step("TEST", YEAR, "APPRAISAL", by="clerk", reason="thiếu minh chứng", closes_at_ms=closes)
    await amend(service, "a1", 3)
    service.clock.set(closes)
    await run.due(closes)
    await service.handlers.editions.provisionals.due(0)
    assert [held["number"] for held in await snapshots(service)] == [1, 2]
    first, second = await rows(service, 1), await rows(service, 2)
    assert first["a1"]["index"] != second["a1"]["index"]


async def test_two_instances_keep_one_snapshot(service: Service) -> None:
    await to_final_review(service)
    other = serve(service.store, FixedClock(FINAL_MS))
    assert await other.handlers.editions.provisionals.due(0) == 0
    assert len(await snapshots(service)) == 1


async def test_the_edition_says_how_far_the_provisional_result_was_off(service: Service) -> None:
    await to_final_review(service)
    before = await rows(service, 1)
    await amend(service, "a3", 8)
    await seal(service)
    told = await service.handlers.editions.ask.statistics("TEST", YEAR, 1)
    [statistics] = told["provisional"]
    whole = await service.handlers.editions.ask.whole("TEST", YEAR, 1, limit=50, cursor=None)
    after = {row["unit"]: row for row in whole["items"]}
    changes = [abs(after[unit]["index"] - before[unit]["index"]) for unit in after]
    assert statistics["mean_abs_index_change"] == pytest.approx(sum(changes) / len(changes))
    assert statistics["bands_changed_share"] == sum(after[u]["band"] != before[u]["band"] for u in after) / len(after)
    assert statistics["largest_movers"][0]["unit"] == "a3"


def next_year(of: Envelope) -> Envelope:
    """The same event a year later."""
    text = json.dumps(of.model_dump(mode="json")).replace("2011", "2012")
    moved = json.loads(text)
    data = moved["data"]
    for name in ("obligation", "report"):
        if name in data:
            data[name] = f"{data[name]}-2012"
    for name, part in data.items():
        if name.endswith("_ms") and part is not None:
            data[name] = part + YEAR_MS
    moved["subject"] = f"{moved['subject']}-2012"
    return Envelope.model_validate(moved)


async def test_in_a_provisional_round_posts_are_those_of_the_last_final(service: Service) -> None:
    """SITES is held against the best of the peers: in 2012 a1 doubles, and until the final nobody else moves."""
    await to_final_review(service)
    first = await seal(service)
    await publish(service)
    standing = service.handlers.editions.standing
    reference = await standing.last_final("TEST", 2012)
    assert reference is not None
    assert reference.edition == first.id
    assert reference.posts["SITES"]
    assert await standing.last_final("TEST", YEAR) is None, "a year is no reference of itself"
    assert await standing.last_final("TEST", 2012, as_of_ms=first.agreed.sealed_at_ms - 1) is None
    fed = [next_year(event) for event in events() if event.type.startswith(("obligation", "report"))]
    await service.feed(fed)
    service.clock.set(FINAL_MS + YEAR_MS)
    await service.handlers.marks.mark("TEST", 2012)
    await service.settle()
    computation = await service.handlers.computing("TEST", 2012)
    assert computation is not None
    assert computation.reference == reference
    final = await service.handlers.computing.final("TEST", 2012)
    assert final is not None
    assert final.reference is None
