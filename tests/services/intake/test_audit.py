"""The audit log: every write is a line that says who, what, from where; a lost line is found and made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.http.roles import ROLE_SCOPES
from shared.store.chain import HashChain
from tests.services.intake.files import SOUND, csv_of, send
from tests.services.intake.running import Running, running, token
from tests.services.intake.small_plan import monthly

pytestmark = pytest.mark.anyio


async def lines(intake: Running, chain: str, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await intake.get("/v1/audit", params={"chain": chain, **params}))["items"]
    return found


async def test_a_line_says_who_what_which_revision_from_where_and_under_which_trace(intake: Running) -> None:
    transport = httpx.ASGITransport(intake.intake.app, client=("203.0.113.9", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://intake") as http:
        headers = {"Authorization": f"Bearer {intake.admin}", "X-Request-Id": "r-1"}
        assert (await http.post("/v1/reports", json=monthly(), headers=headers)).status_code == 201
    line = (await lines(intake, "SMALL"))[-1]
    assert (line["what"], line["by"], line["source"]) == ("report.received", "admin", "203.0.113.9")
    assert line["id"] == "report-SMALL-MONTHLY-U1-2011-M03"
    assert (line["request_id"], line["facts"]["version"]) == ("r-1", 1)
    assert len(line["trace_id"]) == 32
    assert line["made_up"] is False


async def test_every_kind_of_write_has_its_line(intake: Running) -> None:
    await intake.post(monthly())
    await intake.post(monthly(used=60), headers={"If-Match": '"1"'})
    await intake.call("POST", "/v1/reports/report-SMALL-MONTHLY-U1-2011-M03/return", json={"reason": "again"})
    key = (await intake.call("POST", "/v1/keys", json={"unit": "U1", "label": "m"})).json()["id"]
    await intake.call("POST", f"/v1/keys/{key}/rotate", json={})
    await intake.call("DELETE", f"/v1/keys/{key}")
    of_plan = [line["what"] for line in await lines(intake, "SMALL")]
    assert [what for what in of_plan if not what.startswith("obligations.")] == [
        "plan.published",
        "report.received",
        "report.rejected",
        "report.returned",
    ]
    of_key = [line["what"] for line in await lines(intake, "registry", id=key)]
    assert of_key == ["key.issued", "key.rotated", "key.revoked"]
    assert len(await lines(intake, "registry", by="admin")) == 6


async def test_pages_follow_one_another(intake: Running) -> None:
    for calls in range(5):
        await intake.post(monthly(calls=calls), headers={"If-Match": f'"{calls}"'} if calls else {})
    seen: list[int] = []
    after = 0
    while True:
        part = await intake.get("/v1/audit", params={"chain": "SMALL", "limit": 2, "after_seq": after})
        seen += [line["seq"] for line in part["items"]]
        if part["next_after_seq"] is None:
            break
        after = part["next_after_seq"]
    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) >= 6


async def test_only_auditors_read_it(intake: Running) -> None:
    operator = token("o", roles=["operator"])
    assert "audit:read" not in ROLE_SCOPES["operator"]
    for path in ("/v1/audit", "/v1/audit/verify", "/v1/audit/anchors"):
        params = {"chain": "SMALL", "first": "2011-03-31", "last": "2011-03-31"}
        assert (await intake.call("GET", path, params=params, bearer=operator)).status_code == 403
        auditor = token("a", roles=["auditor"])
        assert (await intake.call("GET", path, params=params, bearer=auditor)).status_code == 200
    bound = token("b", roles=["auditor"], plan="OTHER")
    assert (await intake.call("GET", "/v1/audit", params={"chain": "SMALL"}, bearer=bound)).status_code == 403
    both = {"chain": "SMALL", "id": "a", "by": "b"}
    assert (await intake.call("GET", "/v1/audit", params=both)).status_code == 422


async def test_a_changed_line_is_found(intake: Running) -> None:
    await intake.post(monthly())
    assert (await intake.get("/v1/audit/verify", params={"chain": "SMALL"}))["intact"] is True
    [held] = (await intake.store.find("audit", {"chain": "SMALL", "seq": 1})).documents
    held["entry"] = {**held["entry"], "by": "somebody else"}
    assert await intake.store.replace("audit", held)
    found = await intake.get("/v1/audit/verify", params={"chain": "SMALL"})
    assert (found["intact"], found["broken_seq"]) == (False, 1)


async def test_a_day_is_anchored_when_it_is_over_and_a_rewritten_chain_no_longer_holds_it(intake: Running) -> None:
    await intake.post(monthly())
    await intake.intake.schedule.run_once()
    days = {"chain": "SMALL", "first": "2011-03-30", "last": "2011-04-02"}
    assert (await intake.get("/v1/audit/anchors", params=days))["items"] == []
    intake.at("2011-04-01T12:00:00+07:00")
    await intake.intake.schedule.run_once()
    [anchor] = (await intake.get("/v1/audit/anchors", params=days))["items"]
    [line] = (await intake.store.find("audit", {"chain": "SMALL", "seq": anchor["seq"]})).documents
    assert (anchor["day"], anchor["hash"], anchor["holds"]) == ("2011-03-31", line["hash"], True)
    await intake.store.replace("audit", {**line, "hash": "0" * 64})
    [anchor] = (await intake.get("/v1/audit/anchors", params=days))["items"]
    assert anchor["holds"] is False


async def test_lines_lost_in_a_crash_are_made_up_once(tmp_path: Path) -> None:
    async with running(tmp_path) as before:
        await before.publish()
        await before.put_unit("U1")
        key = (await before.call("POST", "/v1/keys", json={"unit": "U1", "label": "m"})).json()
        await before.post(monthly(), bearer=key["key"])
        await forgotten(before)
    async with running(tmp_path) as after:
        for _ in range(2):
            await after.intake.schedule.run_once()
        of_plan = {line["what"]: line for line in await lines(after, "SMALL") if line["made_up"]}
        assert of_plan.keys() == {"plan.published", "obligation.report"}
        assert of_plan["obligation.report"]["by"] == key["id"]
        assert of_plan["obligation.report"]["id"] == "report-SMALL-MONTHLY-U1-2011-M03"
        of_registry = [(line["what"], line["id"]) for line in await lines(after, "registry")]
        assert of_registry == [("unit.changed", "U1"), ("key.changed", key["id"])]
        assert (await HashChain(after.store, "audit").verify("SMALL")).intact


async def forgotten(intake: Running) -> None:
    """As if the process had ended after every write and before its line."""
    for collection in ("audit", "audit_heads"):
        for held in (await intake.store.find(collection, limit=1000)).documents:
            await intake.store.delete(collection, held["_id"])


async def decide_everything(intake: Running) -> None:
    """Every kind of decision about obligations and reports, a seal, a draft, an evidence file, an import."""
    owed = "/v1/obligations/obligation-SMALL-MONTHLY-U1-2011-M02"
    extension = {"reason": "flood", "due_at": "2011-06-01T00:00:00+07:00"}
    for step, body in (("waive", {}), ("reinstate", {}), ("extend", extension), ("reinstate", {})):
        intake.clock.advance(1000)
        answer = await intake.call("POST", f"{owed}/{step}", json={"reason": "flood", **body})
        assert answer.status_code == 200, answer.text
    draft = "/v1/drafts/obligation-SMALL-MONTHLY-U1-2011-M03"
    assert (await intake.call("PUT", draft, json={"values": []})).status_code == 201
    pdf = {"Content-Type": "application/pdf"}
    evidence = await intake.call("POST", "/v1/evidence?unit=U1", content=b"%PDF-1.7", headers=pdf)
    assert evidence.status_code == 201, evidence.text
    assert (await send(intake, csv_of(*SOUND))).status_code == 202
    report = "/v1/reports/report-SMALL-MONTHLY-U1-2011-M01"
    assert (await intake.post(monthly(period="2011-M01"))).status_code == 201
    for step in ("unapprove", "approve"):
        intake.clock.advance(1000)
        assert (await intake.call("POST", f"{report}/{step}", json={"reason": "look again"})).status_code == 200
    intake.at("2012-03-31T12:00:00+07:00")
    assert (await intake.call("POST", "/v1/plans/SMALL/years/2011/seal")).status_code == 200
    intake.clock.advance(1000)
    unsealed = owed.replace("M02", "M01")
    assert (await intake.call("POST", f"{unsealed}/unseal", json={"reason": "slip"})).status_code == 200


async def test_lost_lines_of_every_decision_are_made_up_with_who_took_it(tmp_path: Path) -> None:
    async with running(tmp_path, evidence_dir=tmp_path / "evidence") as before:
        await before.publish()
        await before.put_unit("U1")
        await before.intake.handlers.mend.due(before.clock.now_ms())
        await decide_everything(before)
        await forgotten(before)
    async with running(tmp_path, at="2012-03-31T12:00:02+07:00") as after:
        for _ in range(2):
            await after.intake.handlers.mend.due(after.clock.now_ms())
        held = [*await lines(after, "SMALL"), *await lines(after, "registry")]
        told = sorted(line["what"] for line in held if line["by"] == "admin")
        assert told == [
            *("draft.saved", "evidence.received", "import.received", "obligation.extended"),
            *(
                "obligation.reinstated",
                "obligation.reinstated",
                "obligation.waived",
                "report.approved",
                "report.unapproved",
                "report.unsealed",
            ),
            "year.sealed",
        ]
        assert all(line["made_up"] for line in held)


async def test_nothing_is_made_up_when_nothing_was_lost(intake: Running, tmp_path: Path) -> None:
    key = (await intake.call("POST", "/v1/keys", json={"unit": "U1", "label": "m"})).json()
    await intake.post(monthly())
    await intake.post(monthly(used=60), headers={"If-Match": '"1"'})
    await intake.call("POST", "/v1/reports/report-SMALL-MONTHLY-U1-2011-M03/return", json={"reason": "again"})
    await intake.call("DELETE", f"/v1/keys/{key['id']}")
    owed = "/v1/obligations/obligation-SMALL-MONTHLY-U1-2011-M02"
    assert (await intake.call("POST", f"{owed}/waive", json={"reason": "flood"})).status_code == 200
    extension = {"reason": "flood", "due_at": "2011-06-01T00:00:00+07:00", "expires_at": "2011-04-02T00:00:00+07:00"}
    await intake.call("POST", "/v1/obligations/obligation-SMALL-MONTHLY-U1-2011-M04/extend", json=extension)
    assert (await send(intake, csv_of(*SOUND))).status_code == 202
    await intake.put_unit("U1", headcount=51)
    async with running(tmp_path) as other:
        await other.intake.schedule.run_once()
        held = [*await lines(other, "SMALL"), *await lines(other, "registry")]
        assert [line for line in held if line["made_up"]] == []
