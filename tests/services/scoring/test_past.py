"""Any past moment can be asked for again: the same bytes whatever arrived later, in any order, on both stores."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.domain.evaluations import evaluation_id
from services.scoring.main import Scoring
from services.scoring.repository.collections import COLLECTIONS
from services.scoring.repository.history import History
from shared.clock import FixedClock, iso
from shared.events.envelope import Envelope
from shared.events.obligation import ObligationState
from shared.http.answers import json_bytes
from shared.store.documents import Documents
from tests.contract.store.conftest import OpenStore, nx_url, open_store  # noqa: F401 - fixtures
from tests.services.scoring.conftest import Service, open_scoring_store, serve
from tests.services.scoring.test_http import client, fed, scoring  # noqa: F401 - fixtures
from tests.services.scoring.test_recompute import world
from tests.services.scoring.world import (
    DAY_MS,
    END_MS,
    START_MS,
    envelope,
    mail,
    obligation,
    plan_event,
    report,
    sites,
    small_plan,
    unit_event,
)

pytestmark = pytest.mark.anyio

QUARTER_MS = 91 * DAY_MS
MOMENTS = [START_MS, *(START_MS + quarter * QUARTER_MS + 20 * DAY_MS for quarter in range(5)), END_MS]
LATER_MS = END_MS + 5


def later() -> list[Envelope]:
    """After the year: an amendment, a return, a waiver, a rename, another plan version."""
    renamed = unit_event("a1").model_copy(update={"time": iso(LATER_MS)})
    renamed.data.update(revision=2, names={"vi": "Tên mới", "en": "New name"})
    newer = plan_event(small_plan("2", effective={"first": "2001-01-01"}))
    newer.data.update(published_at_ms=LATER_MS)
    return [
        envelope(report("a2", 3, mail(10, 10), sites(30), revision=2, changed_at_ms=LATER_MS)),
        envelope(report("b1", 0, revision=2, phase="RETURNED", changed_at_ms=LATER_MS)),
        envelope(obligation("b1", 0, revision=3, outcome="PENDING", returned_count=1, changed_at_ms=LATER_MS)),
        *(
            envelope(obligation("a4", quarter, revision=3, outcome="WAIVED", changed_at_ms=LATER_MS))
            for quarter in range(4)
        ),
        envelope(obligation("a1", 0, revision=3, outcome="FULFILLED", plan_version="2", changed_at_ms=LATER_MS)),
        renamed,
        newer,
    ]


async def asked(service: Service, moments: Iterable[int] = MOMENTS) -> list[bytes]:
    ask = service.handlers.past.evaluation
    return [json_bytes(await ask("TEST", 2011, at_ms, peer_group=None, limit=50, cursor=None)) for at_ms in moments]


async def test_the_same_moment_has_the_same_bytes_whatever_happens_later_on_both_stores(
    open_store: OpenStore,  # noqa: F811
    tmp_path: Path,
) -> None:
    store = await open_store(COLLECTIONS)
    service = serve(store, FixedClock(END_MS))
    await service.feed(world())
    await service.settle()
    before = await asked(service)
    assert len(set(before)) == len(MOMENTS), "each of these moments has an evaluation of its own"
    for event in later():
        await service.feed([event])
        await service.settle()
    assert await asked(service) == before
    after = (await asked(service, [LATER_MS]))[0]
    assert b"New name" in after, "and what came later is seen from then on"
    assert b"New name" not in before[-1]
    restarted = serve(await open_store(COLLECTIONS), FixedClock(LATER_MS + 1_000_000))
    assert await asked(restarted, [*MOMENTS, LATER_MS]) == [*before, after]
    other = await open_scoring_store(tmp_path / "other.sqlite3")
    mirror = serve(other, FixedClock(END_MS))
    await mirror.feed([*later(), *world()])
    assert await asked(mirror, [*MOMENTS, LATER_MS]) == [*before, after], "no store and no order changes a byte"
    await other.aclose()


async def test_a_past_moment_is_what_stood_in_the_store_then(service: Service, tmp_path: Path) -> None:
    moment = MOMENTS[3]
    everything = [*world(), *later()]
    await service.feed(everything)
    store = await open_scoring_store(tmp_path / "then.sqlite3")
    then = serve(store, FixedClock(moment))
    await then.feed(event for event in everything if known_ms(event) <= moment)
    lived, asked_now = (
        await then.handlers.computing("TEST", 2011),
        await service.handlers.computing.as_of("TEST", 2011, moment),
    )
    assert lived is not None
    assert asked_now is not None
    assert asked_now.inputs_sha256 == lived.inputs_sha256
    assert (asked_now.content(), asked_now.units()) == (lived.content(), lived.units())
    await store.aclose()


def known_ms(event: Envelope) -> int:
    data = event.data
    return int(data.get("changed_at_ms") or data.get("published_at_ms") or START_MS)


async def in_any_order(seed: int) -> list[bytes]:
    chance = random.Random(seed)
    events = [*world(), *later()]
    events += chance.choices(events, k=20)
    if seed:
        chance.shuffle(events)
    with TemporaryDirectory() as folder:
        store = await open_scoring_store(Path(folder) / "s.sqlite3")
        service = serve(store, FixedClock(LATER_MS))
        await service.feed(events)
        found = await asked(service, [*MOMENTS, LATER_MS])
        await store.aclose()
    return found


@settings(max_examples=12, derandomize=True, deadline=None)
@given(seed=st.integers(1, 10_000))
def test_no_order_and_no_duplicate_of_events_changes_any_past_moment(seed: int) -> None:
    assert asyncio.run(in_any_order(seed)) == asyncio.run(in_any_order(0))


def moving(years: tuple[int, ...]) -> list[ObligationState]:
    """One obligation that changes the evaluation it counts in; revision n is known at START_MS + n."""
    return [obligation("a1", 0, revision=at, year=year) for at, year in enumerate(years, 1)]


@pytest.mark.parametrize("years", [(2011, 2012), (2011, 2012, 2011), (2011, 2012, 2013), (2011, 2012, 2012)])
async def test_what_moved_to_another_evaluation_left_this_one_then_in_any_order(
    tmp_path: Path, years: tuple[int, ...]
) -> None:
    for number, order in enumerate(itertools.permutations(moving(years))):
        store: Documents = await open_scoring_store(tmp_path / f"{number}.sqlite3")
        service = serve(store, FixedClock(END_MS))
        for state in order:
            await service.feed([envelope(state), envelope(state)])
        for at, year in enumerate(years, 1):
            stood = {
                there: len(await History(store).at("obligation", evaluation_id("TEST", there), START_MS + at))
                for there in set(years)
            }
            assert stood == {there: int(there == year) for there in set(years)}, (order, at)
        await store.aclose()


async def test_a_year_before_anything_was_known_has_no_evaluation(service: Service) -> None:
    await service.feed(world())
    assert await service.handlers.computing.as_of("TEST", 2011, START_MS - 1) is None
    assert await service.handlers.computing.as_of("TEST", 2010, END_MS) is None


PATH = "/v1/evaluations/TEST/2011"


async def test_a_past_moment_over_http(fed: Scoring) -> None:  # noqa: F811
    async with client(fed) as http:
        text = iso(MOMENTS[2])
        first = await http.get(PATH, params={"as_of": text})
        assert first.status_code == 200
        assert (await http.get(PATH, params={"as_of": str(MOMENTS[2])})).content == first.content
        again = await http.get(PATH, params={"as_of": text}, headers={"if-none-match": first.headers["etag"]})
        assert again.status_code == 304
        assert first.json()["asked_as_of_ms"] == MOMENTS[2]
        assert first.json()["provisional"] is True
        now = (await http.get(PATH)).json()
        last = (await http.get(PATH, params={"as_of": iso(END_MS)})).json()
        assert last["inputs_sha256"] == now["inputs_sha256"]
        assert [row["index"] for row in last["items"]] == [row["index"] for row in now["items"]]


async def test_a_long_list_of_the_past_comes_in_pages(fed: Scoring) -> None:  # noqa: F811
    async with client(fed) as http:
        asked_of: dict[str, Any] = {"as_of": iso(END_MS), "limit": 2}
        whole = (await http.get(PATH, params={"as_of": iso(END_MS)})).json()["items"]
        found: list[Any] = []
        while True:
            page = (await http.get(PATH, params=asked_of)).json()
            found += page["items"]
            if page["next_cursor"] is None:
                break
            asked_of["cursor"] = page["next_cursor"]
        assert found == whole
        only = (await http.get(PATH, params={"as_of": iso(END_MS), "peer_group": "B"})).json()["items"]
        assert [row["unit"] for row in only] == ["b1"]
        assert (await http.get(PATH, params={"as_of": iso(END_MS), "cursor": "%%%"})).status_code == 422


async def test_what_cannot_be_asked_is_refused_with_the_reason(fed: Scoring) -> None:  # noqa: F811
    async with client(fed) as http:
        for wrong in (iso(END_MS + 1), "2011-03-01", "yesterday", "9" * 30, "-1"):
            refused = await http.get(PATH, params={"as_of": wrong})
            assert refused.status_code == 422, wrong
            assert refused.json()["detail"]
        assert (await http.get(PATH, params={"as_of": "0"})).status_code == 404
