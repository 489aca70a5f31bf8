"""2,000 generated requests over the whole API, spread over its operations: no 5xx, nothing undocumented.

The seed is fixed. Half of the cases name things that exist, so that they get past "not found".
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.errors import SerializationNotPossible
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.services.intake.served import Served, served
from tests.services.intake.small_plan import monthly

CASES = 2000
SECONDS_MAX = 80.0
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
KNOWN = {
    "plan": "SMALL",
    "version": "1",
    "unit": "U1",
    "form": "MONTHLY",
    "period": "2011-M03",
    "chain": "SMALL",
    "report": "report-SMALL-MONTHLY-U1-2011-M03",
    "obligation": "obligation-SMALL-MONTHLY-U1-2011-M03",
}


@schemathesis.serializer("application/x-ndjson", "text/csv", "application/octet-stream")
def as_bytes(_context: Any, value: Any) -> bytes:
    """Bodies that are no JSON go out as they were made up."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", errors="replace")


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("schemathesis"), schedule_seconds=0.2) as running:
        headers = {"Authorization": f"Bearer {running.admin}"}
        httpx.post(f"{running.address}/v1/reports", json=monthly(), headers=headers, trust_env=False)
        yield running


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Without the `default` answers: every status that occurs must be written down."""
    for item in schema["paths"].values():
        for operation in item.values():
            operation["responses"].pop("default", None)
    return schema


def named(case: Any) -> None:
    """What exists, in the place of what was made up."""
    for place in (case.path_parameters, case.query):
        for name in place or {}:
            if name in KNOWN:
                place[name] = KNOWN[name]


@pytest.mark.timeout(150)
@pytest.mark.filterwarnings("ignore")
def test_generated_requests_get_documented_answers(intake: Served) -> None:
    raw = strict(httpx.get(f"{intake.address}/openapi.json", trust_env=False).json())
    schema = schemathesis.openapi.from_dict(raw)
    operations: list[Any] = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]
    deadline = time.monotonic() + SECONDS_MAX
    faults: dict[str, str] = {}
    done = 0
    for operation in operations:
        done += probe(operation, intake, -(-CASES // len(operations)), deadline, faults)
    assert not faults, "\n\n".join(f"{name}\n{fault}" for name, fault in sorted(faults.items()))
    assert done >= CASES * 0.8, f"only {done} cases in {SECONDS_MAX} s"


def probe(operation: Any, intake: Served, cases: int, deadline: float, faults: dict[str, str]) -> int:
    done = 0
    headers = {"Authorization": f"Bearer {intake.admin}"}

    @seed(20111231)
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        nonlocal done
        if time.monotonic() > deadline:
            return
        done += 1
        if done % 2:
            named(case)
        try:
            response = case.call(base_url=intake.address, headers=headers, timeout=20)
        except SerializationNotPossible:
            return  # a media type that the tool cannot write: the format's own tests send it
        try:
            case.validate_response(response, checks=CHECKS)
        except BaseException as error:
            told = "; ".join(str(one)[:600] for one in getattr(error, "exceptions", [error]))
            faults.setdefault(f"{operation.method} {operation.path} {response.status_code}", told)

    ask()
    return done
