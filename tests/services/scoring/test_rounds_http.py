"""Rounds at the HTTP edge: who may do what, how refusals read, what is audited."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from services.scoring.main import Scoring, compose
from services.scoring.settings import Settings
from shared.clock import FixedClock, iso
from shared.http.tokens import issue_token
from tests.services.intake.test_openapi import fault_of, operations
from tests.services.scoring.conftest import Service
from tests.services.scoring.rounds import APPRAISAL, CALENDAR, CLARIFICATION, DURING, OPENS_MS
from tests.services.scoring.test_recompute import world
from tests.services.scoring.world import DAY_MS, YEAR

pytestmark = pytest.mark.anyio

SECRET = "0123456789abcdef0123456789abcdef"
ROUND = f"/v1/rounds/TEST/{YEAR}"
UNIT = f"{ROUND}/units/a2"
MAIL = f"{UNIT}/criteria/MAIL"


def calendar() -> dict[str, Any]:
    windows = {
        name: {"opens_at": iso(one.opens_at_ms), "closes_at": iso(one.closes_at_ms)}
        for name, one in (
            ("self_scoring", CALENDAR.self_scoring),
            ("appraisal", CALENDAR.appraisal),
            ("clarification", CALENDAR.clarification),
        )
    }
    return {**windows, "cut_off_day": CALENDAR.cut_off_day}


OPEN = {"calendar": calendar(), "reason": "decision 1"}
HIGHER = {"outcome": "value", "value": 80.0, "reason": "seen on the spot"}


class Office:
    """The service with its clock, and calls as somebody in a role."""

    def __init__(self, scoring: Scoring, clock: FixedClock) -> None:
        self.scoring = scoring
        self.clock = clock

    async def at(self, now_ms: int) -> None:
        self.clock.set(now_ms)
        await self.scoring.handlers.round.run.due(now_ms)
        await self.scoring.loop.run_all()

    async def call(
        self,
        method: str,
        path: str,
        role: str,
        *,
        unit: str | None = None,
        subject: str | None = None,
        plan: str | None = None,
        headers: dict[str, str] | None = None,
        json: Any = None,
    ) -> httpx.Response:
        now_ms = self.clock.now_ms()
        token = issue_token(
            SECRET,
            subject=subject or role,
            roles=[role],
            unit=unit,
            plan=plan,
            expires_at_ms=now_ms + 60_000,
            now_ms=now_ms,
        )
        transport = httpx.ASGITransport(app=self.scoring.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://scoring") as http:
            sent = {"authorization": f"Bearer {token}", "accept-language": "en", **(headers or {})}
            return await http.request(method, path, headers=sent, json=json)

    async def open(self) -> None:
        assert (await self.call("POST", ROUND, "operator", json=OPEN)).status_code == 201

    async def lines(self, **params: Any) -> list[dict[str, Any]]:
        query = "&".join(f"{name}={value}" for name, value in params.items())
        answer = await self.call("GET", f"/v1/audit?chain=TEST&{query}", "auditor")
        found: list[dict[str, Any]] = answer.json()["items"]
        return found


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    settings = Settings(
        store_url=f"sqlite://{tmp_path}/scoring.sqlite3", token_secret=SecretStr(SECRET), log_level="error", port=0
    )
    clock = FixedClock(OPENS_MS - DAY_MS)
    scoring = await compose(settings, clock=clock)
    await Service(scoring.store, clock, scoring.handlers, scoring.loop).feed(world())
    await scoring.loop.run_all()
    yield Office(scoring, clock)
    await scoring.stop()


async def test_a_round_is_opened_read_and_listed(office: Office) -> None:
    assert (await office.call("GET", ROUND, "leader")).status_code == 404
    opened = await office.call("POST", ROUND, "operator", json=OPEN)
    assert (opened.status_code, opened.headers["etag"], opened.json()["phase"]) == (201, '"1"', "DRAFT")
    assert (await office.call("POST", ROUND, "operator", json=OPEN)).status_code == 200
    other = await office.call("POST", ROUND, "administrator", json=OPEN)
    assert (other.status_code, other.json()["reason"]) == (409, "round_exists")
    await office.at(DURING["APPRAISAL"])
    told = (await office.call("GET", ROUND, "leader")).json()
    assert (told["phase"], told["next_step"], told["next_step_at"]) == (
        "APPRAISAL",
        "PROVISIONAL",
        iso(APPRAISAL.closes_at_ms),
    )
    assert told["criteria"] == {"OPEN": 0, "SELF_SCORED": 10, "APPRAISED": 5, "CONTESTED": 0, "DECIDED": 0}
    [current] = [phase for phase in told["phases"] if phase["place"] == "current"]
    assert current["waits_for"] == f"The appraisal ends at {iso(APPRAISAL.closes_at_ms)}."
    in_vietnamese = (await office.call("GET", ROUND, "leader", headers={"accept-language": "vi"})).json()
    assert in_vietnamese["phases"][2]["name"] == "thẩm định"
    listed = (await office.call("GET", "/v1/rounds?plan=TEST", "leader")).json()["items"]
    assert [(one["plan"], one["year"], one["phase"]) for one in listed] == [("TEST", YEAR, "APPRAISAL")]


async def test_roles(office: Office) -> None:
    await office.open()
    await office.at(DURING["APPRAISAL"])
    for role, status in (("appraiser", 403), ("leader", 403), ("unit_officer", 403)):
        step = {"to": "PROVISIONAL", "reason": "r"}
        assert (await office.call("POST", f"{ROUND}/steps", role, json=step)).status_code == status
    for role in ("operator", "administrator", "inspector", "unit_officer"):
        assert (await office.call("PUT", f"{MAIL}/appraisal", role, unit="a2", json=HIGHER)).status_code == 403
    for role in ("appraiser", "operator"):
        request = {"text": "please"}
        assert (await office.call("POST", f"{MAIL}/clarification", role, json=request)).status_code == 403
    assert (await office.call("GET", UNIT, "unit_officer", unit="a2")).status_code == 200
    assert (await office.call("GET", UNIT, "unit_officer", unit="a1")).status_code == 403
    assert (await office.call("GET", UNIT, "unit_officer")).status_code == 403
    assert (await office.call("GET", f"/v1/evaluations/TEST/{YEAR}", "unit_officer", unit="a2")).status_code == 403
    assert (await office.call("GET", ROUND, "appraiser", plan="OTHER")).status_code == 403


async def test_illegal_steps_say_what_is_needed_in_both_languages(office: Office) -> None:
    step = {"to": "PUBLISHED", "reason": "now"}
    none = await office.call("POST", f"{ROUND}/steps", "operator", json=step)
    assert (none.status_code, none.json()["reason"]) == (409, "no_round")
    await office.open()
    illegal = await office.call("POST", f"{ROUND}/steps", "operator", json=step)
    assert illegal.status_code == 409
    assert (illegal.json()["reason"], illegal.json()["legal"]) == ("illegal_step", ["SELF_SCORING"])
    assert "from here it goes to SELF_SCORING" in illegal.json()["detail"]
    said = await office.call("POST", f"{ROUND}/steps", "operator", json=step, headers={"accept-language": "vi"})
    assert "chỉ được sang “tự chấm điểm”" in said.json()["detail"]
    early = await office.call("POST", f"{ROUND}/steps", "operator", json={"to": "SELF_SCORING", "reason": "r"})
    assert (early.status_code, early.json()["reason"]) == (409, "not_yet")


async def test_windows_move_by_request_and_bad_calendars_are_refused(office: Office) -> None:
    wrong = {**calendar(), "cut_off_day": "2011-02-30"}
    refused = await office.call("POST", ROUND, "operator", json={**OPEN, "calendar": wrong})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/calendar/cut_off_day")
    naive = {**calendar(), "appraisal": {"opens_at": "2012-01-01T00:00:00", "closes_at": "2012-02-01T00:00:00"}}
    refused = await office.call("POST", ROUND, "operator", json={**OPEN, "calendar": naive})
    assert (refused.status_code, refused.json()["pointer"]) == (422, "/calendar/appraisal/opens_at")
    await office.open()
    await office.at(DURING["CLARIFICATION"])
    closes = iso(CLARIFICATION.closes_at_ms + DAY_MS)
    move = {"closes_at": closes, "reason": "five units asked"}
    moved = await office.call("POST", f"{ROUND}/windows/clarification", "operator", json=move)
    assert (moved.status_code, moved.json()["calendar"]["clarification"]["closes_at"]) == (200, closes)
    assert moved.json()["moves"][0]["reason"] == "five units asked"
    over = await office.call("POST", f"{ROUND}/windows/appraisal", "operator", json=move)
    assert (over.status_code, over.json()["reason"]) == (409, "window_over")
    assert (await office.call("POST", f"{ROUND}/windows/lunch", "operator", json=move)).status_code == 422


async def test_an_appraisal_is_put_under_its_version(office: Office) -> None:
    await office.open()
    await office.at(DURING["APPRAISAL"])
    put = await office.call("PUT", f"{MAIL}/appraisal", "appraiser", json=HIGHER)
    assert (put.status_code, put.headers["etag"]) == (201, '"1"')
    assert (await office.call("PUT", f"{MAIL}/appraisal", "appraiser", json=HIGHER)).status_code == 200
    lower = {**HIGHER, "value": 20.0}
    stale = await office.call("PUT", f"{MAIL}/appraisal", "appraiser", subject="other", json=lower)
    assert (stale.status_code, stale.headers["etag"], stale.json()["current_version"]) == (412, '"1"', 1)
    named = {"if-match": '"1"'}
    again = await office.call("PUT", f"{MAIL}/appraisal", "appraiser", subject="other", json=lower, headers=named)
    assert (again.status_code, again.headers["etag"]) == (201, '"2"')
    assert [one["by"] for one in again.json()["opinions"]] == ["appraiser", "other"]
    desk = (await office.call("GET", UNIT, "appraiser")).json()
    [row] = [one for one in desk["criteria"] if one["indicator"] == "MAIL"]
    assert (row["revision"], row["status"], row["layers"]["final"]["value"]) == (2, "APPRAISED", 20)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"outcome": "value", "value": 80.0}, 422),
        ({"outcome": "value", "reason": "r"}, 422),
        ({"outcome": "confirmed", "value": 1.0}, 422),
        ({"outcome": "value", "value": True, "reason": "r"}, 422),
        ({"outcome": "value", "value": "80", "reason": "r"}, 422),
        ({"outcome": "value", "value": 80.0, "numerator": 8.0, "reason": "r"}, 422),
        ({"outcome": "better", "reason": "r"}, 422),
        ({**HIGHER, "reason": "x" * 2001}, 422),
        ({**HIGHER, "extra": 1}, 422),
        ({"outcome": "rejected", "reason": "not proven"}, 201),
        ({"outcome": "confirmed"}, 201),
    ],
)
async def test_bodies_are_checked(office: Office, body: dict[str, Any], status: int) -> None:
    await office.open()
    await office.at(DURING["APPRAISAL"])
    assert (await office.call("PUT", f"{MAIL}/appraisal", "appraiser", json=body)).status_code == status


async def test_what_is_not_there_is_404(office: Office) -> None:
    await office.open()
    await office.at(DURING["APPRAISAL"])
    for path in (f"{ROUND}/units/nobody/criteria/MAIL", f"{UNIT}/criteria/NOTHING"):
        assert (await office.call("PUT", f"{path}/appraisal", "appraiser", json=HIGHER)).status_code == 404
    assert (await office.call("GET", f"{ROUND}/units/nobody", "appraiser")).status_code == 404


async def test_nobody_appraises_their_own_unit(office: Office) -> None:
    await office.open()
    await office.at(DURING["APPRAISAL"])
    own = await office.call("PUT", f"{MAIL}/appraisal", "appraiser", unit="a2", json=HIGHER)
    assert (own.status_code, own.json()["reason"]) == (403, "own_unit")
    sender = await office.call("PUT", f"{MAIL}/appraisal", "appraiser", subject="test", json=HIGHER)
    assert (sender.status_code, sender.json()["reason"]) == (403, "own_report")
    assert (await office.call("PUT", f"{MAIL}/appraisal", "appraiser", unit="a1", json=HIGHER)).status_code == 201


async def test_confirm_all_preview_and_clarification(office: Office) -> None:
    await office.open()
    await office.at(DURING["SELF_SCORING"])
    said = {"text": "from the document system"}
    explained = await office.call("PUT", f"{MAIL}/explanation", "unit_officer", unit="a2", json=said)
    assert (explained.status_code, explained.json()["explanation"]["text"]) == (200, "from the document system")
    assert (await office.call("PUT", f"{MAIL}/explanation", "unit_officer", unit="a1", json=said)).status_code == 403
    await office.at(DURING["APPRAISAL"])
    done = (await office.call("POST", f"{UNIT}/confirm-all", "appraiser")).json()
    assert done == {"confirmed": ["MAIL", "SITES"], "left": {"ON-TIME": "computed_by_machine"}}
    await office.at(DURING["CLARIFICATION"])
    preview = await office.call("POST", f"{MAIL}/preview", "appraiser", json={"outcome": "value", "value": 80.0})
    assert [(one["unit"], one["after"]["rank"]) for one in preview.json()["items"]] == [("a2", 2), ("a3", 3)]
    late = {"text": "more", "evidence": [{"kind": "url", "reference": "https://x.vn", "dated": "2012-01-01"}]}
    refused = await office.call("POST", f"{MAIL}/clarification", "unit_officer", unit="a2", json=late)
    assert (refused.status_code, refused.json()["reason"]) == (422, "after_cut_off")
    asked = await office.call("POST", f"{MAIL}/clarification", "unit_officer", unit="a2", json={"text": "more"})
    assert (asked.status_code, asked.json()["status"]) == (201, "OPEN")
    twice = await office.call("POST", f"{MAIL}/clarification", "unit_officer", unit="a2", json={"text": "other"})
    assert (twice.status_code, twice.json()["reason"]) == (409, "one_request")
    open_ones = await office.call("GET", f"{ROUND}/clarifications?status=OPEN", "leader")
    assert [one["indicator"] for one in open_ones.json()["items"]] == ["MAIL"]
    mine = await office.call("GET", f"{ROUND}/clarifications", "unit_officer", unit="a1")
    assert mine.json()["items"] == []
    decision = {"accepted": True, "reason": "proven", "finding": {"outcome": "value", "value": 80.0}}
    decided = await office.call("POST", f"{MAIL}/clarification/decision", "appraiser", json=decision)
    assert (decided.status_code, decided.json()["status"]) == (200, "ACCEPTED")
    await office.scoring.loop.run_all()
    standing = (await office.call("GET", f"/v1/evaluations/TEST/{YEAR}", "leader")).json()
    places = {row["unit"]: row["rank"] for row in standing["items"]}
    assert (standing["phase"], places["a2"], places["a3"]) == ("CLARIFICATION", 2, 3)


async def test_after_the_seal_every_write_is_423(office: Office) -> None:
    await office.open()
    await office.at(DURING["FINAL_REVIEW"])
    await office.scoring.handlers.round.run.enter("TEST", YEAR, "SEALED", by="e", reason="edition-1")
    writes: list[tuple[str, str, str, Any]] = [
        ("PUT", f"{MAIL}/appraisal", "appraiser", HIGHER),
        ("POST", f"{UNIT}/confirm-all", "appraiser", None),
        ("PUT", f"{MAIL}/explanation", "unit_officer", {"text": "t"}),
        ("POST", f"{MAIL}/clarification", "unit_officer", {"text": "t"}),
        ("POST", f"{MAIL}/clarification/decision", "appraiser", {"accepted": False, "reason": "r"}),
        ("POST", f"{ROUND}/steps", "operator", {"to": "CLARIFICATION", "reason": "r"}),
        ("POST", f"{ROUND}/windows/appraisal", "operator", {"closes_at": iso(2 * OPENS_MS), "reason": "r"}),
    ]
    for method, path, role, body in writes:
        unit = "a2" if role == "unit_officer" else None
        answer = await office.call(method, path, role, unit=unit, json=body)
        assert (answer.status_code, answer.json()["reason"]) == (423, "sealed"), path


async def test_writes_and_reads_of_unpublished_scores_are_audited_and_others_are_not(office: Office) -> None:
    await office.open()
    await office.at(DURING["APPRAISAL"])
    await office.call("PUT", f"{MAIL}/appraisal", "appraiser", json=HIGHER)
    read = [UNIT, f"/v1/evaluations/TEST/{YEAR}", f"/v1/evaluations/TEST/{YEAR}/units/a2"]
    for path in read:
        assert (await office.call("GET", path, "leader", headers={"x-request-id": "r-1"})).status_code == 200
    await office.call("GET", UNIT, "auditor", plan="OTHER")
    lines = await office.lines()
    whats = [(line["what"], line["id"], line["by"]) for line in lines if line["by"] != "clock"]
    assert whats[0][0] == "round.opened"
    assert ("criterion.appraised", f"appraisal-TEST-{YEAR}-a2/MAIL", "appraiser") in whats
    assert [id for what, id, by in whats if what == "scores.read"] == read
    assert lines[-1]["request_id"] == "r-1"
    assert [line["id"] for line in await office.lines(by="leader")] == read
    verdict = await office.call("GET", "/v1/audit/verify?chain=TEST", "auditor")
    assert verdict.json()["intact"] is True
    assert (await office.call("GET", "/v1/audit?chain=TEST", "leader")).status_code == 403
    run = office.scoring.handlers.round.run
    await office.at(DURING["FINAL_REVIEW"])
    for phase in ("SEALED", "PUBLISHED"):
        await run.enter("TEST", YEAR, phase, by="e", reason="edition-1")
    count = len(await office.lines())
    assert (await office.call("GET", read[1], "leader")).status_code == 200
    assert len(await office.lines()) == count, "published scores are everybody's"


async def test_the_description_has_examples_that_are_taken(office: Office) -> None:
    schema = office.scoring.app.openapi()
    paths = {path: set(held) for path, held in schema["paths"].items() if path.startswith("/v1/rounds")}
    assert len(paths) == 12
    example = schema["paths"]["/v1/rounds/{plan}/{year}"]["post"]["requestBody"]["content"]["application/json"]
    assert (await office.call("POST", ROUND, "operator", json=example["example"])).status_code == 201


async def test_every_operation_is_described_and_its_examples_fit(office: Office) -> None:
    schema = office.scoring.app.openapi()
    ours = [(name, held) for name, held in operations(schema) if " /v1/rounds" in name or " /v1/audit" in name]
    assert len(ours) == 16
    for name, operation in ours:
        assert operation["description"], name
        held = [*operation["responses"].items(), ("body", operation.get("requestBody", {}))]
        for status, answer in held:
            for kind, media in answer.get("content", {}).items():
                if status != "default" and kind == "application/json":
                    assert fault_of(media["example"], media["schema"], schema) is None, f"{name} {status}"
