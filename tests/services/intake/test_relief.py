"""What people decide about what is owed: waived, extended, opened, reinstated; and what comes to an end."""

from __future__ import annotations

from typing import Any

import pytest

from services.intake.repository.ledger import Ledger
from shared.clock import from_iso, iso
from shared.store.pending import envelope_of
from tests.services.intake import small_plan
from tests.services.intake.running import Running, token
from tests.services.intake.small_plan import monthly

pytestmark = pytest.mark.anyio

MARCH = "obligation-SMALL-MONTHLY-U1-2011-M03"
ANNUAL = "obligation-SMALL-ANNUAL-U1-2011"
REPORT = "report-SMALL-MONTHLY-U1-2011-M03"


async def decide(intake: Running, what: str, obligation: str = MARCH, **more: Any) -> Any:
    bearer = more.pop("bearer", None)
    body = {"reason": "flood", **more}
    return await intake.call("POST", f"/v1/obligations/{obligation}/{what}", json=body, bearer=bearer)


async def expected(intake: Running) -> int:
    held = await intake.get("/v1/rates", params={"plan": "SMALL", "year": 2011, "period": "2011-M03"})
    found: int = held["expected"]
    return found


@pytest.mark.parametrize(("what", "outcome"), [("waive", "WAIVED"), ("not-applicable", "NOT_APPLICABLE")])
async def test_what_is_waived_is_not_expected_until_it_is_reinstated(intake: Running, what: str, outcome: str) -> None:
    assert await expected(intake) == 2
    done = await decide(intake, what)
    assert (done.status_code, done.json()["outcome"], done.json()["approver"]) == (200, outcome, "admin")
    assert await expected(intake) == 1
    assert (await intake.post(monthly())).status_code == 409
    event = envelope_of((await intake.entry())["pending"][-1])["data"]
    assert (event["cause"], event["outcome"], event["reason"]) == ("waived", outcome, "flood")
    assert (await decide(intake, what)).status_code == 409
    intake.clock.advance(1000)
    back = await decide(intake, "reinstate")
    assert (back.json()["outcome"], back.json()["approver"], back.json()["reason"]) == ("PENDING", None, None)
    assert await expected(intake) == 2
    assert (await intake.post(monthly())).status_code == 201
    history = (await intake.get(f"/v1/obligations/{MARCH}"))["history"]
    assert [(line["kind"], line["by"], line["reason"], line["outcome"]) for line in history] == [
        (what.replace("-", "_").replace("waive", "waived"), "admin", "flood", "PENDING"),
        ("reinstated", "admin", "flood", outcome),
    ]


async def test_an_extension_moves_due_grace_and_what_is_on_time(intake: Running) -> None:
    before = await intake.get(f"/v1/obligations/{MARCH}")
    done = (await decide(intake, "extend", due_day="2011-04-20")).json()
    assert done["due_at_ms"] == from_iso("2011-04-20T23:59:59.999+07:00")
    assert done["grace_end_ms"] - done["due_at_ms"] == before["grace_end_ms"] - before["due_at_ms"]
    assert (done["cause"], done["planned"]["due_at_ms"]) == ("extended", before["due_at_ms"])
    assert done["history"][0]["due_at_ms"] == before["due_at_ms"]
    again = (await decide(intake, "extend", due_at="2011-04-25T17:00:00+07:00")).json()
    assert [relief["due_at_ms"] for relief in again["reliefs"]] == [from_iso("2011-04-25T17:00:00+07:00")]
    intake.at("2011-04-25T17:00:00+07:00")
    assert (await intake.post(monthly())).json()["timeliness"] == "ON_TIME"


async def test_an_extension_that_expires_leaves_what_was_planned(intake: Running) -> None:
    before = await intake.get(f"/v1/obligations/{MARCH}")
    expires = "2011-04-18T17:00:00+07:00"
    assert (await decide(intake, "extend", due_day="2011-04-20", expires_at=expires)).status_code == 200
    intake.at(expires)
    await intake.intake.schedule.run_once()
    assert (await intake.entry())["reliefs"], "an instant equal to the limit is within it"
    intake.clock.advance(1)
    assert await intake.intake.schedule.run_once() == 1
    after = await intake.get(f"/v1/obligations/{MARCH}")
    limits = ("due_at_ms", "grace_end_ms", "lock_at_ms", "reliefs", "planned", "tiers")
    assert {name: after[name] for name in limits} == {name: before[name] for name in limits}
    assert [(line["kind"], line["by"]) for line in after["history"]] == [("extended", "admin"), ("expired", "intake")]
    assert await intake.intake.schedule.run_once() == 0


async def test_an_exception_opens_what_is_locked_and_late_stays_late(intake: Running) -> None:
    assert (await decide(intake, "exception", expires_at="2011-05-01T00:00:00+07:00")).status_code == 409
    intake.at("2012-04-01T08:00:00+07:00")
    values = [{"indicator": "STAFF", "numerator": 4, "denominator": 5, "evidence": {"kind": "url", "reference": "u"}}]
    body = {"plan": "SMALL", "form": "ANNUAL", "unit": "U1", "period": "2011", "values": values}
    assert (await intake.post(body)).status_code == 409
    expires = "2012-04-10T08:00:00+07:00"
    assert (await decide(intake, "exception", ANNUAL, expires_at=expires)).json()["cause"] == "extended"
    assert (await intake.get(f"/v1/obligations/{ANNUAL}"))["state"] == "OVERDUE"
    intake.at("2012-04-10T08:00:00.001+07:00")
    assert (await intake.post(body)).status_code == 409
    assert await intake.intake.schedule.run_once() >= 1
    assert (await intake.get(f"/v1/obligations/{ANNUAL}"))["lock_at_ms"] < from_iso(expires)
    assert (await decide(intake, "exception", ANNUAL, expires_at="2012-05-01T08:00:00+07:00")).status_code == 200
    done = await intake.post(body)
    assert (done.status_code, done.json()["timeliness"]) == (201, "LATE")


async def test_both_reliefs_hold_together_and_are_taken_back_together(intake: Running) -> None:
    before = await intake.get(f"/v1/obligations/{ANNUAL}")
    intake.at("2012-03-20T08:00:00+07:00")
    await decide(intake, "extend", ANNUAL, due_day="2012-03-22")
    both = (await decide(intake, "exception", ANNUAL, expires_at="2012-08-01T08:00:00+07:00")).json()
    assert [relief["kind"] for relief in both["reliefs"]] == ["extended", "exception"]
    assert both["lock_at_ms"] == from_iso("2012-08-01T08:00:00+07:00")
    back = (await decide(intake, "reinstate", ANNUAL)).json()
    for limit in ("due_at_ms", "grace_end_ms", "lock_at_ms"):
        assert back[limit] == before[limit]
    assert (await decide(intake, "reinstate", ANNUAL)).status_code == 409


async def test_a_recalculated_calendar_keeps_the_extension(intake: Running) -> None:
    june = "obligation-SMALL-MONTHLY-U1-2011-M06"
    extended = (await decide(intake, "extend", june, due_day="2011-07-29")).json()["due_at_ms"]
    await intake.put_unit("U1", time_zone="Asia/Tokyo")
    held = await intake.get(f"/v1/obligations/{june}")
    assert (held["time_zone"], held["due_at_ms"]) == ("Asia/Tokyo", extended)
    assert held["planned"]["due_at_ms"] == from_iso("2011-07-04T23:59:59.999+09:00")


async def test_who_may_decide(intake: Running) -> None:
    machine = token("m", roles=["administrator"], kind="service")
    own = token("head", roles=["operator"], unit="U1")
    for bearer in (machine, own, token("a", roles=["appraiser"])):
        assert (await decide(intake, "waive", bearer=bearer)).status_code == 403
    key = (await intake.call("POST", "/v1/keys", json={"unit": "U1", "label": "x"})).json()["key"]
    assert (await decide(intake, "waive", bearer=key)).status_code == 403
    done = await decide(intake, "waive", bearer=token("lan", roles=["operator"]))
    assert done.json()["approver"] == "lan"


async def test_a_report_that_stands_is_not_waived_away(intake: Running) -> None:
    await intake.post(monthly())
    for what, more in (("waive", {}), ("extend", {"due_day": "2011-04-20"}), ("reinstate", {})):
        answer = await decide(intake, what, **more)
        assert (answer.status_code, answer.json()["outcome"]) == (409, "FULFILLED"), what
    await intake.call("POST", f"/v1/reports/{REPORT}/return", json={"reason": "wrong"})
    assert (await decide(intake, "waive")).status_code == 200


@pytest.mark.parametrize(
    ("what", "more", "pointer"),
    [
        ("extend", {"due_day": "2011-03-01"}, "/due_at"),
        ("extend", {"due_day": "2031-03-01"}, "/due_at"),
        ("extend", {"due_at": "tomorrow"}, "/due_at"),
        ("extend", {"due_day": "2011-04-20", "expires_at": "2011-01-01T00:00:00Z"}, "/expires_at"),
        ("extend", {}, ""),
        ("extend", {"due_day": "2011-04-20", "due_at": "2011-04-20T00:00:00Z"}, ""),
        ("waive", {"reason": ""}, "/reason"),
        ("waive", {"approver": "someone"}, "/approver"),
        ("exception", {}, "/expires_at"),
    ],
)
async def test_what_cannot_be_decided_is_said_with_its_place(
    intake: Running, what: str, more: dict[str, Any], pointer: str
) -> None:
    before = await intake.written()
    answer = await decide(intake, what, **more)
    assert answer.status_code == 422, answer.text
    told = answer.json()
    assert pointer in {told.get("pointer"), *(fault["pointer"] for fault in told.get("errors", ()))}
    assert await intake.written() == before


async def test_nothing_is_decided_about_what_is_not_there(intake: Running) -> None:
    assert (await decide(intake, "waive", "obligation-X")).status_code == 404
    await intake.put_unit("U1", valid_to="2011-04-30")
    answer = await decide(intake, "waive", "obligation-SMALL-MONTHLY-U1-2011-M09")
    assert (answer.status_code, answer.json()["outcome"]) == (409, "CANCELLED")


async def test_all_tiers_are_shown_and_the_extension_moves_its_own(empty: Running) -> None:
    regime = small_plan.document()["regimes"][0]
    office = {"monthly": {"kind": "no_later_than", "on": {"month": 1, "day": 10}}}
    await empty.publish(regimes=[{**regime, "deadlines": {**regime["deadlines"], "office": office}}])
    await empty.put_unit("U1")
    held = await empty.get(f"/v1/obligations/{MARCH}")
    assert [(tier["tier"], iso(tier["due_at_ms"]), tier["counts"]) for tier in held["tiers"]] == [
        ("unit", "2011-04-04T16:59:59.999Z", True),
        ("office", "2011-04-11T16:59:59.999Z", False),
    ]
    assert (await empty.get("/v1/obligations/obligation-SMALL-QUARTERLY-U1-2011-Q1"))["tiers"] == []
    extended = (await decide(empty, "extend", due_day="2011-04-08")).json()["tiers"]
    assert [iso(tier["due_at_ms"]) for tier in extended] == ["2011-04-08T16:59:59.999Z", "2011-04-11T16:59:59.999Z"]


async def test_a_unit_of_half_a_period_counts_as_half_under_prorate(empty: Running) -> None:
    monthly_form, *others = small_plan.document()["forms"]
    assert (await empty.publish(forms=[{**monthly_form, "partial_period": "prorate"}, *others])).status_code == 201
    await empty.put_unit("U1", valid_from="2011-04-16")
    await empty.put_unit("U2", valid_to="2011-04-10")
    params = {"plan": "SMALL", "year": 2011, "period": "2011-M04"}
    held = await empty.get("/v1/rates", params=params)
    assert held["expected"] == pytest.approx(15 / 30 + 10 / 30)
    empty.at("2011-05-02T08:00:00+07:00")
    assert (await empty.post(monthly(period="2011-M04"))).status_code == 201
    held = await empty.get("/v1/rates", params=params)
    assert held["reporting_rate"] == pytest.approx(0.6)
    assert held["dhis2"]["REPORTING_RATE"] == pytest.approx(60)
    assert (held["dhis2"]["EXPECTED_REPORTS"], held["faults"]) == (held["expected"], [])
    assert (await empty.get("/v1/rates", params={**params, "period": "2011-M05"}))["expected"] == 1


async def test_more_received_than_expected_is_a_fault_that_is_raised(intake: Running) -> None:
    """Nothing of ours makes such an entry: it is written behind the rules' back."""
    await intake.post(monthly())
    await decide(intake, "waive", "obligation-SMALL-MONTHLY-U2-2011-M03")
    ledger = Ledger(intake.store)
    entry = await ledger.get(MARCH)
    assert entry is not None
    params = {"plan": "SMALL", "year": 2011, "form": "MONTHLY", "period": "2011-M03"}
    assert (await intake.get("/v1/rates", params=params))["reporting_rate"] == 1.0
    held = await intake.entry()
    await intake.store.replace("obligations", {**held, "outcome": "WAIVED"})
    other = await intake.store.get("obligations", "obligation-SMALL-MONTHLY-U2-2011-M03")
    await intake.store.replace("obligations", {**other, "outcome": "FULFILLED"})
    found = await intake.get("/v1/rates", params=params)
    assert (found["expected"], found["received"], found["reporting_rate"]) == (1, 2, 2.0)
    assert found["faults"] == ["reporting_rate_over_100"]
    metrics = (await intake.http.get("/metrics")).text
    assert 'tiendo_ledger_faults_total{kind="reporting_rate_over_100"} 1.0' in metrics
