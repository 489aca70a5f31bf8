"""Keys of unit systems."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any

import pytest

from tests.services.intake.running import Running, token
from tests.services.intake.small_plan import monthly
from tests.support.waiting import until

pytestmark = pytest.mark.anyio


async def issued(intake: Running, unit: str = "U1", **more: Any) -> dict[str, Any]:
    answer = await intake.call("POST", "/v1/keys", json={"unit": unit, "label": "machine", **more})
    assert answer.status_code == 201, answer.text
    held: dict[str, Any] = answer.json()
    return held


async def test_a_key_is_shown_once_and_kept_as_a_hash(intake: Running) -> None:
    made = await issued(intake)
    assert made["key"].startswith("tdo_")
    stored = await intake.store.get("keys", made["id"])
    assert stored["sha256"] == hashlib.sha256(made["key"].encode()).hexdigest()
    listed = await intake.call("GET", "/v1/keys", params={"unit": "U1"})
    for text in (json.dumps(stored), listed.text):
        assert made["key"] not in text
    assert [held["id"] for held in listed.json()["items"]] == [made["id"]]


async def test_a_key_speaks_for_its_own_unit_only(intake: Running) -> None:
    key = (await issued(intake))["key"]
    assert (await intake.post(monthly(), bearer=key)).status_code == 201
    assert (await intake.post(monthly(unit="U2"), bearer=key)).status_code == 403
    mine = (await intake.call("GET", "/v1/obligations", bearer=key)).json()["items"]
    assert {held["unit"] for held in mine} == {"U1"}
    assert (await intake.call("GET", "/v1/obligations?unit=U2", bearer=key)).status_code == 403
    assert (
        await intake.call("GET", "/v1/obligations/obligation-SMALL-MONTHLY-U2-2011-M03", bearer=key)
    ).status_code == 403
    assert (await intake.call("GET", "/v1/reports?unit=U2", bearer=key)).status_code == 403
    assert (await intake.put_unit("U1")).status_code == 200
    for method, path in (("POST", "/v1/keys"), ("GET", "/v1/keys"), ("PUT", "/v1/units/U1")):
        assert (await intake.call(method, path, json={}, bearer=key)).status_code == 403
    entry = await intake.entry()
    assert entry["report"]["state"]["submitted_by"].startswith("key-")


async def test_a_revoked_key_is_refused_at_once(intake: Running) -> None:
    made = await issued(intake)
    assert (await intake.call("GET", "/v1/obligations", bearer=made["key"])).status_code == 200
    assert (await intake.call("DELETE", f"/v1/keys/{made['id']}")).status_code == 204
    assert (await intake.call("GET", "/v1/obligations", bearer=made["key"])).status_code == 401
    assert (await intake.call("DELETE", f"/v1/keys/{made['id']}")).status_code == 204
    assert (await intake.call("DELETE", "/v1/keys/key-none")).status_code == 404
    assert (await intake.get("/v1/keys"))["items"][0]["revoked_at"] is not None


async def test_an_expired_key_is_refused(intake: Running) -> None:
    made = await issued(intake, expires_at="2011-04-01T00:00:00+07:00")
    assert (await intake.call("GET", "/v1/units", bearer=made["key"])).status_code == 200
    intake.at("2011-04-01T00:00:00+07:00")
    assert (await intake.call("GET", "/v1/units", bearer=made["key"])).status_code == 401


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"expires_at": "2011-01-01T00:00:00Z"}, 422),
        ({"expires_at": "tomorrow"}, 422),
        ({"expires_at": "2012-01-01T00:00:00"}, 422),
        ({"unit": "NONE"}, 404),
        ({"label": ""}, 422),
    ],
)
async def test_a_bad_wish_is_refused(intake: Running, more: dict[str, str], status: int) -> None:
    answer = await intake.call("POST", "/v1/keys", json={"unit": "U1", "label": "x", **more})
    assert answer.status_code == status


async def test_use_is_noted_at_most_once_a_minute(intake: Running) -> None:
    made = await issued(intake)

    async def used() -> int:
        return int((await intake.store.get("keys", made["id"]))["last_used_ms"])

    async def noted(at_ms: int) -> bool:
        return await used() == at_ms

    first_ms = intake.clock.now_ms()
    await asyncio.gather(*(intake.call("GET", "/v1/units", bearer=made["key"]) for _ in range(8)))
    await until(lambda: noted(first_ms))
    intake.clock.advance(59_000)
    await intake.call("GET", "/v1/units", bearer=made["key"])
    await intake.intake.handlers.keys.aclose()
    assert await used() == first_ms
    intake.clock.advance(1_000)
    await intake.call("GET", "/v1/units", bearer=made["key"])
    await until(lambda: noted(first_ms + 60_000))


async def test_issuing_needs_the_scope(intake: Running) -> None:
    leader = token("l", roles=["leader"])
    answer = await intake.call("POST", "/v1/keys", json={"unit": "U1", "label": "x"}, bearer=leader)
    assert answer.status_code == 403
    assert (await intake.call("GET", "/v1/units", bearer="tdo_" + "x" * 43)).status_code == 401
