"""Sixteen clients at once over the whole life cycle: one chain of versions, no lost update, a true answer for each."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shared.clock import from_iso
from tests.services.intake.running import Running, token
from tests.services.intake.small_plan import monthly
from tests.services.intake.test_amendments import QUARTER, quarterly

pytestmark = pytest.mark.anyio

REPORT = "report-SMALL-MONTHLY-U1-2011-M03"
MARCH = "obligation-SMALL-MONTHLY-U1-2011-M03"
CLIENTS = 16


async def test_clients_that_read_and_amend_again_all_get_through_in_one_chain(intake: Running) -> None:
    await intake.post(monthly(calls=0))

    async def amend(number: int) -> int:
        bearer = token(f"client-{number}", roles=["operator"])
        while True:
            version: int = (await intake.get(f"/v1/reports/{REPORT}"))["report"]["version"]
            answer = await intake.post(monthly(calls=number), headers={"If-Match": f'"{version}"'}, bearer=bearer)
            if answer.status_code == 201:
                assert answer.json()["version"] == version + 1
                return version + 1
            assert (answer.status_code, answer.json()["current_version"] > version) == (412, True)

    won = await asyncio.gather(*(amend(number) for number in range(1, CLIENTS + 1)))
    assert sorted(won) == list(range(2, CLIENTS + 2))
    versions = (await intake.get(f"/v1/reports/{REPORT}"))["versions"]
    assert [held["version"] for held in versions] == list(range(1, CLIENTS + 2))
    by = {held["version"]: held["submitted_by"] for held in versions}
    assert {by[version] for version in won} == {f"client-{number}" for number in range(1, CLIENTS + 1)}
    assert [by[version] for version in won] == [f"client-{number}" for number in range(1, CLIENTS + 1)]


async def test_what_is_approved_is_what_the_reviewer_saw(intake: Running) -> None:
    """Approve version 1 against amend it: never is version 2 approved by who saw version 1."""
    for round_number in range(4):
        period = f"2011-Q{round_number + 1}"
        report = QUARTER.replace("2011-Q1", period)
        intake.at(f"2012-01-0{round_number + 1}T08:00:00+07:00")
        assert (await intake.post(quarterly(100 * round_number, period))).status_code == 201
        head: dict[str, Any] = {"headers": {"If-Match": '"1"'}}
        approvals = [intake.call("POST", f"/v1/reports/{report}/approve", **head) for _ in range(CLIENTS // 2)]
        amendments = [intake.post(quarterly(100 * round_number + 50 + n, period), **head) for n in range(CLIENTS // 2)]
        answers = await asyncio.gather(*(pair for both in zip(approvals, amendments, strict=True) for pair in both))
        approved, amended = answers[0::2], answers[1::2]
        assert sum(answer.status_code == 201 for answer in amended) == 1
        assert {answer.status_code for answer in amended} == {201, 412}
        assert {answer.status_code for answer in approved} <= {200, 409, 412}
        held = await intake.get(f"/v1/reports/{report}")
        assert (held["report"]["version"], held["report"]["phase"]) == (2, "SUBMITTED")
        assert [review["version"] for review in held["reviews"]] == [1] * sum(a.status_code == 200 for a in approved)


async def test_an_extension_and_a_submission_at_once_agree_on_what_was_on_time(intake: Running) -> None:
    intake.at("2011-04-10T08:00:00+07:00")
    body = {"reason": "flood", "due_day": "2011-04-20"}
    calls: list[Any] = []
    for number in range(CLIENTS // 2):
        calls.append(intake.call("POST", f"/v1/obligations/{MARCH}/extend", json=body | {"reason": f"{number}"}))
        calls.append(intake.post(monthly(calls=number)))
    answers = await asyncio.gather(*calls)
    extended, sent = answers[0::2], answers[1::2]
    assert sum(answer.status_code == 201 for answer in sent) == 1
    assert {answer.status_code for answer in sent} <= {201, 412}
    assert {answer.status_code for answer in extended} <= {200, 409, 422}
    held = await intake.get(f"/v1/obligations/{MARCH}")
    was_extended = any(answer.status_code == 200 for answer in extended)
    assert (held["due_at_ms"] == from_iso("2011-04-20T23:59:59.999+07:00")) == was_extended
    assert held["timeliness"] == ("ON_TIME" if was_extended else "LATE")
    (winner,) = (answer.json() for answer in sent if answer.status_code == 201)
    assert winner["timeliness"] == held["timeliness"]
    assert len(held["history"]) == sum(answer.status_code == 200 for answer in extended)


async def test_waiving_and_submitting_at_once_leave_one_of_both(intake: Running) -> None:
    calls: list[Any] = []
    for number in range(CLIENTS // 2):
        calls.append(intake.call("POST", f"/v1/obligations/{MARCH}/waive", json={"reason": "flood"}))
        calls.append(intake.post(monthly(calls=number)))
    answers = await asyncio.gather(*calls)
    waived, sent = answers[0::2], answers[1::2]
    wins = sum(a.status_code == 200 for a in waived), sum(a.status_code == 201 for a in sent)
    assert wins in ((1, 0), (0, 1))
    held = await intake.entry()
    assert (held["outcome"], held["has_report"]) == (("WAIVED", False) if wins[0] else ("FULFILLED", True))


async def test_drafts_saved_at_once_keep_one_and_tell_the_others(intake: Running) -> None:
    path = f"/v1/drafts/{MARCH}"
    await intake.call("PUT", path, json={})
    drafts = [{"values": [{"indicator": f"N{number}"}]} for number in range(CLIENTS)]
    answers = await asyncio.gather(
        *(intake.call("PUT", path, json=draft, headers={"If-Match": '"1"'}) for draft in drafts)
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * (CLIENTS - 1)
    (winner,) = (draft for draft, answer in zip(drafts, answers, strict=True) if answer.status_code == 200)
    assert (await intake.get(path))["content"]["values"] == winner["values"]
