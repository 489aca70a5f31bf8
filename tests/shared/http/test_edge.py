from __future__ import annotations

import io
import json

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from shared.errors import Transient
from shared.telemetry.health import Check
from tests.shared.http.apps import app_for_tests, asking, telemetry_for_tests

pytestmark = pytest.mark.anyio

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT_ID = "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE_ID}-{PARENT_ID}-01"


def lines(stream: io.BytesIO, event: str) -> list[dict[str, object]]:
    read = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [line for line in read if line["event"] == event]


async def test_a_request_continues_the_callers_trace() -> None:
    exporter = InMemorySpanExporter()
    async with asking(app_for_tests(telemetry=telemetry_for_tests(exporter))) as client:
        answer = await client.get("/v1/reports/r-1", headers={"traceparent": TRACEPARENT})
    (span,) = exporter.get_finished_spans()
    context = span.get_span_context()
    assert context is not None
    assert f"{context.trace_id:032x}" == TRACE_ID
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == PARENT_ID
    assert span.name == "GET /v1/reports/{report_id}"
    assert answer.json()["traceparent"] == f"00-{TRACE_ID}-{context.span_id:016x}-01"


async def test_a_fault_is_on_the_span_in_the_log_and_in_the_answer_under_one_trace_id(logged: io.BytesIO) -> None:
    exporter = InMemorySpanExporter()
    async with asking(app_for_tests(telemetry=telemetry_for_tests(exporter))) as client:
        answer = await client.get("/v1/fails/unknown", headers={"traceparent": TRACEPARENT, "X-Request-Id": "r-9"})
    (span,) = exporter.get_finished_spans()
    (line,) = lines(logged, "http.fault")
    assert answer.json()["trace_id"] == line["trace_id"] == TRACE_ID
    assert line["correlation_id"] == answer.headers["x-request-id"] == "r-9"
    assert "secret internal name" in str(line["exception"])
    assert span.status.status_code == StatusCode.ERROR
    assert [event.name for event in span.events] == ["exception"]


async def test_the_access_log_names_the_route_and_not_the_query(logged: io.BytesIO) -> None:
    async with asking(app_for_tests()) as client:
        await client.get("/v1/reports/r-1?token=s3cret")
        await client.get("/nowhere")
        await client.get("/livez")
    first, second = lines(logged, "http.request")
    assert (first["method"], first["path"], first["status"]) == ("GET", "/v1/reports/r-1", 200)
    assert first["route"] == "/v1/reports/{report_id}"
    assert (second["route"], second["status"]) == ("unmatched", 404)
    assert b"s3cret" not in logged.getvalue()


@pytest.mark.parametrize("given", ["", "two words", "line\tbreak", "x" * 129, "<script>"])
async def test_a_harmful_request_id_is_replaced(given: str) -> None:
    async with asking(app_for_tests()) as client:
        answer = await client.get("/livez", headers={"X-Request-Id": given})
    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 32


async def test_every_answer_has_the_careful_headers() -> None:
    async with asking(app_for_tests()) as client:
        answers = [await client.get(path) for path in ("/livez", "/nowhere", "/v1/fails/misuse", "/docs")]
    for answer in answers:
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in answer.headers


async def test_over_https_browsers_are_told_to_stay_there() -> None:
    async with asking(app_for_tests()) as client:
        answer = await client.get("https://tiendo.test/livez")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_readiness_lists_each_check_and_ends_with_the_stop() -> None:
    telemetry = telemetry_for_tests()
    away = True

    async def probe() -> None:
        if away:
            raise Transient("no answer from the store")

    telemetry.health.add(Check("store", probe, "start the store"))
    async with asking(app_for_tests(telemetry=telemetry)) as client:
        failed = await client.get("/readyz")
        away = False
        ready = await client.get("/readyz")
        telemetry.health.stop()
        stopped = await client.get("/readyz")
        alive = await client.get("/livez")
    assert failed.status_code == 503
    assert failed.json()["checks"] == [
        {"name": "store", "ok": False, "reason": "no answer from the store", "mend": "start the store"}
    ]
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert (stopped.status_code, stopped.json()["stopping"]) == (503, True)
    assert alive.status_code == 200


async def test_requests_are_measured_by_route() -> None:
    async with asking(app_for_tests()) as client:
        await client.get("/v1/reports/r-1")
        await client.get("/v1/reports/r-2")
        await client.get("/anything/else")
        metrics = await client.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    route = 'method="GET",route="/v1/reports/{report_id}",status="200"'
    assert f"tiendo_http_request_seconds_count{{{route}}} 2.0" in metrics.text
    assert 'tiendo_http_request_seconds_count{method="GET",route="unmatched",status="404"} 1.0' in metrics.text
