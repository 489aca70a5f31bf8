from __future__ import annotations

import re

import pytest

from shared.http.api_docs import type_of
from tests.shared.http.apps import app_for_tests, asking

pytestmark = pytest.mark.anyio


async def test_the_page_of_the_api_shows_operations_and_needs_no_script_or_network() -> None:
    async with asking(app_for_tests()) as client:
        page = await client.get("/docs")
        style = await client.get("/docs/api.css")
    assert page.headers["content-type"].startswith("text/html")
    assert style.headers["content-type"].startswith("text/css")
    assert "<script" not in page.text
    assert re.findall(r'(?:src|href)="(?!#)([^"]*)"', page.text) == ["docs/api.css", "openapi.json"]
    for shown in ("/v1/reports/{report_id}", "Submit a report.", "VCNTT", "Code of the indicator.", "Most items"):
        assert shown in page.text
    targets = set(re.findall(r'id="([^"]+)"', page.text))
    assert set(re.findall(r'href="#([^"]+)"', page.text)) <= targets


async def test_the_description_says_what_errors_look_like_and_what_bodies_hold() -> None:
    async with asking(app_for_tests()) as client:
        schema = (await client.get("/openapi.json")).json()
    operation = schema["paths"]["/v1/reports"]["post"]
    assert operation["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Report"}
    assert list(operation["responses"]["default"]["content"]) == ["application/problem+json"]
    assert {"Report", "Value", "Problem"} <= set(schema["components"]["schemas"])
    for answer in schema["paths"]["/v1/reports"]["get"]["responses"].items():
        # FastAPI's own shape of a 422 is never answered.
        assert answer[0] < "400" or list(answer[1]["content"]) == ["application/problem+json"]
    references = set(re.findall(r"#/components/schemas/(\w+)", str(schema)))
    assert references <= set(schema["components"]["schemas"])
    assert "/livez" not in schema["paths"]


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"$ref": "#/components/schemas/Value"}, "Value"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Value"}}, "Value[]"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer or null"),
        ({"enum": ["a", 1]}, '"a" | 1'),
        ({"const": "a"}, '"a"'),
        ({"type": "string", "format": "date-time"}, "string (date-time)"),
        ({}, "any"),
    ],
)
def test_a_schema_is_told_in_few_words(schema: dict[str, object], words: str) -> None:
    assert type_of(schema) == words
