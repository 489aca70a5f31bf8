"""What a key may: units, forms, verbs, addresses, rates; rotation; what the answers say when it may not."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from shared.http.answers import json_bytes
from tests.services.intake.files import imported
from tests.services.intake.running import Running, running, token
from tests.services.intake.small_plan import monthly
from tests.services.intake.test_keys import issued

pytestmark = pytest.mark.anyio


async def test_a_key_of_a_subtree_reports_for_every_unit_below(intake: Running) -> None:
    assert (await intake.put_unit("U3", parent="U1")).status_code == 201
    assert (await intake.put_unit("U4", parent="U3")).status_code == 201
    key = (await issued(intake, subtree=True))["key"]
    for unit in ("U1", "U3", "U4"):
        assert (await intake.post(monthly(unit=unit), bearer=key)).status_code == 201, unit
    assert (await intake.post(monthly(unit="U2"), bearer=key)).status_code == 403
    below = (await intake.call("GET", "/v1/obligations", params={"unit": "U4"}, bearer=key)).json()["items"]
    assert {held["unit"] for held in below} == {"U4"}
    alone = (await issued(intake))["key"]
    assert (await intake.post(monthly(unit="U3"), bearer=alone)).status_code == 403


async def test_a_unit_that_moves_away_is_out_of_reach(intake: Running) -> None:
    await intake.put_unit("U3", parent="U1")
    key = (await issued(intake, subtree=True))["key"]
    assert (await intake.call("GET", "/v1/obligations?unit=U3", bearer=key)).status_code == 200
    assert (await intake.put_unit("U3", parent="U2")).status_code == 200
    intake.clock.advance(5_000)
    assert (await intake.call("GET", "/v1/obligations?unit=U3", bearer=key)).status_code == 403


async def test_a_key_of_some_forms_is_told_which(intake: Running) -> None:
    key = (await issued(intake, forms=["QUARTERLY"]))["key"]
    answer = await intake.post(monthly(), bearer=key)
    assert answer.status_code == 403
    assert "QUARTERLY" in answer.json()["detail"]
    assert answer.json()["pointer"] == "/form"
    batch = await intake.call("POST", "/v1/reports/batch", content=json_bytes(monthly()), bearer=key)
    assert batch.status_code == 403
    assert "QUARTERLY" in batch.json()["detail"]
    text = "plan,form,unit,period,indicator,value\nSMALL,MONTHLY,U1,2011-M03,CALLS,3\n"
    job = await imported(intake, text.encode(), bearer=key)
    assert (job["phase"], job["fault"]["code"]) == ("FAILED", "FORBIDDEN_ROW"), job
    assert "QUARTERLY" in job["fault"]["message"]


async def test_a_key_of_a_subtree_sends_files_for_every_unit_below(intake: Running) -> None:
    await intake.put_unit("U3", parent="U1")
    key = (await issued(intake, subtree=True, forms=["MONTHLY"]))["key"]
    lines = b"\n".join(json_bytes(monthly(unit=unit)) for unit in ("U1", "U3"))
    batch = await intake.call("POST", "/v1/reports/batch", content=lines, bearer=key)
    assert [one["result"] for one in batch.json()["results"]] == ["created", "created"], batch.text
    outside = await intake.call("POST", "/v1/reports/batch", content=json_bytes(monthly(unit="U2")), bearer=key)
    assert outside.status_code == 403
    assert "U1, U3" in outside.json()["detail"]
    header = "plan,form,unit,period,indicator,value\n"
    job = await imported(intake, f"{header}SMALL,MONTHLY,U3,2011-M03,CALLS,3\n".encode(), bearer=key)
    assert job["phase"] == "DONE", job
    job = await imported(intake, f"{header}SMALL,MONTHLY,U2,2011-M03,CALLS,3\n".encode(), bearer=key)
    assert job["fault"]["code"] == "FORBIDDEN_ROW", job


async def test_a_key_of_some_verbs_is_told_which_is_missing(intake: Running) -> None:
    key = (await issued(intake, scopes=["report:read"]))["key"]
    answer = await intake.post(monthly(), bearer=key)
    assert (answer.status_code, answer.json()["scope"]) == (403, "report:write")
    assert 'scope="report:write"' in answer.headers["www-authenticate"]
    assert (await intake.call("GET", "/v1/reports", bearer=key)).status_code == 200


@pytest.mark.parametrize(
    ("more", "status", "pointer"),
    [
        ({"scopes": ["plan:write"]}, 422, "/scopes/0"),
        ({"scopes": []}, 422, "/scopes"),
        ({"networks": ["10.0.0.1/8"]}, 422, "/networks/0"),
        ({"networks": ["example.org"]}, 422, "/networks/0"),
        ({"forms": ["a b"]}, 422, "/forms/0"),
        ({"expires_at": "2011-01-01T00:00:00Z"}, 422, "/expires_at"),
    ],
)
async def test_a_wish_that_makes_no_sense_is_refused_at_its_place(
    intake: Running, more: dict[str, Any], status: int, pointer: str
) -> None:
    answer = await intake.call("POST", "/v1/keys", json={"unit": "U1", "label": "m", **more})
    assert answer.status_code == status, answer.text
    told = answer.json()
    assert pointer == told.get("pointer", told.get("errors", [{}])[0].get("pointer"))


async def test_nobody_grants_what_they_lack(intake: Running) -> None:
    keeper = token("k", roles=[], scopes=["key:write", "report:read"])
    answer = await intake.call("POST", "/v1/keys", json={"unit": "U1", "label": "m"}, bearer=keeper)
    assert (answer.status_code, answer.json()["pointer"]) == (403, "/scopes")
    body = {"unit": "U1", "label": "m", "scopes": ["report:read"]}
    assert (await intake.call("POST", "/v1/keys", json=body, bearer=keeper)).status_code == 201


async def test_an_old_key_holds_until_the_overlap_is_over(intake: Running) -> None:
    old = await issued(intake, forms=["MONTHLY"], networks=["127.0.0.0/8"])
    answer = await intake.call("POST", f"/v1/keys/{old['id']}/rotate", json={"overlap_seconds": 3600})
    assert answer.status_code == 201, answer.text
    new = answer.json()
    assert (new["forms"], new["networks"], new["replaces"]) == (["MONTHLY"], ["127.0.0.0/8"], old["id"])
    for key in (old["key"], new["key"]):
        assert (await intake.call("GET", "/v1/units", bearer=key)).status_code == 200
    intake.clock.advance(3_600_000)
    refused = await intake.call("GET", "/v1/units", bearer=old["key"])
    assert (refused.status_code, refused.json()["type"]) == (401, "/problems/key-expired")
    assert refused.json()["key_id"] == old["id"]
    assert (await intake.call("GET", "/v1/units", bearer=new["key"])).status_code == 200
    assert (await intake.call("POST", f"/v1/keys/{old['id']}/rotate", json={})).status_code == 409


async def test_a_rotation_never_makes_the_old_key_live_longer(intake: Running) -> None:
    old = await issued(intake, expires_at="2011-03-31T12:30:00+07:00")
    await intake.call("POST", f"/v1/keys/{old['id']}/rotate", json={"overlap_seconds": 86_400})
    listed = (await intake.get("/v1/keys"))["items"]
    assert {held["id"]: held["expires_at"] for held in listed}[old["id"]] == "2011-03-31T05:30:00.000Z"


async def test_a_revoked_key_is_told_so(intake: Running) -> None:
    made = await issued(intake)
    await intake.call("DELETE", f"/v1/keys/{made['id']}")
    refused = await intake.call("GET", "/v1/units", bearer=made["key"])
    assert (refused.status_code, refused.json()["type"]) == (401, "/problems/key-revoked")


async def from_address(intake: Running, peer: str, key: str, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(intake.intake.app, client=(peer, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://intake") as http:
        return await http.get("/v1/units", headers={"Authorization": f"Bearer {key}", **headers})


async def test_a_key_of_some_networks_is_refused_from_elsewhere(intake: Running) -> None:
    made = await issued(intake, networks=["203.0.113.0/24", "2001:db8::/32"])
    for peer, status in (
        ("203.0.113.7", 200),
        ("::ffff:203.0.113.7", 200),
        ("2001:db8::1", 200),
        ("203.0.114.7", 403),
        ("::1", 403),
    ):
        assert (await from_address(intake, peer, made["key"])).status_code == status, peer
    refused = await from_address(intake, "198.51.100.1", made["key"], **{"X-Forwarded-For": "203.0.113.7"})
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/address-not-allowed")
    assert refused.json()["address"] == "198.51.100.1"
    await intake.intake.handlers.keys.aclose()
    held = (await intake.get("/v1/keys"))["items"][0]
    assert held["last_used_from"] in ("203.0.113.7", "::ffff:203.0.113.7")


async def test_forwarded_addresses_count_from_trusted_proxies_only(tmp_path: Any) -> None:
    async with running(tmp_path, trusted_proxies="10.0.0.0/8, 192.0.2.1") as intake:
        await intake.publish()
        await intake.put_unit("U1")
        key = (await issued(intake, networks=["203.0.113.0/24"]))["key"]
        for forwarded, status in (
            ("203.0.113.7", 200),
            ("198.51.100.1, 203.0.113.7", 200),
            ("203.0.113.7, 192.0.2.1", 200),
            ("203.0.113.7, 198.51.100.1", 403),
            ("nonsense", 403),
            ("", 403),
        ):
            answer = await from_address(intake, "10.1.1.1", key, **{"X-Forwarded-For": forwarded})
            assert answer.status_code == status, forwarded
        stranger = await from_address(intake, "198.51.100.1", key, **{"X-Forwarded-For": "203.0.113.7"})
        assert stranger.status_code == 403


async def test_every_answer_to_a_key_says_what_is_left(intake: Running) -> None:
    made = await issued(intake)
    first = await intake.call("GET", "/v1/units", bearer=made["key"])
    assert first.headers["ratelimit-policy"] == '"burst";q=200;w=1, "minute";q=3000;w=60'
    assert '"minute";r=2999;t=' in first.headers["ratelimit"]
    assert "ratelimit" not in (await intake.call("GET", "/v1/units")).headers


async def test_one_request_too_many_is_told_when_to_come_back(tmp_path: Any) -> None:
    async with running(tmp_path, key_requests_per_minute=3, key_requests_per_second=1000) as intake:
        await intake.publish()
        await intake.put_unit("U1")
        one, other = (await issued(intake))["key"], (await issued(intake))["key"]
        statuses = [(await intake.call("GET", "/v1/units", bearer=one)).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        refused = await intake.call("GET", "/v1/units", bearer=one)
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert refused.headers["content-type"] == "application/problem+json"
        assert '"minute";r=0;' in refused.headers["ratelimit"]
        assert (await intake.call("GET", "/v1/units", bearer=other)).status_code == 200


async def test_writes_of_keys_are_shed_while_nothing_gets_out(tmp_path: Any) -> None:
    async with running(tmp_path, outbox_seconds_max=1e-9) as intake:
        await intake.publish()
        await intake.put_unit("U1")
        key = (await issued(intake))["key"]
        assert (await intake.post(monthly(), bearer=key)).status_code == 201
        await intake.intake.schedule.run_once()
        before = await intake.written()
        shed = await intake.post(monthly(calls=4), bearer=key, headers={"If-Match": '"1"'})
        assert (shed.status_code, shed.json()["type"], shed.headers["retry-after"]) == (
            429,
            "/problems/load-shed",
            "30",
        )
        assert await intake.written() == before
        assert (await intake.call("GET", "/v1/units", bearer=key)).status_code == 200
        assert (await intake.post(monthly(calls=4), headers={"If-Match": '"1"'})).status_code == 201
