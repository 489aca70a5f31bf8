from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.telemetry.correlation import accepted_request_id, correlated, current_request_id
from shared.telemetry.tracing import Tracing, current_span_id, current_trace_id, current_traceparent, span_from

pytestmark = pytest.mark.anyio

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
SAMPLED = f"00-{TRACE_ID}-b7ad6b7169203331-01"
NOT_SAMPLED = f"00-{TRACE_ID}-b7ad6b7169203331-00"


def test_a_span_continues_the_trace_of_an_event() -> None:
    exporter = InMemorySpanExporter()
    tracing = Tracing(service="test", exporter=exporter)
    with tracing.span_from(SAMPLED, "report.accepted", revision=3):
        held = current_traceparent()
        assert current_trace_id() == TRACE_ID
        assert held == f"00-{TRACE_ID}-{current_span_id()}-01"
    (span,) = exporter.get_finished_spans()
    assert (span.name, dict(span.attributes or {})) == ("report.accepted", {"revision": 3})
    assert span.resource.attributes["service.name"] == "test"
    assert (current_traceparent(), current_trace_id(), current_span_id()) == (None, None, None)


@pytest.mark.parametrize("traceparent", [None, "", "nonsense", "00-" + "0" * 32 + "-b7ad6b7169203331-01"])
def test_without_a_readable_parent_a_new_trace_begins_even_inside_another(traceparent: str | None) -> None:
    tracing = Tracing(service="test")
    with tracing.span_from(SAMPLED, "outer"), tracing.span_from(traceparent, "inner"):
        assert current_trace_id() not in (None, TRACE_ID)


def test_the_callers_decision_to_sample_is_kept_and_else_the_ratio_decides() -> None:
    exporter = InMemorySpanExporter()
    tracing = Tracing(service="test", exporter=exporter, sample_ratio=0.0)
    for traceparent in (None, NOT_SAMPLED, SAMPLED):
        with tracing.span_from(traceparent, "work"):
            pass
    assert len(exporter.get_finished_spans()) == 1


def test_with_nowhere_to_export_nothing_is_recorded_but_ids_exist() -> None:
    with Tracing(service="test").span_from(None, "work") as span:
        assert not span.is_recording()
        assert current_trace_id() is not None


def test_without_a_tracer_the_trace_is_carried_on() -> None:
    with span_from(SAMPLED, "work"):
        assert current_traceparent() == SAMPLED


def test_a_span_names_the_traces_that_caused_it_without_continuing_them() -> None:
    exporter = InMemorySpanExporter()
    with Tracing(service="test", exporter=exporter).span_from(None, "recompute", links=(SAMPLED, "nonsense")):
        assert current_trace_id() != TRACE_ID
    (span,) = exporter.get_finished_spans()
    assert [f"{link.context.trace_id:032x}" for link in span.links] == [TRACE_ID]


def test_an_exception_passes_through_and_marks_the_span() -> None:
    exporter = InMemorySpanExporter()
    with pytest.raises(KeyError), Tracing(service="test", exporter=exporter).span_from(None, "work"):
        raise KeyError("x")
    assert not exporter.get_finished_spans()[0].status.is_ok


@pytest.fixture
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """A collector on loopback, and what it received: (path, body)."""
    received: list[tuple[str, bytes]] = []

    class Take(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Not printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Take)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", received
    server.shutdown()
    thread.join()
    server.server_close()


async def test_spans_are_sent_to_the_endpoint_by_the_close(
    collector: tuple[str, list[tuple[str, bytes]]],
) -> None:
    endpoint, received = collector
    tracing = Tracing(service="test", otlp_endpoint=endpoint)
    with tracing.span_from(SAMPLED, "report.accepted"):
        pass
    await tracing.aclose()
    ((path, body),) = received
    assert path == "/v1/traces"
    assert b"report.accepted" in body
    assert bytes.fromhex(TRACE_ID) in body


def test_the_correlation_id_is_bound_for_the_block_only() -> None:
    assert current_request_id() is None
    with correlated("r-1"):
        with correlated("r-2"):
            assert current_request_id() == "r-2"
        assert current_request_id() == "r-1"
    assert current_request_id() is None


def test_a_plain_request_id_is_kept() -> None:
    assert accepted_request_id("order-7:a@b.c_d") == "order-7:a@b.c_d"
    assert accepted_request_id(None) != accepted_request_id(None)
