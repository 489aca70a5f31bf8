"""Logs into memory for one test, and the process's logging as it was afterwards."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from shared.clock import Clock, FixedClock
from shared.telemetry.logs import configure_logs

LIBRARIES = ("", "uvicorn", "uvicorn.error", "uvicorn.access", "httpx", "httpcore", "asyncio", "nats")


@contextmanager
def captured_logs(*, clock: Clock | None = None, level: str = "info", format: str = "json") -> Iterator[io.BytesIO]:
    """What is logged in the block."""
    held = structlog.get_config()
    root = logging.getLogger()
    handlers, levels = list(root.handlers), {name: logging.getLogger(name).level for name in LIBRARIES}
    stream = io.BytesIO()
    configure_logs(service="test", clock=clock or FixedClock(0), level=level, format=format, stream=stream)
    try:
        yield stream
    finally:
        logging.captureWarnings(False)
        structlog.configure(**held)
        root.handlers[:] = handlers
        for name, held_level in levels.items():
            logging.getLogger(name).setLevel(held_level)


def lines_of(stream: io.BytesIO) -> list[dict[str, Any]]:
    """The lines written, as JSON objects."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]
