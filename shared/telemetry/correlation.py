"""The correlation id: it enters at an edge, is bound to every log line below it, and travels in the event envelope."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from structlog.contextvars import bind_contextvars, get_contextvars, reset_contextvars

REQUEST_ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}")


def new_request_id() -> str:
    """A fresh correlation id, 32 hexadecimal digits."""
    return uuid.uuid4().hex


def accepted_request_id(given: str | None) -> str:
    """The caller's id when it is harmless in logs and headers (128 plain characters), else a fresh one."""
    return given if given and REQUEST_ID_PATTERN.fullmatch(given) else new_request_id()


def current_request_id() -> str | None:
    """The correlation id of what is being served, None outside of it."""
    held = get_contextvars().get("correlation_id")
    return str(held) if held is not None else None


@contextmanager
def correlated(request_id: str) -> Iterator[None]:
    """Serve the block under a correlation id: for consumers, with the id of the event's envelope."""
    tokens = bind_contextvars(correlation_id=request_id)
    try:
        yield
    finally:
        reset_contextvars(**tokens)
