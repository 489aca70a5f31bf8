"""The evaluation round of a year over HTTP: from the first window to a published edition, and its correction."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.clock import from_iso
from shared.http.tokens import issue_token
from tests.support.journey import UNITS, Journey, report
from tests.support.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(180)]

ROUND, EVALUATION, EDITIONS = "/v1/rounds/SMALL/2011", "/v1/evaluations/SMALL/2011", "/v1/editions/SMALL/2011"
MAIL = f"{ROUND}/units/AN/criteria/MAIL"
CALENDAR = {
    "self_scoring": {"opens_at": "2012-01-09T08:00:00+07:00", "closes_at": "2012-01-13T17:00:00+07:00"},
    "appraisal": {"opens_at": "2012-01-16T08:00:00+07:00", "closes_at": "2012-01-20T17:00:00+07:00"},
    "clarification": {"opens_at": "2012-02-06T08:00:00+07:00", "closes_at": "2012-02-10T17:00:00+07:00"},
    "cut_off_day": "2011-12-31",
}
LOWER = {"outcome": "value", "value": 40.0, "reason": "Minutes 07: 4 of 10"}


class Office:
    """People of the platform, and what the service answers each of them."""

    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        self._http = httpx.AsyncClient(
            base_url=journey.layout.address("scoring"), headers={"accept-language": "en"}, trust_env=False, timeout=30
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def ask(self, who: str, method: str, path: str, json: Any = None, **headers: str) -> httpx.Response:
        """`who` is a role, or a role and the unit that it is bound to: `appraiser@AN`; `leader#2` is another person."""
        role, _, unit = who.partition("@")
        token = issue_token(
            self.journey.layout.token_secret(),
            subject=f"{who}@test",
            roles=[role.partition("#")[0]],
            unit=unit or None,
            expires_at_ms=from_iso("2013-01-01T00:00:00Z"),
            now_ms=0,
        )
        return await self._http.request(
            method, path, json=json, headers={"authorization": f"Bearer {token}", **headers}
        )

    async def done(self, who: str, method: str, path: str, json: Any = None, **headers: str) -> dict[str, Any]:
        answer = await self.ask(who, method, path, json, **headers)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def refused(
        self, who: str, method: str, path: str, json: Any = None, **headers: str
    ) -> tuple[int, str | None]:
        """Status and named reason of a refusal, which is also told in words."""
        answer = await self.ask(who, method, path, json, **headers)
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        assert answer.json()["detail"]
        return answer.status_code, answer.json().get("reason")

    async def until(self, instant: str, phase: str) -> None:
        """The clock set to an instant, at which the round is in this phase."""
        await self.journey.step(from_iso(instant))
        assert (await self.done("leader", "GET", ROUND))["phase"] == phase

    async def score(self, unit: str) -> dict[str, Any]:
        listed = (await self.done("leader", "GET", EVALUATION))["items"]
        found: dict[str, Any] = next(item for item in listed if item["unit"] == unit)
        return found


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """The year is over: AN, BINH and CHI have reported its last month, DUNG never."""
    async with Journey(tmp_path / "data") as journey:
        await journey.publish()
        await journey.step(from_iso("2012-01-04T09:00:00+07:00"))
        for users, unit in zip((8, 7, 6), ("AN", "BINH", "CHI"), strict=True):
            said = report(unit, "2011-M12", users=users)
            if unit == "CHI":
                said["values"][0]["estimated"] = True
            await journey.client("intake").post_report(said)
        await journey.settle()
        people = Office(journey)
        yield people
        await people.aclose()


async def test_a_year_from_its_first_window_to_a_published_edition_and_its_correction(office: Office) -> None:
    await reported(office)
    await opened(office)
    await appraised(office)
    await clarified(office)
    first = await sealed(office)
    await published(office, first)
    await corrected(office)


async def reported(office: Office) -> None:
    """A number that its unit calls an estimate counts in full, and rests on less."""
    told = {unit: await office.done("leader", "GET", f"{EVALUATION}/units/{unit}") for unit in ("BINH", "CHI")}
    status = {unit: one["indicators"][0]["status"] for unit, one in told.items()}
    assert status == {"BINH": "observed", "CHI": "estimated"}
    assert told["CHI"]["index"]["published"] == 0.65
    # 60 of 100 points at 0.7 instead of 1.
    less = told["BINH"]["confidence"]["value"] - told["CHI"]["confidence"]["value"]
    assert less == pytest.approx(0.6 * 0.3)


async def opened(office: Office) -> None:
    """DRAFT and SELF_SCORING: nothing before its time, nothing for another unit."""
    told = await office.refused("operator", "POST", f"{ROUND}/steps", {"to": "SELF_SCORING", "reason": "r"})
    assert told == (409, "no_round")
    opening = {"calendar": CALENDAR, "reason": "Decision 12"}
    assert (await office.refused("leader", "POST", ROUND, opening))[0] == 403
    await office.done("operator", "POST", ROUND, opening)
    steps = {"SELF_SCORING": "not_yet", "APPRAISAL": "illegal_step", "SEALED": "illegal_step"}
    for to, reason in steps.items():
        assert await office.refused("operator", "POST", f"{ROUND}/steps", {"to": to, "reason": "r"}) == (409, reason)
    assert await office.refused("leader", "POST", f"{EVALUATION}/seal/proposal") == (409, "wrong_phase")
    await office.until("2012-01-09T09:00:00+07:00", "SELF_SCORING")
    text = {"text": "From the mail server's own count"}
    await office.done("unit_officer@AN", "PUT", f"{MAIL}/explanation", text)
    assert (await office.refused("unit_officer@BINH", "PUT", f"{MAIL}/explanation", text))[0] == 403
    assert await office.refused("appraiser@TTTT", "PUT", f"{MAIL}/appraisal", LOWER) == (409, "wrong_phase")


async def appraised(office: Office) -> None:
    """APPRAISAL: another value with its reason, nobody's own unit, all the rest confirmed; then PROVISIONAL."""
    await office.until("2012-01-16T09:00:00+07:00", "APPRAISAL")
    assert await office.refused("appraiser@AN", "PUT", f"{MAIL}/appraisal", LOWER) == (403, "own_unit")
    silent = {"outcome": "value", "value": 40.0}
    named = {"if-match": '"1"'}  # the unit's explanation was the first thing said about it
    assert (await office.refused("appraiser@TTTT", "PUT", f"{MAIL}/appraisal", silent, **named))[0] == 422
    assert (await office.refused("appraiser@TTTT", "PUT", f"{MAIL}/appraisal", LOWER))[0] == 412
    await office.done("appraiser@TTTT", "PUT", f"{MAIL}/appraisal", LOWER, **named)
    step = {"to": "PROVISIONAL", "reason": "All is appraised"}
    assert await office.refused("operator", "POST", f"{ROUND}/steps", step) == (409, "appraisal_unfinished")
    for unit in UNITS:
        await office.done("appraiser@TTTT", "POST", f"{ROUND}/units/{unit}/confirm-all")
    await office.done("operator", "POST", f"{ROUND}/steps", step)
    await office.journey.settle()
    # 4 of 10 against 80 %: half of 60 points; one meeting: half of 40.
    score = await office.score("AN")
    assert (score["index"], score["rank"]) == (0.5, 3)
    assert score["layers"] == {"self": 0.8, "appraised": 0.5, "final": 0.5}
    seen = await office.done("unit_officer@AN", "GET", f"{ROUND}/units/AN")
    [mail] = [row for row in seen["criteria"] if row["indicator"] == "MAIL"]
    assert (mail["reason"], mail["layers"]["self"]["value"], mail["layers"]["final"]["value"]) == (
        "Minutes 07: 4 of 10",
        80.0,
        40.0,
    )


async def clarified(office: Office) -> None:
    """CLARIFICATION: one request, on evidence of the year, decided after a look at whose rank would move."""
    await office.until("2012-02-06T09:00:00+07:00", "CLARIFICATION")
    request, late = (
        {"text": "7 of 10", "evidence": [{"kind": "document_number", "reference": "21/BB", "dated": day}]}
        for day in ("2011-12-20", "2012-01-05")
    )
    path = f"{MAIL}/clarification"
    assert await office.refused("unit_officer@AN", "POST", path, late) == (422, "after_cut_off")
    await office.done("unit_officer@AN", "POST", path, request)
    assert await office.refused("unit_officer@AN", "POST", path, {"text": "again"}) == (409, "one_request")
    finding = {"outcome": "value", "value": 70.0}
    preview = await office.done("appraiser@TTTT", "POST", f"{MAIL}/preview", finding)
    moves = {item["unit"]: (item["before"]["rank"], item["after"]["rank"]) for item in preview["items"]}
    assert moves == {"AN": (3, 1), "CHI": (2, 3)}
    assert (await office.score("AN"))["rank"] == 3, "a preview writes nothing"
    verdict = {"accepted": True, "reason": "21/BB is valid", "finding": finding}
    assert await office.refused("appraiser@AN", "POST", f"{path}/decision", verdict) == (403, "own_unit")
    await office.done("appraiser@TTTT", "POST", f"{path}/decision", verdict)
    other = {"accepted": False, "reason": "too late"}
    assert await office.refused("appraiser@TTTT", "POST", f"{path}/decision", other) == (409, "already_decided")
    await office.until("2012-02-13T09:00:00+07:00", "FINAL_REVIEW")
    score = await office.score("AN")
    assert (score["index"], score["rank"], score["band"]) == (0.725, 1, "WEAK")


async def sealed(office: Office) -> dict[str, Any]:
    """SEALED by two people; then no step, appraisal, window or report changes anything."""
    proposal = await office.done("leader", "POST", f"{EVALUATION}/seal/proposal")
    confirm = {"digest": proposal["digest"]}
    where = f"{EVALUATION}/seal/confirmation"
    assert await office.refused("leader", "POST", where, confirm) == (403, "own_proposal")
    assert await office.refused("leader#2", "POST", where, {"digest": "0" * 64}) == (409, "other_digest")
    edition = await office.done("leader#2", "POST", where, confirm)
    assert (edition["result"], edition["number"]) == ("sealed", 1)
    await office.journey.settle()
    assert await office.refused("appraiser@TTTT", "PUT", f"{MAIL}/appraisal", LOWER) == (423, "sealed")
    assert await office.refused("leader", "POST", f"{EVALUATION}/seal/proposal") == (423, "sealed")
    assert await office.refused("leader", "POST", f"{EVALUATION}/corrections", {"reason": "why"}) == (
        409,
        "not_published",
    )
    return edition


async def published(office: Office, edition: dict[str, Any]) -> None:
    """PUBLISHED: a link of the chain that verifies, with the numbers that two people agreed on."""
    await office.done("leader", "POST", f"{EDITIONS}/1/publish")
    await office.journey.settle()
    proof = await office.done("leader", "GET", f"{EDITIONS}/1/verify")
    assert (proof["verdict"], proof["sha256"]) == ("right", edition["sha256"])
    listed = await office.done("leader", "GET", EVALUATION)
    assert (listed["phase"], listed["provisional"]) == ("PUBLISHED", False)


async def corrected(office: Office) -> None:
    """CORRECTED: the next edition prints every number that moved, also of units that moved because another did."""
    await office.done("leader", "POST", f"{EVALUATION}/corrections", {"reason": "Inspection 07: 3 of 10"})
    assert (await office.done("leader", "GET", ROUND))["phase"] == "CORRECTED"
    standing = await office.done("appraiser@TTTT", "GET", f"{ROUND}/units/BINH")
    [mail] = [row for row in standing["criteria"] if row["indicator"] == "MAIL"]
    told = {"outcome": "value", "value": 30.0, "reason": "Inspection 07"}
    named = {"if-match": f'"{mail["revision"]}"'}
    await office.done("appraiser@TTTT", "PUT", f"{ROUND}/units/BINH/criteria/MAIL/appraisal", told, **named)
    await office.journey.settle()
    proposal = await office.done("leader", "POST", f"{EVALUATION}/seal/proposal")
    edition = await office.done("leader#2", "POST", f"{EVALUATION}/seal/confirmation", {"digest": proposal["digest"]})
    diff = await office.done("leader", "GET", f"{EDITIONS}/2/diff")
    assert diff["correction"]["reason"] == "Inspection 07: 3 of 10"
    moved = {row["unit"]: (row["cause"], row["rank"]) for row in diff["items"] if row["moved"]}
    assert moved == {"BINH": ("own", [1, 3]), "CHI": ("others", [3, 2])}
    await office.done("leader", "POST", f"{EDITIONS}/2/publish")
    for number in (1, 2):
        assert (await office.done("leader", "GET", f"{EDITIONS}/{number}/verify"))["verdict"] == "right"
    assert edition["previous_sha256"] == (await office.done("leader", "GET", f"{EDITIONS}/1"))["sha256"]

    async def stands() -> bool:
        return bool((await office.score("BINH"))["rank"] == 3)

    await until(stands)
