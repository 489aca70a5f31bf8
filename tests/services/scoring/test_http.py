"""The HTTP edge over the composed service, without a broker."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from services.scoring.domain.summary import LISTED
from services.scoring.main import Scoring, compose
from services.scoring.settings import Settings
from shared.clock import FixedClock
from shared.http.tokens import issue_token
from shared.store.pending import envelope_of
from tests.services.scoring.conftest import Service
from tests.services.scoring.test_recompute import world
from tests.services.scoring.world import END_MS, envelope, obligation, plan_event, report, small_plan

pytestmark = pytest.mark.anyio

SECRET = "0123456789abcdef0123456789abcdef"
UNIT = "/v1/evaluations/TEST/2011/units/"


def token(*scopes: str, plan: str | None = None) -> dict[str, str]:
    made = issue_token(SECRET, subject="t", scopes=scopes, plan=plan, expires_at_ms=END_MS + 60_000, now_ms=END_MS)
    return {"authorization": f"Bearer {made}"}


@pytest.fixture
async def scoring(tmp_path: Path) -> AsyncIterator[Scoring]:
    settings = Settings(
        store_url=f"sqlite://{tmp_path}/scoring.sqlite3", token_secret=SecretStr(SECRET), log_level="error", port=0
    )
    made = await compose(settings, clock=FixedClock(END_MS))
    yield made
    await made.stop()


@pytest.fixture
async def fed(scoring: Scoring) -> Scoring:
    clock = FixedClock(END_MS)
    await Service(scoring.store, clock, scoring.handlers, scoring.loop).feed(world())
    await scoring.loop.run_all()
    return scoring


def client(scoring: Scoring, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=scoring.app)
    return httpx.AsyncClient(
        transport=transport, base_url="http://scoring", headers=headers or token("evaluation:read")
    )


async def test_without_the_scope_nothing_is_told(fed: Scoring) -> None:
    async with client(fed, token("plan:read")) as http:
        for path in ("/v1/evaluations", "/v1/evaluations/TEST/2011", f"{UNIT}a1"):
            assert (await http.get(path)).status_code == 403
            assert (await http.get(path, headers={"authorization": ""})).status_code == 401


async def test_a_reader_of_one_plan_sees_no_other(fed: Scoring) -> None:
    async with client(fed, token("evaluation:read", plan="OTHER")) as http:
        assert (await http.get("/v1/evaluations")).json()["items"] == []
        assert (await http.get("/v1/evaluations/TEST/2011")).status_code == 403


async def test_evaluations_are_listed(fed: Scoring) -> None:
    async with client(fed) as http:
        [item] = (await http.get("/v1/evaluations?plan=TEST")).json()["items"]
        assert (item["evaluation"], item["units"], item["phase"]) == ("evaluation-TEST-2011", 5, "DRAFT")
        assert (await http.get("/v1/evaluations?plan=NONE")).json()["items"] == []


async def test_units_come_by_peer_group_rank_and_code_page_by_page(fed: Scoring) -> None:
    async with client(fed) as http:
        whole = (await http.get("/v1/evaluations/TEST/2011")).json()
        places = [(row["peer_group"], row["rank"], row["unit"]) for row in whole["items"]]
        assert places == sorted(places)
        assert whole["items"][0]["names"] == {"vi": "Đơn vị a1", "en": "Unit a1"}
        paged: list[Any] = []
        cursor = ""
        while cursor is not None:
            page = (await http.get(f"/v1/evaluations/TEST/2011?limit=2{cursor}")).json()
            paged += page["items"]
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
        assert paged == whole["items"]
        only = (await http.get("/v1/evaluations/TEST/2011?peer_group=B")).json()
        assert [row["unit"] for row in only["items"]] == ["b1"]
        assert (await http.get("/v1/evaluations/TEST/2011?cursor=nonsense")).status_code == 422


async def test_an_unchanged_answer_is_not_sent_again(fed: Scoring) -> None:
    async with client(fed) as http:
        first = await http.get("/v1/evaluations/TEST/2011")
        again = await http.get("/v1/evaluations/TEST/2011", headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        other = await http.get("/v1/evaluations/TEST/2011?limit=1")
        assert other.headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize("path", ["/v1/evaluations/TEST/2012", f"{UNIT}nobody", "/v1/evaluations/NONE/2011/units/a1"])
async def test_what_is_not_there_is_404(fed: Scoring, path: str) -> None:
    async with client(fed) as http:
        assert (await http.get(path)).status_code == 404


async def test_every_number_of_a_unit_explains_itself(fed: Scoring) -> None:
    async with client(fed) as http:
        why = (await http.get(f"{UNIT}a2")).json()
    index = why["index"]
    assert math.isclose(sum(leaf["contribution"] for leaf in why["indicators"]), index["unrounded"], abs_tol=1e-12)
    assert (index["published"], index["decimals"], why["is_published"]) == (0.6, 4, True)
    assert (why["rank"]["rank"], why["rank"]["ranked"], why["rank"]["better"]) == (2, 4, 1)
    assert why["rank"]["tied_with"] == ["a3"]
    assert (why["band"]["code"], why["band"]["next"]["code"]) == ("FAIR", "GOOD")
    mail, sites, on_time = why["indicators"]
    assert [entry["period"] for entry in mail["inputs"]] == ["2011-Q1", "2011-Q2", "2011-Q3", "2011-Q4"]
    first = mail["inputs"][0]
    assert (first["report"], first["version"], first["numerator"], first["denominator"]) == ("report-a2-0", 1, 4, 10)
    assert (mail["value"], mail["target"], mail["share"], mail["points"], mail["points_max"]) == (40, 80, 0.5, 25, 50)
    assert mail["value_formula"]["en"] == "sum of the accepted periods: 100 x 16 / 40 = 40"
    assert mail["share_formula"] == "clip(40 / 80, 0, 1) = 0.5"
    assert sites["reference"] == {"peer_max": 32}
    assert (on_time["numerator"], on_time["denominator"]) == (4, 4)
    assert mail["names"] == {"vi": "Tên", "en": "Name"}
    [group] = why["groups"]
    assert (group["points"], group["points_max"], group["contribution"]) == (60, 100, pytest.approx(0.6))


async def test_what_is_missing_or_not_due_says_so(scoring: Scoring) -> None:
    first = obligation("a1", 0)
    clock = FixedClock(END_MS)
    service = Service(scoring.store, clock, scoring.handlers, scoring.loop)
    late = [obligation("a1", quarter, due_at_ms=END_MS + quarter) for quarter in (2, 3)]
    nil = report("a1", 1, nil=True)
    await service.feed([plan_event(small_plan()), *map(envelope, [first, obligation("a1", 1), *late, nil])])
    await service.settle()
    async with client(scoring) as http:
        why = (await http.get(f"{UNIT}a1")).json()
    mail = why["indicators"][0]
    assert why["provisional"] is True
    assert [entry["period"] for entry in mail["periods_missing"]] == ["2011-Q1"]
    assert [entry["period"] for entry in mail["periods_not_due"]] == ["2011-Q3", "2011-Q4"]
    assert mail["inputs"][0]["status"] == "nil"
    assert (mail["status"], mail["value"], mail["contribution"]) == ("suppressed", None, 0)
    assert mail["reason"]["en"] == "the denominator is 0, there is no quotient"


async def test_a_changed_input_shows_until_it_is_recomputed(fed: Scoring) -> None:
    assert await fed.handlers.marks.unfinished() == 0
    await Service(fed.store, FixedClock(END_MS), fed.handlers, fed.loop).feed(
        [envelope(report("a2", 3, revision=2, phase="RETURNED"))]
    )
    assert await fed.handlers.marks.unfinished() == 1
    await fed.loop.run_all()
    assert await fed.handlers.marks.unfinished() == 0


async def test_the_barrier_stays_closed_while_the_broker_is_away(scoring: Scoring) -> None:
    async with client(scoring) as http:
        told = (await http.get("/internal/settled")).json()
    assert set(told) == {"schedule_ms", "outbox", "unprocessed", "dirty"}
    assert told["dirty"] > 0, "what cannot be found out counts as work"


async def test_a_recomputation_is_one_trace_that_goes_on_in_all_it_announces(fed: Scoring) -> None:
    documents = await Service(fed.store, FixedClock(END_MS), fed.handlers, fed.loop).documents()
    events = [event for document in documents for event in document["pending"]]
    assert len(events) == 6
    traces = {envelope_of(event)["traceparent"] for event in events}
    assert len(traces) == 1, "one span for all of it"
    assert {event["traceparent"] for event in events} == traces


async def test_a_list_says_of_every_unit_how_sure_its_place_is(fed: Scoring) -> None:
    """Where a rank is kept back, the bounds say which ones are possible."""
    async with client(fed) as http:
        evaluation = (await http.get("/v1/evaluations/TEST/2011")).json()
        assert len(evaluation["plan_sha256"]) == len(evaluation["inputs_sha256"]) == 64
        assert evaluation["ranked"] <= evaluation["units"] == len(evaluation["items"])
        for item in evaluation["items"]:
            assert set(item) == {*LISTED, "names", "revision"}
            told = (await http.get(UNIT + item["unit"])).json()
            assert item["rank_shown"] == told["rank"]["shown"]
            assert item["rank"] == told["rank"]["rank"]
            assert item["confidence"]["grade"] == told["confidence"]["grade"]
            assert item["layers"]["final"] == item["index"]
            assert (item["bounds"]["rank_best"] is None) == item["rank_shown"]
