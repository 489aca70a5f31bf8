"""A sealed year changes only by what was unsealed for a correction."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.intake.domain.sealing import Seal
from services.intake.repository.seals import Seals
from shared.store.pending import envelope_of
from tests.services.intake import small_plan
from tests.services.intake.running import Running, token
from tests.services.intake.small_plan import monthly

pytestmark = pytest.mark.anyio

SEAL = "/v1/plans/SMALL/years/2011/seal"
MARCH = "obligation-SMALL-MONTHLY-U1-2011-M03"
REPORT = "report-SMALL-MONTHLY-U1-2011-M03"
AFTER = "2012-02-01T08:00:00+07:00"


async def seal(intake: Running) -> Any:
    return await intake.call("POST", SEAL)


@pytest.fixture
async def sealed(intake: Running) -> Running:
    await intake.post(monthly())
    intake.at(AFTER)
    done = await seal(intake)
    assert done.status_code == 200, done.text
    assert (done.json()["result"], done.json()["obligations_closed"], done.json()["reports_sealed"]) == (
        "sealed",
        34,
        1,
    )
    return intake


async def test_a_year_is_not_sealed_before_it_is_over(intake: Running) -> None:
    assert (await intake.call("GET", SEAL)).status_code == 404
    answer = await seal(intake)
    assert answer.status_code == 409
    assert (await intake.call("POST", "/v1/plans/SMALL/years/1999/seal")).status_code == 404
    assert (await intake.call("POST", SEAL, bearer=token("o", roles=["operator"]))).status_code == 403


async def test_every_write_to_what_is_sealed_is_refused_with_who_and_when(sealed: Running) -> None:
    before = [held for held in await sealed.written() if not str(held["_id"]).startswith("audit")]
    why = {"json": {"reason": "x"}}
    held = f"/v1/obligations/{MARCH}"
    for method, path, more in (
        ("POST", "/v1/reports", {"json": monthly(calls=9), "headers": {"If-Match": '"1"'}}),
        ("POST", "/v1/reports", {"json": monthly(period="2011-M05")}),
        ("POST", "/v1/reports", {"json": monthly(used=99, period="2011-M05")}),
        ("POST", f"/v1/reports/{REPORT}/approve", {}),
        ("POST", f"/v1/reports/{REPORT}/return", why),
        ("POST", f"/v1/reports/{REPORT}/unapprove", why),
        ("POST", f"{held}/waive", why),
        ("POST", f"{held}/not-applicable", why),
        ("POST", f"{held}/reinstate", why),
        ("POST", f"{held}/extend", {"json": {"reason": "x", "due_day": "2012-03-01"}}),
        ("POST", f"{held}/exception", {"json": {"reason": "x", "expires_at": "2012-03-01T00:00:00Z"}}),
        ("PUT", f"/v1/drafts/{MARCH}", {"json": {"values": []}}),
    ):
        answer = await sealed.call(method, path, **more)
        assert answer.status_code == 423, (path, answer.text)
        assert (answer.json()["sealed_by"], answer.json()["sealed_at"]) == ("admin", "2012-02-01T01:00:00.000Z")
    assert [held for held in await sealed.written() if not str(held["_id"]).startswith("audit")] == before
    assert (await sealed.post(monthly())).status_code == 200, "the same content again is no write"


async def test_a_sealed_year_takes_no_new_obligations_and_loses_none(sealed: Running) -> None:
    before = await sealed.store.count("obligations")
    await sealed.put_unit("U9", valid_from="2011-01-01")
    await sealed.put_unit("U1", valid_to="2011-06-30")
    found = (await sealed.store.find("obligations", {"unit": "U9", "year": 2011})).documents
    assert found == []
    assert (await sealed.entry(period="2011-M09"))["outcome"] == "PENDING"
    assert await sealed.store.count("obligations") > before, "those of 2012 are there"


async def test_a_correction_is_unsealed_with_a_reason_and_sealed_again(sealed: Running) -> None:
    path = f"/v1/obligations/{MARCH}/unseal"
    why: dict[str, Any] = {"json": {"reason": "inspection 07"}}
    assert (await sealed.call("POST", path, **why, bearer=token("o", roles=["operator"]))).status_code == 403
    assert (await sealed.call("POST", path, json={})).status_code == 422
    sealed.clock.advance(1000)
    done = await sealed.call("POST", path, **why)
    assert (done.status_code, done.json()["sealed_at_ms"], done.json()["history"][-1]["kind"]) == (
        200,
        None,
        "unsealed",
    )
    assert (await sealed.call("POST", path, **why)).status_code == 409
    corrected = await sealed.post(monthly(calls=9), headers={"If-Match": '"1"'})
    assert (corrected.status_code, corrected.json()["phase"]) == (201, "APPROVED")
    assert (await sealed.call("GET", f"/v1/obligations/{MARCH}")).json()["timeliness"] == "ON_TIME"
    again = (await seal(sealed)).json()
    assert (again["round"], again["obligations_closed"], again["reports_sealed"]) == (2, 1, 1)
    assert (await seal(sealed)).json()["result"] == "unchanged"
    reviews = (await sealed.get(f"/v1/reports/{REPORT}"))["reviews"]
    assert [(held["kind"], held["version"], held["reason"]) for held in reviews] == [
        ("sealed", 1, None),
        ("unsealed", 1, "inspection 07"),
        ("sealed", 2, None),
    ]


async def test_a_seal_that_a_crash_interrupted_is_completed_by_schedule(intake: Running) -> None:
    intake.at(AFTER)
    await Seals(intake.store).save(Seal("SMALL", 2011, "sealing", "lan", intake.clock.now_ms()))
    await intake.intake.schedule.run_once()
    assert (await intake.get(SEAL))["state"] == "sealed"
    assert (await intake.entry())["sealed_by"] == "lan"


async def test_sealing_against_submitting_at_once(intake: Running) -> None:
    intake.at(AFTER)
    months = [f"2011-M{month:02}" for month in range(1, 13)]
    answers = await asyncio.gather(
        seal(intake), seal(intake), *(intake.post(monthly(period=month, calls=n)) for n, month in enumerate(months))
    )
    assert {answer.status_code for answer in answers[:2]} == {200}
    for month, answer in zip(months, answers[2:], strict=True):
        held = await intake.entry(period=month)
        assert held["sealed_at_ms"] is not None
        expected = (201, "SEALED") if answer.status_code == 201 else (423, "")
        assert (answer.status_code, held["phase"]) == expected


async def test_what_is_sealed_is_announced(sealed: Running) -> None:
    events = [envelope_of(event) for event in (await sealed.entry())["pending"][-2:]]
    told = {event["type"]: event["data"] for event in events}
    assert told["report.changed.v1"]["phase"] == "SEALED"
    state = told["obligation.changed.v1"]
    assert (state["sealed_by"], state["submission"]["state"]) == ("admin", "SEALED")
    assert small_plan.document()["code"] == state["plan"]
