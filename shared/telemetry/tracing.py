"""Traces: one provider per process, W3C trace context across HTTP and events, exported by OTLP when told where to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, Sampler, TraceIdRatioBased
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

EXPORT_TIMEOUT_SECONDS = 5
QUEUE_SPANS_MAX = 2048

_W3C = TraceContextTextMapPropagator()


class Tracing:
    """The spans of one service. With no endpoint and no exporter nothing is recorded, but trace ids exist for logs."""

    def __init__(
        self,
        *,
        service: str,
        version: str = "",
        otlp_endpoint: str = "",
        sample_ratio: float = 1.0,
        exporter: SpanExporter | None = None,
    ) -> None:
        """`exporter` receives every span at its end, in this process: for tests."""
        exports = bool(otlp_endpoint) or exporter is not None
        # Recording costs some 47 us a span, not recording 13 us: do not record what nobody will receive.
        sampler: Sampler = ParentBased(TraceIdRatioBased(sample_ratio)) if exports else ALWAYS_OFF
        resource = Resource({SERVICE_NAME: service, SERVICE_VERSION: version})
        self.provider = TracerProvider(sampler=sampler, resource=resource, shutdown_on_exit=False)
        if exporter is not None:
            self.provider.add_span_processor(SimpleSpanProcessor(exporter))
        if otlp_endpoint:
            self.provider.add_span_processor(_otlp_processor(otlp_endpoint))
        self.tracer = self.provider.get_tracer("tiendo")

    def span_from(
        self,
        traceparent: str | None,
        name: str,
        *,
        kind: SpanKind = SpanKind.CONSUMER,
        links: Sequence[str] = (),
        **attributes: AttributeValue,
    ) -> AbstractContextManager[Span]:
        """A span that continues the trace of an event or message: `with tracing.span_from(...) as span`."""
        return span_from(traceparent, name, tracer=self.tracer, kind=kind, links=links, **attributes)

    async def aclose(self) -> None:
        """Send what is queued, then close. Waits at most some seconds for the collector."""
        await asyncio.to_thread(self.provider.shutdown)


@contextmanager
def span_from(
    traceparent: str | None,
    name: str,
    *,
    tracer: Tracer | None = None,
    kind: SpanKind = SpanKind.CONSUMER,
    links: Sequence[str] = (),
    **attributes: AttributeValue,
) -> Iterator[Span]:
    """Run the block in a span whose parent is `traceparent` (W3C); a new trace without one, or with an unreadable one.

    `links`: traces (W3C) that the span did not come from but was caused by, such as one of many that were gathered.
    Without a tracer the given trace is only carried on: its ids reach the logs, no span is made.
    """
    used = tracer or trace.NoOpTracer()
    parent = _context_of(traceparent)
    causes = [Link(context) for context in map(_span_context, links) if context.is_valid]
    with used.start_as_current_span(name, context=parent, kind=kind, attributes=attributes, links=causes) as span:
        yield span


def _context_of(traceparent: str | None) -> Context:
    return _W3C.extract({"traceparent": traceparent} if traceparent else {}, context=Context())


def _span_context(traceparent: str) -> SpanContext:
    return trace.get_current_span(_context_of(traceparent)).get_span_context()


def current_traceparent() -> str | None:
    """The W3C header of the current span, to be stored in a pending event; None outside of a trace."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get("traceparent")


def current_trace_id() -> str | None:
    """The current trace's id, 32 hexadecimal digits; None outside of a trace."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None


def current_span_id() -> str | None:
    """The current span's id, 16 hexadecimal digits; None outside of a trace."""
    context = trace.get_current_span().get_span_context()
    return f"{context.span_id:016x}" if context.is_valid else None


def _otlp_processor(endpoint: str) -> BatchSpanProcessor:
    # Imported here: the exporter pulls in protobuf and requests, which a service without a collector need not load.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_TIMEOUT_SECONDS)
    return BatchSpanProcessor(exporter, max_queue_size=QUEUE_SPANS_MAX)
