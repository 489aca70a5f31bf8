"""Versions of a report: If-Match, history, receipts, review."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.intake.running import Running, token
from tests.services.intake.small_plan import monthly

pytestmark = pytest.mark.anyio

REPORT = "report-SMALL-MONTHLY-U1-2011-M03"
QUARTER = "report-SMALL-QUARTERLY-U1-2011-Q1"


def quarterly(total: int = 4, period: str = "2011-Q1") -> dict[str, Any]:
    head = {"plan": "SMALL", "form": "QUARTERLY", "unit": "U1", "period": period}
    return {**head, "values": [{"indicator": "TOTAL", "value": total}]}


async def test_an_amendment_names_the_version_it_replaces(intake: Running) -> None:
    await intake.post(monthly())
    unnamed = await intake.post(monthly(calls=4))
    assert (unnamed.status_code, unnamed.headers["etag"]) == (412, '"1"')
    done = await intake.post(monthly(calls=4), headers={"If-Match": '"1"'})
    assert (done.status_code, done.headers["etag"]) == (201, '"2"')
    assert done.json()["counts"] == {
        **{"received": 3, "valid": 3, "created": 0},
        **{"updated": 1, "unchanged": 2, "rejected": 0},
    }


async def test_a_stale_amendment_is_told_what_changed_since(intake: Running) -> None:
    await intake.post(monthly())
    await intake.post(monthly(calls=4), headers={"If-Match": '"1"'})
    stale = await intake.post(monthly(calls=5), headers={"If-Match": '"1"'})
    body = stale.json()
    assert (stale.status_code, body["type"], body["current_version"]) == (412, "/problems/version-moved", 2)
    (change,) = body["changes"]
    assert (change["indicator"], change["was"]["value"], change["now"]["value"]) == ("CALLS", 3.0, 4.0)


async def test_a_repeated_amendment_is_unchanged_although_its_version_is_gone(intake: Running) -> None:
    await intake.post(monthly())
    for status in (201, 200):
        assert (await intake.post(monthly(calls=4), headers={"If-Match": '"1"'})).status_code == status
    assert (await intake.entry())["report"]["state"]["version"] == 2


async def test_a_version_that_is_not_there_cannot_be_replaced(intake: Running) -> None:
    answer = await intake.post(monthly(), headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["current_version"]) == (412, 0)
    assert (await intake.post(monthly(), headers={"If-Match": "*"})).status_code == 400


async def test_every_version_is_kept_with_who_when_and_what_changed(intake: Running) -> None:
    await intake.post(monthly())
    intake.clock.advance(1000)
    await intake.post(monthly(calls=4), headers={"If-Match": '"1"'})
    answer = await intake.call("GET", f"/v1/reports/{REPORT}")
    assert answer.headers["etag"] == '"2"'
    body = answer.json()
    assert body["report"]["version"] == 2
    shown = [(held["version"], held["submitted_by"], held["changed"]) for held in body["versions"]]
    assert shown == [(1, "admin", ["CALLS", "DOCS", "MAIL"]), (2, "admin", ["CALLS"])]


async def test_a_receipt_stays_genuine_and_says_whether_the_report_changed(intake: Running) -> None:
    first = (await intake.post(monthly())).json()["receipt"]
    assert first["verify"].endswith(f"/v1/receipts/{first['sha256']}")
    held = await intake.get(f"/v1/receipts/{first['sha256']}")
    assert (held["genuine"], held["version"], held["changed_since"]) == (True, 1, False)
    await intake.post(monthly(calls=4), headers={"If-Match": '"1"'})
    held = await intake.get(f"/v1/receipts/{first['sha256']}")
    assert (held["genuine"], held["version"], held["current_version"], held["changed_since"]) == (True, 1, 2, True)
    assert (await intake.call("GET", f"/v1/receipts/{'0' * 64}")).status_code == 404
    assert (await intake.call("GET", "/v1/receipts/abc")).status_code == 422


async def test_a_copy_left_in_the_archive_by_a_crash_is_not_shown_twice(intake: Running) -> None:
    from services.intake.domain.entry import Report
    from services.intake.repository.report_versions import ReportVersions

    await intake.post(monthly())
    report = Report.model_validate((await intake.entry())["report"])
    await ReportVersions(intake.store).archive(report, now_ms=1)
    assert [held["version"] for held in (await intake.get(f"/v1/reports/{REPORT}"))["versions"]] == [1]
    assert (await intake.post(monthly(calls=9), headers={"If-Match": '"1"'})).status_code == 201
    assert [held["version"] for held in (await intake.get(f"/v1/reports/{REPORT}"))["versions"]] == [1, 2]


async def test_a_report_is_returned_amended_and_approved(intake: Running) -> None:
    assert (await intake.post(quarterly())).json()["phase"] == "SUBMITTED"
    missing = await intake.call("POST", f"/v1/reports/{QUARTER}/return", json={})
    assert missing.status_code == 422
    done = await intake.call("POST", f"/v1/reports/{QUARTER}/return", json={"reason": "Thiếu số liệu"})
    assert (done.status_code, done.json()["phase"]) == (200, "RETURNED")
    entry = await intake.entry("QUARTERLY", period="2011-Q1")
    assert (entry["outcome"], entry["returned_count"], entry["timeliness"]) == ("PENDING", 1, "ON_TIME")
    assert (await intake.post(quarterly())).status_code == 412  # a blind repeat does not undo the return
    assert (await intake.post(quarterly(), headers={"If-Match": '"1"'})).status_code == 201
    stale = await intake.call("POST", f"/v1/reports/{QUARTER}/approve", headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    approved = await intake.call("POST", f"/v1/reports/{QUARTER}/approve", headers={"If-Match": '"2"'})
    assert (approved.status_code, approved.json()["phase"]) == (200, "APPROVED")
    again = await intake.call("POST", f"/v1/reports/{QUARTER}/approve")
    assert (again.status_code, again.json()["phase"]) == (409, "APPROVED")
    shown = await intake.get(f"/v1/reports/{QUARTER}")
    assert [review["kind"] for review in shown["reviews"]] == ["returned", "approved"]


async def test_two_step_review_takes_two_identities(intake: Running) -> None:
    intake.at("2012-01-02T12:00:00+07:00")
    value = {"indicator": "STAFF", "numerator": 1, "denominator": 2}
    evidence = {"kind": "document_number", "reference": "12/BC"}
    head = {"plan": "SMALL", "form": "ANNUAL", "unit": "U1", "period": "2011"}
    body = {**head, "values": [{**value, "evidence": evidence}]}
    sent = await intake.post(body)
    assert sent.status_code == 201, sent.text
    path = "/v1/reports/report-SMALL-ANNUAL-U1-2011/approve"
    assert (await intake.call("POST", path)).status_code == 409
    other = token("head", roles=["appraiser"])
    assert (await intake.call("POST", path, bearer=other)).json()["phase"] == "APPROVED"
    intake.at("2012-03-05T00:00:00+07:00")
    assert (await intake.post(body)).status_code == 200  # locked by now, but a repeat succeeds
    amended = {**head, "values": [{**value, "numerator": 2, "evidence": evidence}]}
    assert (await intake.post(amended, headers={"If-Match": '"1"'})).status_code == 409


async def test_reviewing_needs_the_scope_and_a_report(intake: Running) -> None:
    reader = token("r", roles=["auditor"])
    assert (await intake.call("POST", f"/v1/reports/{QUARTER}/approve", bearer=reader)).status_code == 403
    assert (await intake.call("POST", f"/v1/reports/{QUARTER}/approve")).status_code == 404


async def test_each_write_is_a_line_of_the_plans_audit_chain(intake: Running) -> None:
    from shared.store.chain import HashChain

    await intake.post(monthly())
    await intake.post(monthly(calls=4), headers={"If-Match": '"1"'})
    chain = HashChain(intake.store, "audit")
    assert (await chain.verify("SMALL")).intact
    head = await chain.head("SMALL")
    assert head is not None
    assert (head.entry["what"], head.entry["by"], head.entry["version"]) == ("report.received", "admin", 2)
    registry = await chain.head("registry")
    assert registry is not None
    assert registry.entry["what"] == "unit.created"
