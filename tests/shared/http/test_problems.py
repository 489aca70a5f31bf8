from __future__ import annotations

import io

import pytest
from fastapi import FastAPI

from tests.shared.http.apps import app_for_tests, asking
from tests.shared.telemetry.captured import lines_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def app() -> FastAPI:
    return app_for_tests()


async def test_a_problem_is_a_document_with_its_members_and_ids(app: FastAPI) -> None:
    async with asking(app) as client:
        answer = await client.get("/v1/reports/none", headers={"X-Request-Id": "r-1", "Accept-Language": "en"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-language"] == "en"
    assert answer.headers["vary"] == "Accept-Language"
    document = answer.json()
    assert len(document.pop("trace_id")) == 32
    assert document == {
        "type": "/problems/not-found",
        "title": "Not found",
        "status": 404,
        "report_id": "none",
        "request_id": "r-1",
    }


async def test_titles_are_vietnamese_unless_english_is_preferred(app: FastAPI) -> None:
    async with asking(app) as client:
        plain = await client.get("/v1/reports/none")
        english = await client.get("/v1/reports/none", headers={"Accept-Language": "vi;q=0.3, en-GB"})
    assert plain.json()["title"] == "Không tìm thấy"
    assert english.json()["title"] == "Not found"


@pytest.mark.parametrize(
    ("how", "status", "slug"),
    [
        ("transient", 503, "unavailable"),
        ("permanent", 422, "refused"),
        ("misuse", 500, "internal"),
        ("unknown", 500, "internal"),
    ],
)
async def test_failures_map_to_statuses_and_tell_no_internals(app: FastAPI, how: str, status: int, slug: str) -> None:
    async with asking(app) as client:
        answer = await client.get(f"/v1/fails/{how}", headers={"Accept-Language": "en"})
    assert answer.status_code == status
    assert answer.json()["type"] == f"/problems/{slug}"
    for internal in ("10.0.0.7", "index on unit", "secret internal name"):
        assert internal not in answer.text
    assert answer.headers.get("retry-after") == ("5" if status == 503 else None)
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_permanent_failure_says_why(app: FastAPI) -> None:
    async with asking(app) as client:
        answer = await client.get("/v1/fails/permanent")
    assert answer.json()["detail"] == "the plan is sealed"


async def test_unknown_path_and_method_are_problems_too(app: FastAPI) -> None:
    async with asking(app) as client:
        unknown = await client.get("/nowhere")
        wrong = await client.delete("/v1/reports")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/not-found")
    assert (wrong.status_code, wrong.json()["type"]) == (405, "/problems/method-not-allowed")
    assert wrong.headers["allow"]


async def test_invalid_content_lists_every_fault_with_pointer_and_hint(app: FastAPI) -> None:
    body = '{"values": [{"indicator": "a", "numerator": -1, "note/~": 1}, {"indicator": 7}]}'
    async with asking(app) as client:
        answer = await client.post(
            "/v1/reports", content=body, headers={"Content-Type": "application/json", "Accept-Language": "en"}
        )
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/not-valid"
    assert answer.json()["errors"] == [
        {"pointer": "/unit", "detail": "This field is missing", "hint": "Add the field"},
        {
            "pointer": "/values/0/numerator",
            "detail": "Input should be greater than or equal to 0",
            "hint": "at least 0.0",
        },
        {
            "pointer": "/values/0/note~1~0",
            "detail": "This field is not known",
            "hint": "Remove the field or correct its name",
        },
        {"pointer": "/values/1/indicator", "detail": "Must be a string"},
    ]


async def test_a_validation_error_that_escapes_is_answered_the_same_and_logged(
    app: FastAPI, logged: io.BytesIO
) -> None:
    async with asking(app) as client:
        answer = await client.post("/v1/raw", content='{"unit": "a"}')
        good = await client.post("/v1/raw", content='{"unit": "a", "values": []}')
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/values")
    assert good.json() == {"unit": "a", "values": []}
    (line,) = [line for line in lines_of(logged) if line["event"] == "http.validation_escaped"]
    assert (line["model"], line["faults"]) == ("Report", 1)


async def test_an_unreadable_body_is_a_bad_request(app: FastAPI) -> None:
    async with asking(app) as client:
        answer = await client.post("/v1/reports", content="{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/unreadable")
    assert answer.json()["errors"][0]["pointer"] == ""


async def test_another_content_type_is_refused(app: FastAPI) -> None:
    async with asking(app) as client:
        answer = await client.post("/v1/reports", content="{}", headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.headers["accept"]) == (415, "application/json")


async def test_a_wrong_parameter_names_where_it_is(app: FastAPI) -> None:
    async with asking(app) as client:
        answer = await client.get("/v1/reports", params={"limit": 0})
        good = await client.get("/v1/reports", params={"limit": 3, "cursor": "c"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/limit"
    assert answer.json()["errors"][0]["in"] == "query"
    assert good.json() == {"items": ["report-3"], "next_cursor": "c"}


async def test_the_type_of_a_problem_can_be_looked_up(app: FastAPI) -> None:
    async with asking(app) as client:
        found = await client.get("/problems/sealed", headers={"Accept-Language": "en"})
        missing = await client.get("/problems/nothing")
    assert found.text == "sealed: Sealed\n"
    assert missing.status_code == 404
