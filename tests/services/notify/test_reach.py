"""Whoever is bound to a unit or a plan sees and changes what concerns it, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.http.tokens import issue_token
from tests.services.notify.conftest import SECRET, Running
from tests.services.notify.samples import at, center, contact, obligation, plan, plan_state, report, unit
from tests.services.notify.test_http import READ, WRITE

pytestmark = pytest.mark.anyio

WHY = {"reason": "because"}
PROMISE = {"owner": "someone", "promise": "2011-03-20"}
WINDOW = {"owner": "someone", "reason": "moving house", "ends_at": "2011-03-20T08:00:00+07:00"}


def bound(*, unit: str | None = None, plan: str | None = None) -> dict[str, str]:
    scopes = ("notify:read", "notify:write")
    far = at("2030-01-01 00:00")
    token = issue_token(SECRET, subject="x", scopes=scopes, unit=unit, plan=plan, expires_at_ms=far, now_ms=0)
    return {"authorization": f"Bearer {token}", "accept-language": "en"}


OWN, OTHER_UNIT, OTHER_PLAN = bound(unit="CVT"), bound(unit="CTS"), bound(plan="Q")


@pytest.fixture
async def http(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    officer = contact("report_officer", "an@cvt.example")
    await running.hear(plan_state(plan(), at("2011-01-03 08:00")), center(), unit("CVT", officer), unit("CTS"))
    await running.hear(obligation(), *(report("CVT", copied=True, period=f"2011-Q{number}") for number in (1, 2)))
    await running.go("2011-03-11 10:00")
    transport = httpx.ASGITransport(app=running.notify.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://notify") as client:
        yield client


async def items(http: httpx.AsyncClient, path: str, who: dict[str, str], **params: str) -> list[dict[str, Any]]:
    answer = await http.get(path, params=params, headers=who)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


@pytest.mark.parametrize("path", ["/v1/alerts", "/v1/deliveries", "/v1/reminders"])
async def test_a_list_holds_what_is_within_reach(http: httpx.AsyncClient, path: str) -> None:
    everything = await items(http, path, READ)
    assert everything
    own = [item for item in everything if item["unit"] == "CVT"]
    assert own
    assert await items(http, path, OWN) == own
    assert await items(http, path, OTHER_UNIT) == []
    assert await items(http, path, OTHER_PLAN) == []


@pytest.mark.parametrize("who", [OTHER_UNIT, OTHER_PLAN])
async def test_nobody_touches_the_alerts_of_others(http: httpx.AsyncClient, who: dict[str, str]) -> None:
    alert = (await items(http, "/v1/alerts", READ))[0]
    path = f"/v1/alerts/{alert['alert']}"
    asked = [
        await http.get(path, headers=who),
        await http.post(f"{path}/acknowledge", json=PROMISE, headers=who),
        await http.post(f"{path}/resolve", json=WHY, headers=who),
        await http.post("/v1/acknowledgements", json={"plan": "P", "unit": "CVT", **PROMISE}, headers=who),
        await http.post("/v1/silences", json={"alert": alert["alert"], **WINDOW}, headers=who),
        await http.post("/v1/silences", json={"plan": "P", "unit": "CVT", **WINDOW}, headers=who),
        await http.post("/v1/outages", json={"plan": "P", "unit": "CVT", **WINDOW}, headers=who),
    ]
    assert [answer.status_code for answer in asked] == [403] * len(asked)
    assert (await http.get(path, headers=READ)).json()["revision"] == alert["revision"]
    assert (await items(http, "/v1/silences", READ, plan="P")) == []
    assert (await items(http, "/v1/outages", READ, plan="P")) == []


async def test_a_unit_mutes_its_own_alerts_and_nobody_elses(http: httpx.AsyncClient) -> None:
    wide = await http.post("/v1/silences", json={"plan": "P", "rule": "V09", **WINDOW}, headers=OWN)
    assert wide.status_code == 403, "a rule without a unit is everybody's"
    assert (await http.post("/v1/outages", json={"plan": "P", **WINDOW}, headers=OWN)).status_code == 403
    alert = (await items(http, "/v1/alerts", OWN))[0]["alert"]
    made = await http.post("/v1/silences", json={"alert": alert, **WINDOW}, headers=OWN)
    assert made.status_code == 201
    ending = f"/v1/silences/{made.json()['id']}/end"
    assert (await http.post(ending, json=WHY, headers=OTHER_UNIT)).status_code == 403
    assert (await http.post(ending, json=WHY, headers=OTHER_PLAN)).status_code == 403
    assert (await http.post(ending, json=WHY, headers=OWN)).status_code == 200


@pytest.mark.parametrize("who", [OTHER_UNIT, OTHER_PLAN])
async def test_nobody_sends_or_cancels_what_is_told_to_others(http: httpx.AsyncClient, who: dict[str, str]) -> None:
    delivery = (await items(http, "/v1/deliveries", OWN))[0]["delivery"]
    for verb in ("resend", "cancel"):
        assert (await http.post(f"/v1/deliveries/{delivery}/{verb}", json=WHY, headers=who)).status_code == 403
    assert (await http.get(f"/v1/deliveries/{delivery}", headers=who)).status_code == 403
    assert (await http.get(f"/v1/deliveries/{delivery}", headers=OWN)).status_code == 200


@pytest.mark.parametrize("who", [OWN, OTHER_PLAN])
async def test_what_concerns_a_recipient_everywhere_is_for_those_who_are_bound_to_nothing(
    http: httpx.AsyncClient, who: dict[str, str]
) -> None:
    someone = {"recipient": "someone@units.example"}
    asked = [
        await http.get("/v1/preferences", params=someone, headers=who),
        await http.put("/v1/preferences", params=someone, json={"language": "en"}, headers=who),
        await http.get("/v1/addresses", headers=who),
        await http.get("/v1/feeds", headers=who),
        await http.post("/v1/feeds", json=someone, headers=who),
        await http.get("/v1/why", params=someone, headers=who),
    ]
    assert [answer.status_code for answer in asked] == [403] * len(asked)
    assert "beyond" in asked[0].json()["detail"]
    assert (await http.get("/v1/why", params=someone, headers=WRITE)).status_code == 200
