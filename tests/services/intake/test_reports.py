"""Submitting reports over HTTP: answers, conflicts, modes, windows, nil, idempotency."""

from __future__ import annotations

import re
from typing import Any

import pytest

from shared.store.pending import envelope_of
from tests.services.intake.running import Running
from tests.services.intake.small_plan import monthly

pytestmark = pytest.mark.anyio

WRONG = {"indicator": "MAIL", "numerator": 60, "denominator": 50}


def with_value(row: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A good report in which one value is replaced."""
    body = monthly(**more)
    body["values"] = [row if held["indicator"] == row["indicator"] else held for held in body["values"]]
    return body


async def test_a_valid_report_is_stored_with_a_receipt_and_both_events(intake: Running) -> None:
    answer = await intake.post(monthly())
    assert answer.status_code == 201, answer.text
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == "/v1/reports/report-SMALL-MONTHLY-U1-2011-M03"
    body = answer.json()
    assert (body["status"], body["version"], body["timeliness"], body["phase"]) == ("SUCCESS", 1, "ON_TIME", "APPROVED")
    assert body["counts"] == {"received": 3, "valid": 3, "created": 3, "updated": 0, "unchanged": 0, "rejected": 0}
    assert body["conflicts"] == []
    entry = await intake.entry()
    assert entry["outcome"] == "FULFILLED"
    assert entry["report"]["state"]["sha256"] == body["receipt"]["sha256"]
    assert [envelope_of(event)["type"] for event in entry["pending"]] == [
        "obligation.changed.v1",
        "report.changed.v1",
        "obligation.changed.v1",
    ]


async def test_the_same_content_again_writes_nothing(intake: Running) -> None:
    await intake.post(monthly())
    before = await intake.written()
    again = monthly()
    again["values"].reverse()
    answer = await intake.post(again)
    assert answer.status_code == 200
    assert answer.json()["counts"]["unchanged"] == 3
    assert answer.json()["receipt"] is not None
    assert await intake.written() == before


async def test_an_error_refuses_an_atomic_report_and_is_counted(intake: Running) -> None:
    answer = await intake.post(with_value(WRONG))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == "/problems/not-valid"
    assert body["errors"][0]["pointer"] == "/values/0/numerator"
    assert (body["status"], body["outcome"], body["counts"]["rejected"]) == (422, "ERROR", 3)
    assert "receipt" not in body
    assert body["rejected_indexes"] == [0, 1, 2]
    (conflict,) = body["conflicts"]
    assert conflict["code"] == "V02"
    assert conflict["objects"] == {"indicator": "MAIL", "unit": "U1", "period": "2011-M03"}
    assert (conflict["indexes"], conflict["got"]) == ([0], "60 > 50")
    entry = await intake.entry()
    assert (entry["rejected_count"], entry["outcome"], entry["report"]) == (1, "PENDING", None)
    assert envelope_of(entry["pending"][-1])["data"]["rejected_count"] == 1


async def test_partial_keeps_what_is_right(intake: Running) -> None:
    answer = await intake.post(with_value(WRONG, mode="PARTIAL"))
    assert answer.status_code == 201
    body = answer.json()
    assert body["status"] == "WARNING"
    assert body["counts"] == {"received": 3, "valid": 2, "created": 2, "updated": 0, "unchanged": 0, "rejected": 1}
    assert body["rejected_indexes"] == [0]
    held = (await intake.entry())["report"]["state"]["values"]
    assert [value["indicator"] for value in held] == ["DOCS", "CALLS"]
    assert (await intake.post(with_value(WRONG, mode="PARTIAL"))).status_code == 200


async def test_a_warning_is_accepted_and_stored_with_its_explanation(intake: Running) -> None:
    small = {"indicator": "MAIL", "numerator": 10, "denominator": 20}
    answer = await intake.post(with_value(small, explanations={"V08": "Nửa đơn vị đi biệt phái"}))
    assert answer.status_code == 201
    assert [(c["code"], c["severity"]) for c in answer.json()["conflicts"]] == [("V08", "WARNING")]
    (finding,) = (await intake.entry())["report"]["state"]["findings"]
    assert (finding["code"], finding["explanation"]) == ("V08", "Nửa đơn vị đi biệt phái")


async def test_a_report_copied_from_the_period_before_is_marked(intake: Running) -> None:
    await intake.post(monthly(period="2011-M02"))
    answer = await intake.post(monthly(period="2011-M03"))
    assert [conflict["code"] for conflict in answer.json()["conflicts"]] == ["V10"]


async def test_messages_follow_the_language_of_the_request(intake: Running) -> None:
    said = [
        (await intake.post(with_value(WRONG), headers={"Accept-Language": language})).json()
        for language in ("vi", "en")
    ]
    assert [body["conflicts"][0]["message"] for body in said] == [
        "Tử số lớn hơn mẫu số",
        "The numerator is greater than the denominator",
    ]
    assert said[0]["title"] != said[1]["title"]


async def test_a_nil_report_needs_a_form_that_takes_it_and_a_reason(intake: Running) -> None:
    head = {name: value for name, value in monthly().items() if name != "values"}
    assert (await intake.post({**head, "nil": True})).status_code == 422
    done = await intake.post({**head, "nil": True, "nil_reason": "Không phát sinh"})
    assert done.status_code == 201
    assert (await intake.entry())["outcome"] == "NIL"
    quarterly = {**head, "form": "QUARTERLY", "period": "2011-Q1", "nil": True, "nil_reason": "x"}
    refused = await intake.post(quarterly)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/nil")


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"values": [{"indicator": "CALLS", "value": False}]}, 422, "/values/0/value"),
        ({"values": [{"indicator": "CALLS", "value": "5"}]}, 422, "/values/0/value"),
        ({"values": [{"indicator": "CALLS", "value": 1e16}]}, 422, "/values/0/value"),
        ({"values": [{"indicator": "CALLS", "valeu": 1}]}, 422, "/values/0/valeu"),
        ({"values": [{"indicator": "CALLS", "value": 1}] * 501}, 422, "/values"),
        ({"values": []}, 422, ""),
        ({"values": [{"indicator": "CALLS", "value": 1}] * 2}, 422, "/values/1/indicator"),
        ({"period": "2011-Q5"}, 422, "/period"),
        ({"period": "0001-M01"}, 422, "/period"),
        ({"explanations": {"V99": "x"}}, 422, "/explanations/V99"),
        ({"mode": "SOME"}, 422, "/mode"),
    ],
)
async def test_what_is_not_a_report_is_refused_with_its_place(
    intake: Running, change: dict[str, Any], status: int, pointer: str
) -> None:
    before = await intake.written()
    answer = await intake.post({**monthly(), **change})
    assert answer.status_code == status
    body = answer.json()
    assert pointer in [body.get("pointer"), *(error["pointer"] for error in body.get("errors", []))]
    assert await intake.written() == before


@pytest.mark.parametrize("text", ["{", "", "[1", '{"values": NaN'])
async def test_what_cannot_be_read_is_a_400(intake: Running, text: str) -> None:
    answer = await intake.call("POST", "/v1/reports", content=text, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/unreadable"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_what_is_no_finite_number_is_refused(intake: Running, number: str) -> None:
    text = (
        '{"plan":"SMALL","form":"MONTHLY","unit":"U1","period":"2011-M03","values":[{"indicator":"CALLS","value":%s}]}'
    )
    answer = await intake.call(
        "POST", "/v1/reports", content=text % number, headers={"content-type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    assert (await intake.entry())["report"] is None


async def test_another_content_type_is_a_415_and_a_large_body_a_413(intake: Running) -> None:
    csv = await intake.call("POST", "/v1/reports", content="a,b", headers={"content-type": "text/csv"})
    assert csv.status_code == 415
    large = await intake.call("POST", "/v1/reports", content=b" " * 1_100_000)
    assert large.status_code == 413


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"plan": "NONE"}, "plan NONE"),
        ({"unit": "NONE"}, "unit NONE"),
        ({"form": "NONE"}, "form NONE"),
        ({"period": "2099-M01"}, "obligation"),
    ],
)
async def test_what_is_not_owed_is_a_404_that_says_which_part_is_missing(
    intake: Running, change: dict[str, Any], what: str
) -> None:
    answer = await intake.post({**monthly(), **change})
    assert answer.status_code == 404
    assert what in answer.json()["detail"]


async def test_outside_of_the_window_is_a_409_that_says_when(intake: Running) -> None:
    early = await intake.post(monthly(period="2011-M09"))
    assert (early.status_code, early.json()["open_at"]) == (409, "2011-08-30T17:00:00.000Z")
    intake.at("2012-03-01T00:00:00+07:00")
    body = {**monthly(), "form": "ANNUAL", "period": "2011", "values": [{"indicator": "STAFF", "status": "nil"}]}
    late = await intake.post(body)
    assert (late.status_code, late.json()["lock_at"]) == (409, "2012-02-29T16:59:59.999Z")


async def test_lateness_is_told(intake: Running) -> None:
    intake.at("2011-04-05T00:00:00+07:00")
    assert (await intake.post(monthly())).json()["timeliness"] == "IN_GRACE"
    intake.at("2011-05-05T00:00:00+07:00")
    assert (await intake.post(monthly(unit="U1", period="2011-M02"))).json()["timeliness"] == "LATE"


async def test_conflicts_are_grouped_and_at_most_a_hundred_groups_are_listed(intake: Running) -> None:
    rows = [{"indicator": f"NOPE-{number}", "value": 1} for number in range(120)]
    summary = (await intake.post({**monthly(), "values": rows})).json()
    assert len(summary["conflicts"]) == 100
    assert summary["conflict_groups_total"] == 120 + 3  # and three indicators that apply are missing
    assert summary["counts"]["rejected"] == 120


WRONG_VALUES: list[dict[str, Any]] = [
    {"indicator": "MAIL", "numerator": 60, "denominator": 50},
    {"indicator": "MAIL", "numerator": 1.5, "denominator": 50},
    {"indicator": "MAIL", "numerator": -1, "denominator": 50},
    {"indicator": "MAIL", "numerator": 1, "denominator": 0},
    {"indicator": "MAIL", "numerator": 1},
    {"indicator": "MAIL", "value": 1},
    {"indicator": "MAIL", "status": "nil", "numerator": 3},
    {"indicator": "MAIL", "status": "not_applicable"},
    {"indicator": "MAIL", "numerator": 20, "denominator": 90},
    {"indicator": "TOTAL", "value": 1},
    {"indicator": "LAWS", "value": 1},
    {"indicator": "NOPE", "value": 1},
]


@pytest.mark.parametrize("wrong", WRONG_VALUES, ids=str)
async def test_every_conflict_has_a_place_what_was_expected_and_what_came(
    intake: Running, wrong: dict[str, Any]
) -> None:
    """In both languages, and in Vietnamese without the names of members."""
    sound = [value for value in monthly()["values"] if value["indicator"] != wrong["indicator"]]
    body = {**monthly(), "values": [*sound, wrong]}
    for language in ("vi", "en"):
        answer = await intake.post(body, params={"dry_run": "true"}, headers={"Accept-Language": language})
        assert answer.json()["conflicts"], answer.text
        for conflict in answer.json()["conflicts"]:
            assert conflict["pointer"].startswith("/values"), conflict
            assert conflict["message"], conflict
            assert conflict["expected"], conflict
            assert conflict["got"], conflict
            said = conflict["message"].replace(wrong["indicator"], "")
            assert language == "en" or not ENGLISH.search(said), conflict


ENGLISH = re.compile(r"\b(numerator|denominator|value|reason|not_applicable|nil)\b")


async def test_the_same_file_at_two_units_is_found(intake: Running) -> None:
    evidence = {"kind": "file", "reference": "scan.pdf", "sha256": "a" * 64}
    row = {"indicator": "CALLS", "value": 3, "evidence": evidence}
    assert (await intake.post(with_value(row))).status_code == 201
    assert (await intake.post(with_value(row, period="2011-M02", used=20))).status_code == 201
    other = with_value(row, unit="U2")
    other["values"].append({"indicator": "LAWS", "value": 1})
    refused = await intake.post(other)
    assert [conflict["code"] for conflict in refused.json()["conflicts"]] == ["V14"]
    changed = with_value({"indicator": "CALLS", "value": 3})
    assert (await intake.post(changed, headers={"If-Match": '"1"'})).status_code == 201
    assert (await intake.post(other)).status_code == 201


async def test_a_key_replays_the_answer_and_serves_one_body_only(intake: Running) -> None:
    headers = {"Idempotency-Key": "march"}
    first = await intake.post(monthly(), headers=headers)
    again = await intake.post(monthly(), headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotency-replay"] == "true"
    assert again.json() == first.json()
    other = await intake.post(monthly(calls=4), headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/key-reused")
    assert (await intake.post(monthly(), headers={"Idempotency-Key": "x" * 256})).status_code == 400


async def test_a_refusal_is_replayed_too_and_counted_once(intake: Running) -> None:
    answers = [await intake.post(with_value(WRONG), headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert answers[0].json() == answers[1].json()
    assert (await intake.entry())["rejected_count"] == 1
