"""The correlation id: it enters at an edge, is bound to every log line below it, and travels in the event envelope."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager

from structlog.contextvars import bind_contextvars, get_contextvars, reset_contextvars

REQUEST_ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}")


def new_request_id() -> str:
    """A fresh correlation id, 32 hexadecimal digits."""
    # Not `uuid4`: nothing depends on its being unguessable, and the system's random source costs 30 us a call.
    return f"{random.getrandbits(128):032x}"


def accepted_request_id(given: str | None) -> str:
    """The caller's id when it is harmless in logs and headers (128 plain characters), else a fresh one."""
    return given if given and REQUEST_ID_PATTERN.fullmatch(given) else new_request_id()


def current_request_id() -> str | None:
    """The correlation id of what is being served, None outside of it."""
    held = get_contextvars().get("correlation_id")
    return str(held) if held is not None else None


def current_client_address() -> str | None:
    """The address that the request being served came from, None outside of one."""
    held = get_contextvars().get("client")
    return str(held) if held is not None else None


@contextmanager
def correlated(request_id: str, *, client: str | None = None) -> Iterator[None]:
    """Serve the block under a correlation id: for consumers, with the id of the event's envelope.

    `client` is the address that a request came from.
    """
    bound = {"correlation_id": request_id} if client is None else {"correlation_id": request_id, "client": client}
    tokens = bind_contextvars(**bound)
    try:
        yield
    finally:
        reset_contextvars(**tokens)
