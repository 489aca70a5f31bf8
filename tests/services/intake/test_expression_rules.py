"""A plan with expressions, over HTTP: refused with place and line, or published and held against reports."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.services.intake.running import Running
from tests.services.intake.small_plan import document, monthly

pytestmark = pytest.mark.anyio

PATH = "/v1/plans/SMALL/versions/1"
RULE = {
    "code": "E1",
    "expression": 'v["CALLS"].value <= v["MAIL"].numerator',
    "severity": "error",
    "names": {"vi": "Số cuộc gọi không lớn hơn số thư", "en": "Calls are no more than mails"},
    "messages": {
        "vi": 'Có {v["CALLS"].value} cuộc gọi, chỉ có {v["MAIL"].numerator} thư',
        "en": '{v["CALLS"].value} calls, but only {v["MAIL"].numerator} mails',
    },
}


def with_rule(**more: Any) -> dict[str, Any]:
    return document(validation=[{**RULE, **more}])


async def test_an_expression_is_checked_at_publication(empty: Running) -> None:
    answer = await empty.call("PUT", PATH, json=with_rule(expression="values.all(a, values.all(b, true))"))
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["pointer"] == "/validation/0/expression"
    assert "`all` stands inside another one" in fault["detail"]


async def test_in_yaml_the_line_is_told(empty: Running) -> None:
    text = json.dumps(with_rule(expression="calls <= 3.0"), indent=1, ensure_ascii=False)  # JSON is YAML
    line = next(n for n, row in enumerate(text.splitlines(), start=1) if "calls <= 3.0" in row)
    answer = await empty.call("PUT", PATH, content=text.encode(), headers={"Content-Type": "application/yaml"})
    assert answer.status_code == 422
    assert f"line {line}" in str(answer.json()["errors"])


@pytest.mark.parametrize(
    ("language", "message"), [("vi", "Có 41 cuộc gọi, chỉ có 40 thư"), ("en", "41 calls, but only 40 mails")]
)
async def test_a_breach_is_answered_in_the_language_asked_for(empty: Running, language: str, message: str) -> None:
    assert (await empty.call("PUT", PATH, json=with_rule())).status_code == 201
    assert (await empty.put_unit()).status_code in (200, 201)
    answer = await empty.post(monthly(calls=41), headers={"Accept-Language": language})
    assert answer.status_code == 422
    (conflict,) = answer.json()["conflicts"]
    assert (conflict["code"], conflict["message"]) == ("E1", message)
    assert (conflict["pointer"], conflict["expected"], conflict["got"]) == ("/values/2/value", "<= 40", "41")
    assert (await empty.post(monthly(calls=40))).status_code == 201


async def test_the_version_that_is_read_can_be_published_again(empty: Running) -> None:
    own = with_rule()
    own["groups"][0]["indicators"][2]["target_overrides"] = [{"unit": "U-1", "targets": {"2011": 5}}]
    assert (await empty.call("PUT", PATH, json=own)).status_code == 201
    shown = await empty.call("GET", PATH)
    body = shown.json()
    assert shown.headers["ETag"] == f'"{body["sha256"]}"'
    assert body["document"]["validation"][0]["expression"] == RULE["expression"]
    again = await empty.call("PUT", PATH, json=body["document"])
    assert (again.status_code, again.json()["sha256"]) == (200, body["sha256"])
