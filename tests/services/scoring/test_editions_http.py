"""Editions over HTTP: who may do what, what is public, what is written down, and that answers never change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from deploy.client import Refused
from deploy.verify_edition import verify_edition
from services.scoring.main import Scoring, compose
from services.scoring.repository.collections import EDITION_PARTS
from services.scoring.settings import Settings
from shared.clock import FixedClock
from shared.http.identity import Kind
from shared.http.tokens import issue_token
from tests.services.scoring.conftest import Service
from tests.services.scoring.edition_world import amend, to_final_review
from tests.services.scoring.world import END_MS

pytestmark = pytest.mark.anyio

SECRET = "0123456789abcdef0123456789abcdef"
SEAL = "/v1/evaluations/TEST/2011/seal"
ONE = "/v1/editions/TEST/2011/1"
FOREVER_MS = END_MS + 10**12


def bearer(
    subject: str, *roles: str, kind: Kind = "person", plan: str | None = None, unit: str | None = None
) -> dict[str, str]:
    made = issue_token(
        SECRET, subject=subject, roles=roles, kind=kind, plan=plan, unit=unit, expires_at_ms=FOREVER_MS, now_ms=END_MS
    )
    return {"authorization": f"Bearer {made}"}


AN, BINH = bearer("an", "leader"), bearer("binh", "leader")
READER = bearer("reader", "inspector")
CLERK, APPRAISER = bearer("clerk", "operator"), bearer("judge", "appraiser")
OFFICER = bearer("officer", "unit_officer", unit="a4")
CRITERION = "/v1/rounds/TEST/2011/units/a4/criteria/MAIL"
APPRAISED = {"outcome": "value", "value": 72.5, "reason": "Biên bản kiểm tra 07/BB"}


class Web:
    """The composed service, its clock, and one client."""

    def __init__(self, scoring: Scoring, clock: FixedClock, http: httpx.AsyncClient) -> None:
        self.service = Service(scoring.store, clock, scoring.handlers, scoring.loop)
        self.http = http

    async def call(self, method: str, path: str, who: dict[str, str], body: Any = None) -> httpx.Response:
        return await self.http.request(method, path, headers={**who, "accept-language": "en"}, json=body)

    async def read(self, path: str, who: dict[str, str] = READER) -> Any:
        answer = await self.call("GET", path, who)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def seal(self) -> Any:
        proposed = await self.call("POST", f"{SEAL}/proposal", AN)
        assert proposed.status_code == 201, proposed.text
        body = {"digest": proposed.json()["digest"]}
        done = await self.call("POST", f"{SEAL}/confirmation", BINH, body)
        assert done.status_code == 200, done.text
        return done.json()

    async def audit(self) -> list[tuple[str, str]]:
        lines = await self.read("/v1/audit?chain=TEST&limit=500", bearer("auditor", "auditor"))
        return [(line["what"], line["by"]) for line in lines["items"]]


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    settings = Settings(
        store_url=f"sqlite://{tmp_path}/scoring.sqlite3", token_secret=SecretStr(SECRET), log_level="error", port=0
    )
    clock = FixedClock(END_MS)
    made = await compose(settings, clock=clock)
    transport = httpx.ASGITransport(app=made.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://scoring") as http:
        held = Web(made, clock, http)
        await to_final_review(held.service)
        yield held
    await made.stop()


async def test_the_way_from_proposal_to_published_edition(web: Web) -> None:
    done = await web.seal()
    assert (done["result"], done["status"], done["proposed_by"], done["confirmed_by"]) == (
        "sealed",
        "SEALED",
        "an",
        "binh",
    )
    published = (await web.call("POST", f"{ONE}/publish", AN)).json()
    assert (published["result"], published["status"], published["published_by"]) == ("published", "PUBLISHED", "an")
    [item] = (await web.read("/v1/editions?plan=TEST"))["items"]
    assert (item["edition"], item["sha256"]) == ("edition-TEST-2011-1", done["sha256"])
    whole = await web.read(ONE)
    assert (whole["n_ranked"], whole["population"], len(whole["items"])) == (5, 5, 5)
    assert {peer["peer_group"] for peer in whole["summary"]["peers"]} == {"A", "B"}
    unit = await web.read(f"{ONE}/units/a1")
    assert (unit["unit"], unit["rank"], unit["sha256"]) == ("a1", 1, done["sha256"])
    assert (await web.read(f"{ONE}/verify"))["verdict"] == "right"
    assert (await web.read(f"{ONE}/statistics"))["provisional"][0]["provisional"] == 1
    assert (await web.read(f"{ONE}/diff"))["items"] == []
    lines = await web.audit()
    assert [line for line in lines if line[0].startswith("edition.")] == [
        ("edition.proposed", "an"),
        ("edition.sealed", "binh"),
        ("edition.published", "an"),
    ]


async def test_units_come_page_by_page(web: Web) -> None:
    await web.seal()
    whole = (await web.read(ONE))["items"]
    paged: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await web.read(f"{ONE}?limit=2{cursor}")
        paged += page["items"]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert paged == whole
    places = [(row["peer_group"], row["rank"], row["unit"]) for row in whole]
    assert places == sorted(places)
    assert (await web.call("GET", f"{ONE}?cursor=nonsense", READER)).status_code == 422


async def test_one_identity_is_not_two(web: Web) -> None:
    proposed = (await web.call("POST", f"{SEAL}/proposal", AN)).json()
    refused = await web.call("POST", f"{SEAL}/confirmation", AN, {"digest": proposed["digest"]})
    assert refused.status_code == 403
    assert "another person" in refused.json()["detail"]
    assert (await web.call("POST", f"{SEAL}/confirmation", BINH, {"digest": "0" * 64})).status_code == 409
    assert (await web.call("POST", f"{SEAL}/confirmation", BINH, {"digest": "x"})).status_code == 422
    assert (await web.call("GET", ONE, READER)).status_code == 404


async def test_a_void_proposal_answers_409_with_what_changed(web: Web) -> None:
    proposed = (await web.call("POST", f"{SEAL}/proposal", AN)).json()
    await amend(web.service, "a4", 9)
    refused = await web.call("POST", f"{SEAL}/confirmation", BINH, {"digest": proposed["digest"]})
    assert refused.status_code == 409
    assert [change["unit"] for change in refused.json()["changes"]] == ["a4"]
    assert ("edition.proposal_void", "binh") in await web.audit()


async def test_who_may_do_what(web: Web) -> None:
    for who in (READER, bearer("auditor", "auditor"), bearer("clerk", "operator")):
        assert (await web.call("POST", f"{SEAL}/proposal", who)).status_code == 403
        assert (await web.call("POST", f"{SEAL}/confirmation", who, {"digest": "0" * 64})).status_code == 403
        assert (await web.call("POST", f"{ONE}/publish", who)).status_code == 403
        assert (
            await web.call("POST", "/v1/evaluations/TEST/2011/corrections", who, {"reason": "abc"})
        ).status_code == 403
    machine = bearer("robot", "leader", kind="service")
    assert (await web.call("POST", f"{SEAL}/proposal", machine)).status_code == 403
    stranger = bearer("elsewhere", "leader", plan="OTHER")
    assert (await web.call("POST", f"{SEAL}/proposal", stranger)).status_code == 403
    assert (await web.call("GET", "/v1/editions", {})).status_code == 401
    assert (await web.call("POST", f"{SEAL}/proposal", {})).status_code == 401


async def test_drafts_need_their_scope_and_every_read_of_them_is_written_down(web: Web) -> None:
    await web.call("POST", f"{SEAL}/proposal", AN)
    drafts = (f"{SEAL}/proposal", f"{SEAL}/proposal/diff", "/v1/evaluations/TEST/2011/provisionals")
    for path in (*drafts, "/v1/evaluations/TEST/2011/provisionals/1"):
        assert (await web.call("GET", path, READER)).status_code == 403
        assert (await web.call("GET", path, BINH)).status_code == 200
    proposal = await web.read(f"{SEAL}/proposal", BINH)
    assert (proposal["state"], len(proposal["items"])) == ("open", 5)
    lines = await web.audit()
    assert lines.count(("edition.proposal_read", "binh")) == 3
    assert lines.count(("evaluation.provisional_read", "binh")) == 2
    assert not any(by == "reader" for _, by in lines)


async def test_what_is_sealed_is_refused_with_423(web: Web) -> None:
    await web.seal()
    refused = await web.call("POST", f"{SEAL}/proposal", AN)
    assert refused.status_code == 423
    assert refused.json()["phase"] == "SEALED"
    closes = "2013-01-01T00:00:00Z"
    back = {"to": "CLARIFICATION", "reason": "x", "closes_at": closes}
    for status in ("SEALED", "PUBLISHED"):
        for method, path, who, body in (
            ("POST", "/v1/rounds/TEST/2011/steps", CLERK, back),
            ("POST", "/v1/rounds/TEST/2011/windows/clarification", CLERK, {"closes_at": closes, "reason": "x"}),
            ("PUT", f"{CRITERION}/appraisal", APPRAISER, APPRAISED),
            ("POST", f"{CRITERION}/clarification", OFFICER, {"text": "Số liệu đúng"}),
            ("PUT", f"{CRITERION}/explanation", OFFICER, {"text": "Số liệu đúng"}),
        ):
            answer = await web.call(method, path, who, body)
            assert (answer.status_code, answer.json().get("phase")) == (423, status), (path, answer.text)
        await web.call("POST", f"{ONE}/publish", AN)


async def test_an_appraisal_in_a_correction_becomes_the_next_edition(web: Web) -> None:
    await web.seal()
    await web.call("POST", f"{ONE}/publish", AN)
    await web.call("POST", "/v1/evaluations/TEST/2011/corrections", AN, {"reason": "Thanh tra 07/TTr"})
    web.service.clock.advance(1000)
    done = await web.call("PUT", f"{CRITERION}/appraisal", APPRAISER, APPRAISED)
    assert done.status_code == 201, done.text
    await web.service.settle()
    draft = (await web.call("POST", f"{SEAL}/proposal", AN)).json()
    await web.call("POST", f"{SEAL}/confirmation", BINH, {"digest": draft["digest"]})
    diff = await web.read("/v1/editions/TEST/2011/2/diff")
    # a4 overtakes a2 and a3, of whom nothing else changes.
    assert {change["unit"]: change["cause"] for change in diff["items"]} == {
        "a4": "own",
        "a2": "others",
        "a3": "others",
    }
    assert {change["unit"]: change["rank"] for change in diff["items"]} == {"a4": [4, 2], "a2": [2, 3], "a3": [2, 3]}
    [change] = [change for change in diff["items"] if change["unit"] == "a4"]
    numbers = {number["where"]: (number["before"], number["after"]) for number in change["numbers"]}
    assert numbers["indicators/MAIL/value"] == (20, 72.5)
    assert (await web.read("/v1/editions/TEST/2011/2/verify"))["verdict"] == "right"
    assert (await web.call("PUT", f"{CRITERION}/appraisal", APPRAISER, {**APPRAISED, "value": 3})).status_code == 423


async def test_a_correction_is_the_next_edition_and_the_old_answers_stay_byte_for_byte(web: Web) -> None:
    await web.seal()
    await web.call("POST", f"{ONE}/publish", AN)
    paths = (ONE, f"{ONE}/units/a1", f"{ONE}/diff", f"{ONE}/statistics", f"{ONE}/entry", f"{ONE}/files/results")
    before = {path: (await web.call("GET", path, READER)).content for path in paths}
    assert (await web.call("POST", "/v1/evaluations/TEST/2011/corrections", AN, {"reason": ""})).status_code == 422
    opened = await web.call("POST", "/v1/evaluations/TEST/2011/corrections", AN, {"reason": "Thanh tra 07/TTr"})
    assert (opened.status_code, opened.json()["number"]) == (201, 2)
    again = await web.call("POST", "/v1/evaluations/TEST/2011/corrections", BINH, {"reason": "other"})
    assert (again.status_code, again.json()["reason"]) == (200, "Thanh tra 07/TTr")
    await amend(web.service, "a1", 4)
    await web.service.settle()
    draft = await web.call("POST", f"{SEAL}/proposal", AN)
    assert draft.status_code == 201
    preview = await web.read(f"{SEAL}/proposal/diff", BINH)
    assert {change["unit"]: change["cause"] for change in preview["items"]}["a2"] == "others"
    await web.call("POST", f"{SEAL}/confirmation", BINH, {"digest": draft.json()["digest"]})
    second = await web.read("/v1/editions/TEST/2011/2")
    assert (second["number"], second["correction"]["reason"]) == (2, "Thanh tra 07/TTr")
    diff = await web.read("/v1/editions/TEST/2011/2/diff")
    assert diff["items"] == preview["items"]
    for path, content in before.items():
        assert (await web.call("GET", path, READER)).content == content, path


async def test_answers_carry_an_entity_tag(web: Web) -> None:
    await web.seal()
    first = await web.call("GET", ONE, READER)
    again = await web.http.get(ONE, headers={**READER, "if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_files_come_as_they_were_hashed(web: Web) -> None:
    await web.seal()
    whole = await web.read(ONE)
    for file in whole["files"]:
        answer = await web.call("GET", f"{ONE}/files/{file['kind']}", READER)
        assert hashlib.sha256(answer.content).hexdigest() == file["sha256"]
        assert answer.headers["etag"] == f'"{file["sha256"]}"'
        assert [json.loads(line) for line in answer.text.split("\n")[:-1]]
    entry = (await web.call("GET", f"{ONE}/entry", READER)).content
    assert hashlib.sha256(entry).hexdigest() == whole["sha256"]
    assert (await web.call("GET", f"{ONE}/files/nothing", READER)).status_code == 404


class Direct:
    """What the command line calls, without a socket."""

    def __init__(self, web: Web) -> None:
        self._web = web

    async def call(self, method: str, path: str) -> httpx.Response:
        answer = await self._web.call(method, path, READER)
        if answer.is_client_error:
            raise Refused(answer)
        return answer


async def test_the_command_line_proves_an_edition_and_hashes_it_itself(web: Web) -> None:
    unknown = await verify_edition(Direct(web), "edition-TEST-2011-1")
    assert (unknown.exit_code, unknown.lines()[0]) == (4, "UNKNOWN  edition-TEST-2011-1")
    done = await web.seal()
    proof = await verify_edition(Direct(web), "edition-TEST-2011-1")
    assert proof.exit_code == 0
    assert proof.lines()[0] == f"RIGHT  edition-TEST-2011-1  {done['sha256']}"
    store = web.service.store
    folder = (await web.service.handlers.editions.ask.edition("TEST", 2011, 1)).agreed.folder
    part = await store.get(EDITION_PARTS.name, f"part-{folder}-summary-000000")
    assert part is not None
    await store.replace(EDITION_PARTS.name, {**part, "text": part["text"].replace("5", "6")})
    forged = await verify_edition(Direct(web), "edition-TEST-2011-1")
    assert forged.exit_code == 3
    assert any("summary, part 0" in line for line in forged.lines())
    assert forged.faults == ("summary does not give its hash",)


async def test_what_does_not_exist_is_not_found(web: Web) -> None:
    for path in (ONE, f"{ONE}/units/a1", f"{ONE}/verify", f"{ONE}/diff", f"{SEAL}/proposal"):
        who = BINH if "seal" in path else READER
        assert (await web.call("GET", path, who)).status_code == 404, path
    await web.seal()
    assert (await web.call("GET", f"{ONE}/units/nobody", READER)).status_code == 404
    assert (await web.call("POST", "/v1/editions/TEST/2011/2/publish", AN)).status_code == 404
