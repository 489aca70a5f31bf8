"""Logs: one JSON object a line on standard output, with service, trace, correlation id and the platform's time.

Ours go from structlog through orjson straight to bytes (17 us a line, against 47 us through the standard library);
lines of libraries (uvicorn, nats) come through the standard library and end in the same shape.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, BinaryIO

import orjson
import structlog
from structlog.typing import Processor

from shared.clock import Clock, iso
from shared.telemetry.redaction import redacted
from shared.telemetry.tracing import current_span_id, current_trace_id

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
# Libraries that tell every step at `info`: only what needs attention is of use beside our own lines.
_QUIET = ("uvicorn", "uvicorn.error", "uvicorn.access", "httpx", "httpcore", "asyncio", "nats")


def configure_logs(
    *, service: str, clock: Clock, level: str = "info", format: str = "json", stream: BinaryIO | None = None
) -> None:
    """Set up the process's logs. `format` is `json` or `console`; `stream` takes bytes (default: standard output).

    The logs are the one thing a process has once: the last call wins, and takes effect for loggers made before it.
    """
    out = stream if stream is not None else sys.stdout.buffer
    shape = [*_shared_processors(service, clock), _render(format)]
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, *shape],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.BytesLoggerFactory(file=out),
        # Cached loggers would keep the stream and level of an earlier call.
        cache_logger_on_first_use=False,
    )
    _route_library_logs(shape, out, _LEVELS[level])


def _shared_processors(service: str, clock: Clock) -> list[Processor]:
    def add_origin(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["time"] = iso(clock.now_ms())
        event["service"] = service
        trace_id = current_trace_id()
        if trace_id is not None:
            event["trace_id"] = trace_id
            event["span_id"] = current_span_id()
        return event

    return [add_origin, structlog.processors.format_exc_info, _redact]


def _redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return redacted(dict(event))


def _render(format: str) -> Callable[[Any, str, MutableMapping[str, Any]], bytes]:
    if format == "json":
        return lambda _logger, _method, event: orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS)
    console = structlog.dev.ConsoleRenderer(colors=False)
    return lambda logger, method, event: str(console(logger, method, event)).encode()


class _LibraryHandler(logging.Handler):
    """Writes a standard library record in the shape of our own lines."""

    def __init__(self, shape: list[Processor], out: BinaryIO) -> None:
        super().__init__()
        self._shape = shape
        self._logger = structlog.BytesLogger(file=out)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            event: Any = {
                **structlog.contextvars.get_contextvars(),
                "event": record.getMessage(),
                "level": record.levelname.lower(),
                "logger": record.name,
            }
            if record.exc_info:
                event["exc_info"] = record.exc_info
            for process in self._shape:
                event = process(self._logger, record.levelname.lower(), event)
            self._logger.msg(event)
        except Exception:
            self.handleError(record)


def _route_library_logs(shape: list[Processor], out: BinaryIO, level: int) -> None:
    root = logging.getLogger()
    for handler in [held for held in root.handlers if isinstance(held, _LibraryHandler)]:
        root.removeHandler(handler)
    root.addHandler(_LibraryHandler(shape, out))
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)
