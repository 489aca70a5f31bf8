"""Inspections and draws over HTTP: scopes, the whole process, versions, who may not, audit lines, two instances."""

from __future__ import annotations

from typing import Any

import anyio
import httpx
import orjson
import pytest

from services.notify.repository.inspections import INSPECTIONS
from shared.clock import FixedClock
from shared.events.inspection import InspectionState
from shared.http.tokens import issue_token
from shared.store.pending import envelope_of
from tests.services.notify.conftest import SECRET
from tests.services.notify.inspections.conftest import Bench, Starter
from tests.services.notify.samples import at, center, contact, plan, plan_state, report, unit

pytestmark = pytest.mark.anyio

PAPER = {"kind": "document_number", "reference": "Quyết định 112/QĐ-TTTT"}
PROOF = {"kind": "file", "reference": "bien-ban.pdf", "sha256": "a" * 64}
PROPOSE = {"plan": "P", "unit": "CVT", "reason": "asked for by the ministry"}
FINDING = {"code": "KN-01", "severity": "high", "text": "no backup of the mail system", "indicator": "INF-01"}


def bearer(subject: str = "inspector", *roles: str, unit: str | None = None) -> dict[str, str]:
    token = issue_token(
        SECRET,
        subject=subject,
        roles=roles or ("inspector",),
        unit=unit,
        expires_at_ms=at("2030-01-01 00:00"),
        now_ms=0,
    )
    return {"authorization": f"Bearer {token}", "accept-language": "en"}


INSPECTOR, SECOND = bearer(unit="TTTT"), bearer("second")
OFFICER = bearer("officer", "unit_officer", unit="CVT")


async def registered(bench: Bench) -> None:
    made = plan()
    officer = contact("report_officer", "an@cvt.example")
    units = (center(), unit("CVT", officer, contact("unit_approver", "binh@cvt.example")), unit("BC"), unit("VNCERT"))
    await bench.hear(plan_state(made), *units)


@pytest.fixture
async def http(bench: Bench) -> httpx.AsyncClient:
    await registered(bench)
    return bench.http


async def ok(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def post(http: httpx.AsyncClient, path: str, body: Any = None, headers: Any = None) -> dict[str, Any]:
    answer = await http.post(path, json=body, headers=headers or INSPECTOR)
    assert answer.status_code in (200, 201), answer.text
    found: dict[str, Any] = answer.json()
    return found


async def refused(http: httpx.AsyncClient, path: str, body: Any, headers: Any, status: int) -> str:
    answer = await http.post(path, json=body, headers=headers)
    assert answer.status_code == status, answer.text
    return str(answer.json().get("reason"))


async def concluded(http: httpx.AsyncClient, clock: FixedClock) -> str:
    """Until the conclusion with one finding; gives the path of the inspection."""
    clock.set(at("2011-05-04 10:00"))
    made = await post(http, "/v1/inspections", PROPOSE)
    path = f"/v1/inspections/{made['inspection']}"
    for day, step in (("2011-05-05", "decision"), ("2011-05-12", "visit")):
        clock.set(at(f"{day} 10:00"))
        await post(http, f"{path}/steps", {"step": step, "on": day, "document": PAPER})
    await post(http, f"{path}/findings", FINDING)
    clock.set(at("2011-05-20 10:00"))
    await post(http, f"{path}/steps", {"step": "conclusion", "on": "2011-05-20", "document": PAPER})
    return path


@pytest.mark.parametrize(
    "path", ["/v1/inspection-proposals?plan=P", "/v1/inspections?plan=P", "/v1/inspection-draws?plan=P"]
)
async def test_nothing_is_shown_to_strangers_or_without_the_scope(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 401
    token = issue_token(SECRET, subject="x", scopes=("report:read",), expires_at_ms=at("2030-01-01 00:00"), now_ms=0)
    assert (await http.get(path, headers={"authorization": f"Bearer {token}"})).status_code == 403
    assert (await http.get(path, headers=INSPECTOR)).status_code == 200


async def test_an_inspection_goes_from_proposal_to_closure(http: httpx.AsyncClient, clock: FixedClock) -> None:
    path = await concluded(http, clock)
    state = await ok(await http.get(path, headers=INSPECTOR))
    [finding] = state["findings"]
    assert (state["phase"], finding["due_day"], state["next_due_day"]) == ("CONCLUDED", "2011-05-27", "2011-06-10")
    of_finding = f"{path}/findings/{finding['finding']}"
    clock.set(at("2011-05-24 10:00"))
    await post(http, f"{of_finding}/remedy", {"evidence": PROOF}, OFFICER)
    assert (
        await refused(http, f"{path}/close", {"on": "2011-05-24", "document": PAPER}, INSPECTOR, 409) == "findings_open"
    )
    await post(http, f"{of_finding}/return", {"reason": "not signed"})
    await post(http, f"{of_finding}/remedy", {"evidence": {**PROOF, "sha256": "b" * 64}}, OFFICER)
    accepted = await post(http, f"{of_finding}/accept")
    assert accepted["findings"][0]["remedied_at_ms"] == at("2011-05-24 10:00")
    closed = await post(http, f"{path}/close", {"on": "2011-05-24", "document": PAPER})
    assert [step["step"] for step in closed["steps"]] == ["proposal", "decision", "visit", "conclusion", "closure"]
    assert closed["phase"] == "CLOSED"
    assert await refused(http, f"{path}/findings", FINDING, INSPECTOR, 409) == "wrong_phase"


async def test_the_unit_remedies_its_own_findings_only_and_sees_nothing_else(
    http: httpx.AsyncClient, clock: FixedClock
) -> None:
    path = await concluded(http, clock)
    finding = (await ok(await http.get(path, headers=OFFICER)))["findings"][0]["finding"]
    remedy, body = f"{path}/findings/{finding}/remedy", {"evidence": PROOF}
    other = bearer("other", "unit_officer", unit="BC")
    assert await refused(http, remedy, body, other, 403) == "other_unit"
    assert (await http.get(path, headers=other)).status_code == 403
    assert (await ok(await http.get("/v1/inspections?plan=P", headers=other)))["items"] == []
    assert len((await ok(await http.get("/v1/inspections?plan=P", headers=OFFICER)))["items"]) == 1
    assert (await http.get("/v1/inspections?plan=P&unit=CVT", headers=other)).status_code == 403
    await post(http, remedy, body, OFFICER)
    assert (await http.post(f"{path}/findings/{finding}/accept", headers=OFFICER)).status_code == 403


async def test_nobody_inspects_their_own_unit(http: httpx.AsyncClient, clock: FixedClock) -> None:
    own = bearer("colleague", unit="CVT")
    assert await refused(http, "/v1/inspections", PROPOSE, own, 403) == "own_unit"
    path = await concluded(http, clock)
    step = {"step": "cancellation", "on": "2011-05-20", "note": "no"}
    assert await refused(http, f"{path}/steps", step, own, 403) == "own_unit"


async def test_another_version_is_refused_with_the_one_that_stands(http: httpx.AsyncClient, clock: FixedClock) -> None:
    clock.set(at("2011-05-04 10:00"))
    made = await http.post("/v1/inspections", json=PROPOSE, headers=INSPECTOR)
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    path = f"/v1/inspections/{made.json()['inspection']}/steps"
    step = {"step": "decision", "on": "2011-05-04", "document": PAPER}
    moved = await http.post(path, json=step, headers={**INSPECTOR, "if-match": '"7"'})
    assert (moved.status_code, moved.headers["etag"]) == (412, '"1"')
    taken = await http.post(path, json=step, headers={**INSPECTOR, "if-match": '"1"'})
    assert (taken.status_code, taken.headers["etag"]) == (200, '"2"')


async def test_wrong_input_is_told_at_its_place(http: httpx.AsyncClient, clock: FixedClock) -> None:
    clock.set(at("2011-05-04 10:00"))
    assert await refused(http, "/v1/inspections", {"plan": "P", "unit": "CVT"}, INSPECTOR, 422) == "not_on_the_list"
    assert (await http.post("/v1/inspections", json={**PROPOSE, "unit": "NONE"}, headers=INSPECTOR)).status_code == 404
    assert (await http.post("/v1/inspections", json={**PROPOSE, "plan": "Q"}, headers=INSPECTOR)).status_code == 404
    made = await post(http, "/v1/inspections", PROPOSE)
    assert await refused(http, "/v1/inspections", PROPOSE, INSPECTOR, 409) == "under_way"
    path = f"/v1/inspections/{made['inspection']}"
    answer = await http.post(
        f"{path}/steps", json={"step": "decision", "on": "2011-02-30", "document": PAPER}, headers=INSPECTOR
    )
    assert (answer.status_code, answer.json()["pointer"]) == (422, "/on")
    assert (await http.get("/v1/inspections/inspection-none", headers=INSPECTOR)).status_code == 404
    for day, step in (("2011-05-04", "decision"), ("2011-05-04", "visit")):
        await post(http, f"{path}/steps", {"step": step, "on": day, "document": PAPER})
    unknown = {**FINDING, "indicator": "NONE"}
    assert await refused(http, f"{path}/findings", unknown, INSPECTOR, 422) == "indicator_unknown"


async def test_every_change_has_its_audit_line(bench: Bench, http: httpx.AsyncClient, clock: FixedClock) -> None:
    path = await concluded(http, clock)
    about = path.removeprefix("/v1/inspections/")
    lines = await bench.books.audit_chain.lines("P", about=about, by=None, after_seq=0, limit=50)
    assert [(line.entry["what"], line.entry["by"], line.entry["revision"]) for line in lines] == [
        ("inspection.proposed", "inspector", 1),
        ("inspection.decision", "inspector", 2),
        ("inspection.visit", "inspector", 3),
        ("inspection.finding", "inspector", 4),
        ("inspection.conclusion", "inspector", 5),
    ]


async def test_the_event_carries_the_whole_state(bench: Bench, http: httpx.AsyncClient, clock: FixedClock) -> None:
    path = await concluded(http, clock)
    held = await bench.store.get(INSPECTIONS.name, path.removeprefix("/v1/inspections/"))
    assert held is not None
    events = [envelope_of(event) for event in held["pending"]]
    assert [event["revision"] for event in events] == [1, 2, 3, 4, 5]
    assert events[-1]["type"] == "inspection.changed.v1"
    assert InspectionState.model_validate(events[-1]["data"]) == InspectionState.model_validate_json(held["body"])


async def test_two_instances_let_one_person_win(http: httpx.AsyncClient, bench_of: Starter, clock: FixedClock) -> None:
    clock.set(at("2011-05-04 10:00"))
    async with bench_of(clock) as other:
        second = other.http
        answers: list[int] = []

        async def propose(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
            answers.append((await client.post("/v1/inspections", json=PROPOSE, headers=headers)).status_code)

        async with anyio.create_task_group() as group:
            for client, headers in ((http, INSPECTOR), (second, SECOND)) * 4:
                group.start_soon(propose, client, headers)
        assert sorted(answers) == [201, *[409] * 7]
        found = await ok(await second.get("/v1/inspections?plan=P&phase=PROPOSED", headers=SECOND))
        [one] = found["items"]
        answers.clear()
        step = {"step": "decision", "on": "2011-05-04", "document": PAPER}

        async def decide(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
            path = f"/v1/inspections/{one['inspection']}/steps"
            answers.append((await client.post(path, json=step, headers=headers)).status_code)

        async with anyio.create_task_group() as group:
            for client, headers in ((http, INSPECTOR), (second, SECOND)) * 4:
                group.start_soon(decide, client, headers)
        assert sorted(answers) == [200, *[409] * 7]


async def test_lists_are_filtered_and_go_on_by_cursor(http: httpx.AsyncClient, clock: FixedClock) -> None:
    for minute, code in enumerate(("BC", "CVT", "VNCERT")):
        clock.set(at(f"2011-05-04 10:0{minute}"))
        await post(http, "/v1/inspections", {**PROPOSE, "unit": code})
    seen: list[str] = []
    cursor: str | None = None
    while True:
        given = {"plan": "P", "limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = await ok(await http.get("/v1/inspections", params=given, headers=INSPECTOR))
        seen += [one["unit"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["VNCERT", "CVT", "BC"]
    of_one = await ok(await http.get("/v1/inspections?plan=P&unit=BC&phase=PROPOSED", headers=INSPECTOR))
    assert [one["unit"] for one in of_one["items"]] == ["BC"]
    assert (await ok(await http.get("/v1/inspections?plan=P&phase=CLOSED", headers=INSPECTOR)))["items"] == []


async def test_alerts_lots_and_24_months_make_the_list(
    bench: Bench, http: httpx.AsyncClient, clock: FixedClock
) -> None:
    clock.set(at("2011-05-04 10:00"))
    await bench.hear(*(report("CVT", copied=True, period=f"2011-Q{number}") for number in (1, 2, 3)))
    found = await ok(await http.get("/v1/inspection-proposals?plan=P", headers=INSPECTOR))
    [one] = found["items"]
    assert (one["unit"], one["causes"], one["points"], one["rules"]) == ("CVT", ["risk_points"], 6, ["R3"])
    made = await post(http, "/v1/inspections", {"plan": "P", "unit": "CVT"})
    assert (made["causes"], made["points"], len(made["alerts"])) == (["risk_points"], 6, 3)
    clock.set(at("2013-01-02 10:00"))
    found = await ok(await http.get("/v1/inspection-proposals?plan=P", headers=INSPECTOR))
    causes = {one["unit"]: (one["causes"], one["under_way"]) for one in found["items"]}
    assert causes["BC"] == (["not_inspected_for_24_months"], None)
    assert causes["CVT"] == (["risk_points", "not_inspected_for_24_months"], made["inspection"])


async def test_a_draw_is_announced_then_drawn_then_repeated_by_anybody(
    http: httpx.AsyncClient, clock: FixedClock
) -> None:
    clock.set(at("2011-02-01 10:00"))
    announce = {"plan": "P", "year": 2011, "seed_source": "lottery of 15/02/2011", "seed_day": "2011-02-15"}
    early = {**announce, "seed_day": "2011-02-01"}
    assert await refused(http, "/v1/inspection-draws", early, INSPECTOR, 422) == "seed_known_already"
    made = await http.post("/v1/inspection-draws", json=announce, headers=INSPECTOR)
    assert (made.status_code, made.json()["units"]) == (201, ["BC", "CVT", "TTTT", "VNCERT"])
    assert (await http.post("/v1/inspection-draws", json=announce, headers=INSPECTOR)).status_code == 200
    other = {**announce, "percent": 50}
    assert await refused(http, "/v1/inspection-draws", other, INSPECTOR, 409) == "already_announced"
    path = f"/v1/inspection-draws/{made.json()['draw']}"
    waiting = await ok(await http.get(f"{path}/verify", headers=INSPECTOR))
    assert (waiting["commitment_holds"], waiting["draw_holds"]) == (True, None)
    assert await refused(http, f"{path}/seed", {"seed": "48291"}, INSPECTOR, 409) == "seed_not_due"
    clock.set(at("2011-02-15 18:00"))
    drawn = await post(http, f"{path}/seed", {"seed": "48291"})
    assert len(drawn["drawn"]) == 1
    assert await post(http, f"{path}/seed", {"seed": "48291"}) == drawn
    assert await refused(http, f"{path}/seed", {"seed": "48292"}, INSPECTOR, 409) == "already_drawn"
    verdict = await ok(await http.get(f"{path}/verify", headers=INSPECTOR))
    assert (verdict["commitment_holds"], verdict["draw_holds"], verdict["seed_after_announcement"]) == (
        True,
        True,
        True,
    )
    assert verdict["commitment"] == made.json()["commitment"]
    found = await ok(await http.get("/v1/inspection-proposals?plan=P", headers=INSPECTOR))
    assert [(one["unit"], one["causes"]) for one in found["items"]] == [(drawn["drawn"][0], ["drawn"])]
    listed = await ok(await http.get("/v1/inspection-draws?plan=P", headers=INSPECTOR))
    assert [one["draw"] for one in listed["items"]] == ["draw-P-2011"]


async def test_refusals_speak_the_callers_language(http: httpx.AsyncClient, clock: FixedClock) -> None:
    path = await concluded(http, clock)
    vietnamese = {**INSPECTOR, "accept-language": "vi"}
    step = {"step": "visit", "on": "2011-05-20", "document": PAPER}
    said = orjson.loads((await http.post(f"{path}/steps", json=step, headers=vietnamese)).content)["detail"]
    assert said.startswith("Việc này chỉ làm được khi cuộc kiểm tra “đã có quyết định”")
