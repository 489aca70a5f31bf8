"""The description of the API is complete: summaries, examples that fit their schemas, errors as problem documents."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from shared.http.api_docs import operations_of
from tests.services.intake.running import Running

pytestmark = pytest.mark.anyio


@pytest.fixture
def schema(empty: Running) -> dict[str, Any]:
    return empty.intake.app.openapi()


def operations(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(f"{method} {path}", operation) for method, path, operation in operations_of(schema)]


async def test_every_operation_says_in_a_sentence_what_it_does(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema):
        assert len(operation["summary"].split()) >= 2, name
        assert operation["description"], name
        assert operation["tags"], name
        for parameter in operation.get("parameters", ()):
            assert parameter["schema"], name


async def test_every_body_and_answer_has_an_example_that_its_schema_allows(schema: dict[str, Any]) -> None:
    missing, wrong = [], []
    for name, operation in operations(schema):
        held = [*operation["responses"].items(), ("body", operation.get("requestBody", {}))]
        for status, answer in held:
            for kind, media in answer.get("content", {}).items():
                if kind not in ("application/json", "application/problem+json") or status == "default":
                    continue
                example = media.get("example", next(iter(media.get("examples", {"": {}}).values())).get("value"))
                if example is None and media["schema"] != {"type": "object"}:
                    missing.append(f"{name} {status} {kind}")
                    continue
                fault = fault_of(example, media["schema"], schema) if example is not None else None
                if fault:
                    wrong.append(f"{name} {status}: {fault}")
    assert missing == []
    assert wrong == []


def fault_of(example: Any, part: dict[str, Any], schema: dict[str, Any]) -> str | None:
    whole = {**part, "components": schema["components"]}
    errors = list(jsonschema_rs.Draft202012Validator(whole).iter_errors(example))
    return f"{errors[0].instance_path} {errors[0].message}"[:300] if errors else None


async def test_errors_are_problem_documents_and_strangers_are_foreseen(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema):
        for status, answer in operation["responses"].items():
            if status != "default" and int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], name
        if "security" in operation:
            assert {"401", "403", "429"} <= operation["responses"].keys(), name
    assert schema["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
