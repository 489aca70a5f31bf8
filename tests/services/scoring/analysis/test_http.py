"""Analyses over the composed service: asked for, computed, told, cancelled."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from services.scoring.main import Scoring, compose
from services.scoring.settings import Settings
from shared.clock import FixedClock
from shared.http.tokens import issue_token
from tests.services.scoring.conftest import Service
from tests.services.scoring.world import (
    END_MS,
    envelope,
    mail,
    plan_event,
    report,
    sites,
    small_plan,
    unit_event,
    year_of,
)

pytestmark = pytest.mark.anyio

SECRET = "0123456789abcdef0123456789abcdef"
EVALUATION = "/v1/evaluations/TEST/2011"
QUALITY = {"a1": 9, "a2": 7, "a3": 6, "a4": 3, "b1": 5, "b2": 2}


def token(*scopes: str, plan: str | None = None) -> dict[str, str]:
    made = issue_token(SECRET, subject="t", scopes=scopes, plan=plan, expires_at_ms=END_MS + 60_000, now_ms=END_MS)
    return {"authorization": f"Bearer {made}"}


@pytest.fixture
async def scoring(tmp_path: Path) -> AsyncIterator[Scoring]:
    settings = Settings(
        store_url=f"sqlite://{tmp_path}/scoring.sqlite3", token_secret=SecretStr(SECRET), log_level="error", port=0
    )
    made = await compose(settings, clock=FixedClock(END_MS))
    service = Service(made.store, FixedClock(END_MS), made.handlers, made.loop)
    await service.feed([plan_event(small_plan()), *(unit_event(unit, unit[0].upper()) for unit in QUALITY)])
    for unit, quality in QUALITY.items():
        await service.feed(year_of(unit, quality, peer_group=unit[0].upper()))
    await made.loop.run_all()
    yield made
    await made.stop()


def client(scoring: Scoring, *scopes: str, plan: str | None = None) -> httpx.AsyncClient:
    headers = token(*(scopes or ("evaluation:read", "analysis:run")), plan=plan)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=scoring.app), base_url="http://scoring", headers=headers)


def question(kind: str, **parameters: Any) -> dict[str, Any]:
    return {"plan": "TEST", "year": 2011, "kind": kind, "parameters": parameters}


async def answered(scoring: Scoring, http: httpx.AsyncClient, kind: str, **parameters: Any) -> dict[str, Any]:
    asked = await http.post("/v1/analyses", json=question(kind, **parameters))
    assert asked.status_code == 202, asked.text
    await scoring.analyses.run_all()
    where = asked.headers["location"]
    told = (await http.get(where)).json()
    assert told["state"] == "done", told
    return dict((await http.get(f"{where}/result?limit=1000")).json())


async def test_rank_intervals_are_asked_for_told_and_answered(scoring: Scoring) -> None:
    async with client(scoring) as http:
        asked = await http.post("/v1/analyses", json=question("rank_intervals", weights={"kind": "uniform"}, draws=100))
        where = asked.headers["location"]
        waiting = (await http.get(where)).json()
        assert (waiting["state"], waiting["progress"]["done"]) == ("queued", 0)
        early = await http.get(f"{where}/result")
        assert early.status_code == 409
        await scoring.analyses.run_all()
        told = (await http.get(where)).json()
        evaluation = (await http.get(EVALUATION)).json()
        result = (await http.get(f"{where}/result")).json()
    assert (told["state"], told["progress"]["done"], told["progress"]["total"]) == ("done", 100, 100)
    assert told["inputs"]["inputs_sha256"] == evaluation["inputs_sha256"]
    ranks = {row["unit"]: row["rank"] for row in evaluation["items"]}
    rows = {row["unit"]: row for row in result["items"]}
    assert {unit: row["rank"] for unit, row in rows.items()} == ranks
    assert all(row["rank_low"] <= row["rank_median"] <= row["rank_high"] for row in rows.values())


async def test_the_same_question_is_the_same_analysis(scoring: Scoring) -> None:
    async with client(scoring) as http:
        body = question("rank_intervals", draws=40)
        first = await http.post("/v1/analyses", json=body)
        again = await http.post("/v1/analyses", json=body)
        assert again.headers["location"] == first.headers["location"]
        assert await scoring.analyses.run_all() == 1
        assert (await http.post("/v1/analyses", json=body)).status_code == 200
        assert await scoring.analyses.run_all() == 0
        other = await http.post("/v1/analyses", json=question("rank_intervals", draws=41))
        assert other.headers["location"] != first.headers["location"]
        listed = (await http.get("/v1/analyses?plan=TEST&limit=1")).json()
        assert len(listed["items"]) == 1
        assert listed["next_cursor"] is not None


async def test_pages_and_file_hold_the_same_table(scoring: Scoring) -> None:
    async with client(scoring) as http:
        found = await answered(scoring, http, "leave_one_out")
        where = f"/v1/analyses/{found['id']}/result"
        paged: list[Any] = []
        cursor: str | None = ""
        while cursor is not None:
            page = (await http.get(f"{where}?limit=2{cursor}")).json()
            paged += page["items"]
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
        assert paged == found["items"]
        file = await http.get(f"{where}.csv")
    assert file.content.startswith(b"\xef\xbb\xbf")
    lines = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert [line["code"] for line in lines] == [row["code"] for row in found["items"]]


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("sensitivity", {"rows": 16, "means": ["geometric"]}),
        ("leave_one_out", {}),
        ("alternatives", {}),
        ("what_if", {"changes": {"scoring/missing": "reweight"}}),
        ("dual_run", {"version": "1"}),
        ("audit", {}),
        ("forecast", {}),
    ],
)
async def test_every_kind_is_computed(scoring: Scoring, kind: str, parameters: dict[str, Any]) -> None:
    async with client(scoring) as http:
        found = await answered(scoring, http, kind, **parameters)
    assert found["kind"] == kind
    assert found["rows"] == len(found["items"])
    assert found["summary"] is not None


async def test_two_versions_on_the_same_data_are_held_against_each_other(scoring: Scoring) -> None:
    other = small_plan("2")
    reports = [
        one.model_copy(update={"weight": weight}) for one, weight in zip(other.indicators(), (20, 60, 20), strict=True)
    ]
    group = other.groups[0].model_copy(update={"indicators": tuple(reports)})
    service = Service(scoring.store, FixedClock(END_MS), scoring.handlers, scoring.loop)
    await service.feed([plan_event(other.model_copy(update={"groups": (group,)}))])
    await scoring.loop.run_all()
    async with client(scoring) as http:
        found = await answered(scoring, http, "dual_run", version="2")
        before = {row["unit"]: row["index"] for row in (await http.get(EVALUATION)).json()["items"]}
    assert (found["summary"]["version_before"], found["summary"]["version_after"]) == ("1", "2")
    assert {row["unit"]: row["index_before"] for row in found["items"]} == before
    assert any(row["index_after"] != row["index_before"] for row in found["items"])


async def test_what_cannot_be_computed_says_why(scoring: Scoring) -> None:
    async with client(scoring) as http:
        for body in (
            question("rank_intervals", draws=3),
            question("rank_intervals", nonsense=1),
            question("nothing"),
            question("dual_run"),
        ):
            refused = await http.post("/v1/analyses", json=body)
            assert refused.status_code == 422, refused.text
        none = await http.post("/v1/analyses", json={**question("audit"), "year": 2012})
        assert none.status_code == 404
        asked = await http.post("/v1/analyses", json=question("dual_run", version="9"))
        await scoring.analyses.run_all()
        told = (await http.get(asked.headers["location"])).json()
    assert told["state"] == "failed"
    assert "9" in told["fault"]["en"]
    assert "phiên bản" in told["fault"]["vi"]


async def test_a_cancelled_analysis_is_not_computed_and_can_be_asked_for_again(scoring: Scoring) -> None:
    async with client(scoring) as http:
        asked = await http.post("/v1/analyses", json=question("audit"))
        where = asked.headers["location"]
        assert (await http.delete(where)).json()["state"] == "cancelled"
        assert await scoring.analyses.run_all() == 0
        assert (await http.post("/v1/analyses", json=question("audit"))).status_code == 202
        await scoring.analyses.run_all()
        assert (await http.get(where)).json()["state"] == "done"
        assert (await http.delete(where)).json()["state"] == "done", "what has ended stays as it is"


async def test_changed_inputs_are_another_question_and_the_old_one_is_still_answered(scoring: Scoring) -> None:
    async with client(scoring) as http:
        asked = await http.post("/v1/analyses", json=question("rank_intervals", draws=20))
        pinned = asked.json()["inputs"]["inputs_sha256"]
        service = Service(scoring.store, FixedClock(END_MS), scoring.handlers, scoring.loop)
        await service.feed([envelope(report("a4", 3, mail(9, 10), sites(50), revision=2, changed_at_ms=END_MS + 5))])
        await scoring.loop.run_all()
        later = await http.post("/v1/analyses", json=question("rank_intervals", draws=20))
        assert later.headers["location"] != asked.headers["location"]
        assert await scoring.analyses.run_all() == 2
        told = (await http.get(asked.headers["location"])).json()
    assert told["inputs"]["inputs_sha256"] == pinned
    assert told["state"] == "done", told["fault"]


async def test_only_who_may_asks_and_sees(scoring: Scoring) -> None:
    async with client(scoring) as http:
        where = (await http.post("/v1/analyses", json=question("audit"))).headers["location"]
    async with client(scoring, "evaluation:read") as http:
        assert (await http.post("/v1/analyses", json=question("audit"))).status_code == 403
        assert (await http.delete(where)).status_code == 403
        assert (await http.get(where)).status_code == 200
    async with client(scoring, "evaluation:read", "analysis:run", plan="OTHER") as http:
        assert (await http.post("/v1/analyses", json=question("audit"))).status_code == 403
        assert (await http.get(where)).status_code == 404
        assert (await http.get("/v1/analyses")).json()["items"] == []
        assert (await http.post(f"{EVALUATION}/what-if", json={"weights": {"": {"PILLAR": 1}}})).status_code == 403


async def test_other_weights_are_answered_at_once_and_change_nothing(scoring: Scoring) -> None:
    body = {"weights": {"PILLAR": {"MAIL": 10, "SITES": 70}}, "units": ["a1", "b2"]}
    async with client(scoring) as http:
        before = (await http.get(EVALUATION)).content
        found = (await http.post(f"{EVALUATION}/what-if", json=body)).json()
        assert (await http.get(EVALUATION)).content == before
        bad = await http.post(f"{EVALUATION}/what-if", json={"weights": {"PILLAR": {"NONE": 1}}})
        assert bad.status_code == 422
        zero = {"weights": {"PILLAR": {"MAIL": 0, "SITES": 0, "ON-TIME": 0}}}
        assert (await http.post(f"{EVALUATION}/what-if", json=zero)).status_code == 422
    assert [row["unit"] for row in found["items"]][:2] == ["a1", "b2"]
    last = found["items"][1]
    assert last["index_after"] != last["index_before"]
    assert found["units"] == 6


async def test_the_service_computes_them_by_itself_while_it_answers(scoring: Scoring) -> None:
    scoring.analyses.start()
    async with client(scoring) as http, asyncio.timeout(20):
        where = (await http.post("/v1/analyses", json=question("rank_intervals", draws=60))).headers["location"]
        while True:
            told = (await http.get(where)).json()
            if told["state"] not in ("queued", "running"):
                break
            await asyncio.sleep(0.01)
    assert told["state"] == "done"


async def test_pace_says_where_each_indicator_should_be(scoring: Scoring) -> None:
    async with client(scoring) as http:
        found = (await http.get(f"{EVALUATION}/pace?unit=a4")).json()
        assert (await http.get(f"{EVALUATION}/pace?unit=nobody")).status_code == 404
        page = (await http.get(f"{EVALUATION}/pace?limit=2")).json()
    [unit] = found["items"]
    mail_pace = next(one for one in unit["indicators"] if one["code"] == "MAIL")
    # 30 % against a target of 80 %, of a rate that does not accumulate.
    assert (mail_pace["expected"], mail_pace["ratio"], mail_pace["pace"]) == (1.0, 0.375, "at_risk")
    assert (len(page["items"]), page["next_cursor"]) == (2, "2")
