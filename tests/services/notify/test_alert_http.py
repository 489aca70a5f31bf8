"""The HTTP edge of alerts, silences and outages: versions, bounds, languages, who may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.services.notify.conftest import Running
from tests.services.notify.samples import at, center, plan, plan_state, report, unit
from tests.services.notify.test_http import READ, WRITE

pytestmark = pytest.mark.anyio

SILENCE: dict[str, Any] = {
    "plan": "P",
    "unit": "CVT",
    "owner": "Lan",
    "reason": "moving house",
    "ends_at": "2011-03-20T08:00:00+07:00",
}
OUTAGE: dict[str, Any] = {
    "plan": "P",
    "owner": "Lan",
    "reason": "no power in town",
    "starts_at": "2011-03-16T08:00:00+07:00",
    "ends_at": "2011-03-20T08:00:00+07:00",
}


@pytest.fixture
async def http(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    await running.hear(plan_state(plan(), at("2011-01-03 08:00")), center(), unit("CVT"))
    await running.hear(*(report("CVT", copied=True, period=f"2011-Q{number}") for number in (1, 2)))
    await running.go("2011-03-15 10:00")
    transport = httpx.ASGITransport(app=running.notify.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://notify") as client:
        yield client


async def first(http: httpx.AsyncClient) -> dict[str, Any]:
    found = (await http.get("/v1/alerts", params={"unit": "CVT"}, headers=READ)).json()["items"]
    item: dict[str, Any] = next(item for item in found if "Q1" in item["subject"])
    return item


async def test_an_alert_shows_its_history_and_its_revision(http: httpx.AsyncClient) -> None:
    alert = await first(http)
    answer = await http.get(f"/v1/alerts/{alert['alert']}", headers=READ)
    assert answer.headers["etag"] == f'"{alert["revision"]}"'
    shown = answer.json()
    assert (shown["kind"], shown["signal"], shown["notice"]) == ("numbers", "copied_report", "grouped")
    assert [line["reason"] for line in shown["history"]] == ["opened"]
    assert shown["next_step_at"] is not None, "a serious alert goes up after three days"
    assert (await http.get("/v1/alerts/alert-none", headers=READ)).status_code == 404


async def test_a_change_names_the_revision_that_it_is_meant_for(http: httpx.AsyncClient) -> None:
    alert = await first(http)
    path, body = f"/v1/alerts/{alert['alert']}/acknowledge", {"owner": "Lan", "promise": "2011-03-25"}
    stale = await http.post(path, json=body, headers=WRITE | {"if-match": '"7"'})
    assert (stale.status_code, stale.json()["current_version"]) == (412, alert["revision"])
    done = await http.post(path, json=body, headers=WRITE | {"if-match": f'"{alert["revision"]}"'})
    assert (done.status_code, done.json()["promise"]) == (200, "2011-03-25")
    assert done.json()["history"][-1]["by"] == "someone"
    resolve = f"/v1/alerts/{alert['alert']}/resolve"
    late = await http.post(
        resolve, json={"reason": "explained"}, headers=WRITE | {"if-match": f'"{alert["revision"]}"'}
    )
    assert late.status_code == 412
    assert (await http.post(path, json=body | {"promise": "2013-03-25"}, headers=WRITE)).status_code == 422
    assert (await http.post(path, json=body, headers=WRITE | {"if-match": "*"})).status_code == 400


async def test_all_open_alerts_of_a_unit_are_acknowledged_at_once(http: httpx.AsyncClient) -> None:
    body = {"plan": "P", "unit": "CVT", "owner": "Lan", "promise": "2011-03-25"}
    assert (await http.post("/v1/acknowledgements", json=body, headers=READ)).status_code == 403
    assert (await http.post("/v1/acknowledgements", json=body | {"rule": "R1"}, headers=WRITE)).json()["items"] == []
    done = (await http.post("/v1/acknowledgements", json=body, headers=WRITE)).json()["items"]
    assert [item["phase"] for item in done] == ["ACKNOWLEDGED"] * 2
    assert (await http.post("/v1/acknowledgements", json=body, headers=WRITE)).json()["items"] == []
    past = await http.post("/v1/acknowledgements", json=body | {"promise": "2011-03-01"}, headers=WRITE)
    assert past.status_code == 422


async def test_a_silence_is_declared_listed_and_ended(running: Running, http: httpx.AsyncClient) -> None:
    assert (await http.post("/v1/silences", json=SILENCE, headers=READ)).status_code == 403
    made = await http.post("/v1/silences", json=SILENCE, headers=WRITE)
    assert (made.status_code, made.json()["standing"], made.json()["by"]) == (201, "active", "someone")
    await running.go("2011-03-15 10:00")
    assert (await first(http))["phase"] == "SILENCED"
    listed = (await http.get("/v1/silences", params={"plan": "P"}, headers=READ)).json()["items"]
    assert [item["id"] for item in listed] == [made.json()["id"]]
    path = f"/v1/silences/{made.json()['id']}/end"
    stale = await http.post(path, json={"reason": "done"}, headers=WRITE | {"if-match": '"99"'})
    assert stale.status_code == 412
    ended = await http.post(path, json={"reason": "done"}, headers=WRITE)
    assert (ended.json()["standing"], ended.json()["ended_reason"]) == ("expired", "done")
    assert (await http.post(path, json={"reason": "done"}, headers=WRITE)).status_code == 409
    await running.go("2011-03-15 10:00")
    assert (await first(http))["phase"] == "OPEN"
    assert (await http.post("/v1/silences/silence-none/end", json={"reason": "done"}, headers=WRITE)).status_code == 404


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"plan": "NONE"}, "/plan"),
        ({"alert": "alert-none"}, "/alert"),
        ({"ends_at": "2011-03-15T09:00:00+07:00"}, "/ends_at"),
        ({"ends_at": "2011-07-15T09:00:00+07:00"}, "/ends_at"),
        ({"ends_at": "2011-03-20T08:00:00"}, "/ends_at"),
        ({"unit": ""}, ""),
        ({"reason": "x" * 501}, "/reason"),
        ({"forever": True}, "/forever"),
    ],
)
async def test_what_is_no_silence_is_refused(http: httpx.AsyncClient, changes: dict[str, Any], pointer: str) -> None:
    answer = await http.post("/v1/silences", json=SILENCE | changes, headers=WRITE)
    assert answer.status_code == 422
    problem = answer.json()
    pointers = [problem.get("pointer", ""), *(fault["pointer"] for fault in problem.get("errors", ()))]
    assert any(found.startswith(pointer) for found in pointers)


async def test_an_outage_is_declared_listed_and_ended(http: httpx.AsyncClient) -> None:
    made = await http.post("/v1/outages", json=OUTAGE, headers=WRITE)
    assert (made.status_code, made.json()["standing"], made.json()["unit"]) == (201, "pending", "")
    long = await http.post("/v1/outages", json=OUTAGE | {"ends_at": "2012-03-20T08:00:00+07:00"}, headers=WRITE)
    assert (long.status_code, "90 days" in long.text) == (422, True)
    in_vietnamese = WRITE | {"accept-language": "vi"}
    vi = await http.post("/v1/outages", json=OUTAGE | {"plan": "NONE"}, headers=in_vietnamese)
    assert "Không có kế hoạch này." in vi.text
    listed = (await http.get("/v1/outages", params={"plan": "P"}, headers=READ)).json()["items"]
    assert [item["id"] for item in listed] == [made.json()["id"]]
    ended = await http.post(f"/v1/outages/{made.json()['id']}/end", json={"reason": "power is back"}, headers=WRITE)
    assert ended.json()["standing"] == "expired"


@pytest.mark.parametrize("path", ["/v1/silences?plan=P", "/v1/outages?plan=P", "/v1/alerts/alert-1"])
async def test_lists_are_for_those_who_may_read(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 401


async def test_the_inspection_list_names_rules_and_newest_evidence(http: httpx.AsyncClient) -> None:
    [item] = (await http.get("/v1/inspection-list", params={"plan": "P"}, headers=READ)).json()["items"]
    assert (item["points"], item["rules"], item["names"][0]["en"]) == (4, ["R3"], "Copied report")
    assert item["newest"]["detail"]["period"].startswith("2011-Q")
