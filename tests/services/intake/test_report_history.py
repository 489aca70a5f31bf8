"""Drafts, versions and their differences, approvals taken back, the reviewers' clock."""

from __future__ import annotations

from typing import Any

import pytest

from shared.clock import from_iso
from tests.services.intake import small_plan
from tests.services.intake.running import Running, token
from tests.services.intake.small_plan import monthly
from tests.services.intake.test_amendments import QUARTER, quarterly

pytestmark = pytest.mark.anyio

MARCH = "obligation-SMALL-MONTHLY-U1-2011-M03"
DRAFT = f"/v1/drafts/{MARCH}"
REPORT = "report-SMALL-MONTHLY-U1-2011-M03"


async def test_a_draft_takes_anything_and_is_submitted_when_it_is_right(intake: Running) -> None:
    wrong: dict[str, Any] = {"values": [{"indicator": "MAIL", "numerator": "forty", "note": None}]}
    before = await intake.entry()
    done = await intake.call("PUT", DRAFT, json=wrong)
    assert (done.status_code, done.headers["etag"], done.json()["content"]["values"]) == (201, '"1"', wrong["values"])
    refused = await intake.call("POST", f"{DRAFT}/submit")
    assert refused.status_code == 422
    assert await intake.entry() == before
    right = {"values": monthly()["values"]}
    assert (await intake.call("PUT", DRAFT, json=right, headers={"If-Match": '"1"'})).status_code == 200
    stale = await intake.call("PUT", DRAFT, json=wrong, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["current_version"], stale.json()["saved_by"]) == (412, 2, "admin")
    dry = await intake.call("POST", f"{DRAFT}/submit?dry_run=true")
    assert (dry.status_code, dry.json()["counts"]["created"]) == (200, 3)
    sent = await intake.call("POST", f"{DRAFT}/submit", headers={"Idempotency-Key": "a"})
    assert (sent.status_code, sent.headers["etag"]) == (201, '"1"')
    assert (await intake.call("GET", DRAFT)).status_code == 404
    again = await intake.call("POST", f"{DRAFT}/submit", headers={"Idempotency-Key": "a"})
    assert (again.status_code, again.json()) == (201, sent.json())
    assert (await intake.get(f"/v1/reports/{REPORT}"))["report"]["version"] == 1


async def test_a_draft_is_deleted_and_belongs_to_its_unit(intake: Running) -> None:
    await intake.call("PUT", DRAFT, json={"nil": True})
    other = token("x", roles=["operator"], unit="U2")
    assert (await intake.call("GET", DRAFT, bearer=other)).status_code == 403
    assert (await intake.call("DELETE", DRAFT, headers={"If-Match": '"9"'})).status_code == 412
    for _ in range(2):
        assert (await intake.call("DELETE", DRAFT)).status_code == 204
    assert (await intake.call("GET", DRAFT)).status_code == 404
    assert (await intake.call("PUT", "/v1/drafts/obligation-X", json={})).status_code == 404
    assert (await intake.call("PUT", DRAFT, json={"valeus": []})).status_code == 422
    long = {"values": [{"indicator": "X", "reason": "é" * 300_000}]}
    assert (await intake.call("PUT", DRAFT, json=long)).status_code == 422


async def test_versions_and_their_differences(intake: Running) -> None:
    await intake.post(monthly(), bearer=token("an", roles=["operator"]))
    for number, who in ((4, "binh"), (5, "chi")):
        intake.clock.advance(1000)
        more: dict[str, Any] = {"headers": {"If-Match": f'"{number - 3}"'}, "bearer": token(who, roles=["operator"])}
        body = monthly(calls=number, used=40 + (number == 4), change_reason=f"{who} counted again")
        assert (await intake.post(body, **more)).status_code == 201
    one = await intake.get(f"/v1/reports/{REPORT}/versions/2")
    assert (one["report"]["version"], one["report"]["submitted_by"], one["current_version"]) == (2, "binh", 3)
    assert one["change_reason"] == "binh counted again"
    listed = (await intake.get(f"/v1/reports/{REPORT}"))["versions"]
    assert [held["change_reason"] for held in listed] == [None, "binh counted again", "chi counted again"]
    diff = await intake.get(f"/v1/reports/{REPORT}/diff?from=1&to=3")
    assert [
        (held["indicator"], held["was"]["value"], held["now"]["value"], held["version"], held["by"], held["reason"])
        for held in diff["changes"]
    ] == [("CALLS", 3.0, 5.0, 3, "chi", "chi counted again")]
    back = await intake.get(f"/v1/reports/{REPORT}/diff?from=2&to=1")
    assert [(held["indicator"], held["now"].get("value") or held["now"]["numerator"]) for held in back["changes"]] == [
        ("CALLS", 3.0),
        ("MAIL", 40.0),
    ]
    assert (await intake.get(f"/v1/reports/{REPORT}/diff?from=3&to=3"))["changes"] == []
    assert (await intake.call("GET", f"/v1/reports/{REPORT}/versions/4")).status_code == 404
    assert (await intake.call("GET", f"/v1/reports/{REPORT}/diff?from=1&to=9")).status_code == 404


async def test_412_says_what_changed_since_by_whom_and_when(intake: Running) -> None:
    await intake.post(monthly())
    for number, who in ((4, "an"), (5, "binh")):
        intake.clock.advance(1000)
        more: dict[str, Any] = {"headers": {"If-Match": f'"{number - 3}"'}, "bearer": token(who, roles=["operator"])}
        body = monthly(calls=number, used=40 + (number == 4), change_reason=f"{who} counted again")
        await intake.post(body, **more)
    head: dict[str, Any] = {"headers": {"If-Match": '"1"'}}
    amended = await intake.post(monthly(calls=9), **head)
    approved = await intake.call("POST", f"/v1/reports/{REPORT}/approve", **head)
    for stale in (amended, approved):
        body = stale.json()
        assert (stale.status_code, body["current_version"], body["submitted_by"]) == (412, 3, "binh")
        assert body["changes"] == [
            {
                "indicator": "CALLS",
                "was": {"indicator": "CALLS", "status": "reported", "value": 3.0},
                "now": {"indicator": "CALLS", "status": "reported", "value": 5.0},
                "version": 3,
                "by": "binh",
                "at": "2011-03-31T05:00:02.000Z",
                "reason": "binh counted again",
            }
        ]


async def test_reviewers_have_a_clock(empty: Running) -> None:
    first, quarter, annual = small_plan.document()["forms"]
    assert (await empty.publish(forms=[first, {**quarter, "review_days": 2}, annual])).status_code == 201
    for unit in ("U1", "U2"):
        await empty.put_unit(unit)
    assert (await empty.get("/v1/reviews"))["items"] == []
    await empty.post(quarterly())  # on Thursday 31/03/2011
    empty.at("2011-04-02T08:00:00+07:00")
    assert (await empty.post({**quarterly(), "unit": "U2"})).status_code == 201
    waiting = (await empty.get("/v1/reviews"))["items"]
    assert [(held["unit"], held["review_due_at"]) for held in waiting] == [
        ("U1", "2011-04-04T16:59:59.999Z"),
        ("U2", "2011-04-05T16:59:59.999Z"),
    ]
    empty.clock.set(from_iso("2011-04-04T16:59:59.999Z"))
    assert (await empty.get("/v1/reviews?state=overdue"))["items"] == []
    empty.clock.advance(1)
    assert [held["unit"] for held in (await empty.get("/v1/reviews?state=overdue"))["items"]] == ["U1"]
    page = await empty.get("/v1/reviews?limit=1")
    rest = await empty.get("/v1/reviews", params={"limit": 1, "cursor": page["next_cursor"]})
    assert [held["unit"] for held in page["items"] + rest["items"]] == ["U1", "U2"]
    await empty.call("POST", f"/v1/reports/{QUARTER}/approve")
    assert [held["unit"] for held in (await empty.get("/v1/reviews"))["items"]] == ["U2"]
    assert (await empty.get("/v1/reviews?unit=U1"))["items"] == []


async def test_an_approval_is_taken_back_with_a_reason_and_given_again(intake: Running) -> None:
    await intake.post(quarterly())
    path = f"/v1/reports/{QUARTER}/unapprove"
    assert (await intake.call("POST", path, json={"reason": "x"})).status_code == 409
    await intake.call("POST", f"/v1/reports/{QUARTER}/approve")
    assert (await intake.call("POST", path, json={})).status_code == 422
    stale = await intake.call("POST", path, json={"reason": "x"}, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    done = await intake.call("POST", path, json={"reason": "evidence missing"})
    assert (done.status_code, done.json()["phase"], done.json()["returned_reason"]) == (200, "SUBMITTED", None)
    entry = await intake.entry("QUARTERLY", period="2011-Q1")
    assert (entry["outcome"], entry["returned_count"]) == ("FULFILLED", 0)
    assert (await intake.call("POST", f"/v1/reports/{QUARTER}/approve")).status_code == 200
    reviews = (await intake.get(f"/v1/reports/{QUARTER}"))["reviews"]
    assert [(held["kind"], held["reason"]) for held in reviews] == [
        ("approved", None),
        ("unapproved", "evidence missing"),
        ("approved", None),
    ]
