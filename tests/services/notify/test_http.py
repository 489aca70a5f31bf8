"""The HTTP edge: scopes, lists by cursor, acknowledging, digests as sent, and why."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from shared.http.tokens import issue_token
from tests.services.notify.conftest import SECRET, Running
from tests.services.notify.samples import at, center, contact, obligation, plan, plan_state, report, unit

pytestmark = pytest.mark.anyio


def bearer(*scopes: str) -> dict[str, str]:
    far = at("2030-01-01 00:00")
    token = issue_token(SECRET, subject="someone", scopes=scopes, expires_at_ms=far, now_ms=0)
    return {"authorization": f"Bearer {token}", "accept-language": "en"}


READ = bearer("notify:read")
WRITE = bearer("notify:read", "notify:write")


@pytest.fixture
async def http(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=running.notify.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://notify") as client:
        yield client


async def hear_all(running: Running) -> None:
    officer = contact("report_officer", "an@cvt.example")
    await running.hear(plan_state(plan()), center(), unit("CVT", officer), obligation(), report("CVT", copied=True))
    await running.go("2011-03-11 09:00")
    await running.go("2011-03-18 08:00")


@pytest.mark.parametrize(
    "path",
    ["/v1/reminders", "/v1/alerts", "/v1/deliveries", "/v1/digests", "/v1/why?unit=A", "/v1/inspection-list?plan=P"],
)
async def test_nothing_is_shown_to_strangers_or_without_the_scope(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 401
    assert (await http.get(path, headers=bearer("report:read"))).status_code == 403
    assert (await http.get(path, headers=READ)).status_code == 200


async def test_lists_go_on_by_cursor(running: Running, http: httpx.AsyncClient) -> None:
    await hear_all(running)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        given = {"limit": "3", "unit": "CVT"} | ({"cursor": cursor} if cursor else {})
        page = (await http.get("/v1/reminders", params=given, headers=READ)).json()
        seen += [item["rung"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["AFTER-3", "AFTER-1", "BEFORE-1", "BEFORE-3"]
    sent = await http.get("/v1/reminders", params={"status": "SENT"}, headers=READ)
    assert [item["rung"] for item in sent.json()["items"]] == ["BEFORE-3"]


async def test_no_list_shows_a_full_address(running: Running, http: httpx.AsyncClient) -> None:
    await hear_all(running)
    body = (await http.get("/v1/deliveries", headers=READ)).text
    assert "a…@cvt.example" in body
    assert "an@cvt.example" not in body


async def test_an_alert_is_acknowledged_with_a_promise_then_resolved(running: Running, http: httpx.AsyncClient) -> None:
    await hear_all(running)
    found = (await http.get("/v1/alerts", params={"unit": "CVT", "phase": "OPEN"}, headers=READ)).json()["items"]
    [alert] = [item["alert"] for item in found if item["rule"] == "R3"]
    path = f"/v1/alerts/{alert}/acknowledge"
    promise = {"owner": "Vụ trưởng", "promise": "2011-03-25"}
    assert (await http.post(path, json=promise, headers=READ)).status_code == 403
    assert (await http.post(path, json=promise | {"promise": "2011-03-01"}, headers=WRITE)).status_code == 422
    assert (await http.post(path, json=promise | {"promise": "2011-02-30"}, headers=WRITE)).status_code == 422
    answer = await http.post(path, json=promise, headers=WRITE)
    assert (answer.status_code, answer.json()["phase"]) == (200, "ACKNOWLEDGED")
    resolved = await http.post(f"/v1/alerts/{alert}/resolve", json={"reason": "explained"}, headers=WRITE)
    assert resolved.json()["phase"] == "RESOLVED"
    assert (await http.post(path, json=promise, headers=WRITE)).status_code == 409
    assert (await http.post("/v1/alerts/alert-none/resolve", json={"reason": "gone"}, headers=WRITE)).status_code == 404


async def test_a_digest_is_shown_as_it_was_sent(running: Running, http: httpx.AsyncClient) -> None:
    await hear_all(running)
    digests = (await http.get("/v1/digests", headers=READ)).json()["items"]
    [id] = [item["digest"] for item in digests if item["audience"] == "leadership"]
    shown = await http.get(f"/v1/digests/{id}/content", params={"format": "html"}, headers=READ)
    assert shown.headers["content-type"].startswith("text/html")
    assert "sandbox" in shown.headers["content-security-policy"]
    assert "Leadership digest" in shown.text
    text = await http.get(
        f"/v1/digests/{id}/content", params={"format": "text"}, headers=READ | {"accept-language": "vi"}
    )
    assert "BẢN TIN ĐIỀU HÀNH" in text.text
    assert (await http.get("/v1/digests/digest-none", headers=READ)).status_code == 404
    assert (await http.get("/v1/digests/nothing", headers=READ)).status_code == 404


async def test_why_names_the_decision_behind_everything(running: Running, http: httpx.AsyncClient) -> None:
    await hear_all(running)
    by_unit = (await http.get("/v1/why", params={"unit": "CVT"}, headers=READ)).json()["items"]
    decisions = {(item["kind"], item["about"]): (item["status"], item["reason"]) for item in by_unit}
    assert decisions[("reminder", "QUY 2011-Q1: BEFORE-3")] == ("SENT", "due")
    assert decisions[("reminder", "QUY 2011-Q1: BEFORE-1")] == ("SKIPPED_LATE", "newer_rung_due")
    assert decisions[("alert", "R3")][0] == "OPEN"
    to_person = (await http.get("/v1/why", params={"subject": "an@cvt.example"}, headers=READ)).json()["items"]
    assert ("delivery", "SENT") in {(item["kind"], item["status"]) for item in to_person}
    assert all(item["words"]["vi"] and item["words"]["en"] for item in to_person)
    of_one = (await http.get("/v1/why", params={"subject": obligation().obligation}, headers=READ)).json()["items"]
    assert [item["kind"] for item in of_one].count("reminder") == 4
    assert "delivery" in {item["kind"] for item in of_one}
    assert (await http.get("/v1/why", headers=READ)).status_code == 400


async def test_the_barrier_counts_due_work_and_does_not_open_without_a_broker(
    running: Running, http: httpx.AsyncClient
) -> None:
    before = (await http.get("/internal/settled")).json()
    assert set(before) == {"schedule_ms", "outbox", "unprocessed", "dirty"}
    assert before["dirty"] > 0, "a broker that is away is not known to be idle"
    await running.hear(plan_state(plan()), center(), obligation())
    assert (await http.get("/internal/settled")).json()["dirty"] > before["dirty"]
    await running.notify.schedule.run_once()
    assert (await http.get("/internal/settled")).json()["dirty"] == before["dirty"]
