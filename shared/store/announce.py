"""The pending event of a state, and its place in the document that it announces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from shared.clock import iso
from shared.errors import Transient
from shared.events.base import State
from shared.events.catalog import compose
from shared.store.documents import Document
from shared.store.pending import PENDING_MAX, PendingEvent, with_pending
from shared.telemetry.correlation import current_request_id
from shared.telemetry.tracing import current_traceparent


def with_events(
    document: Document, states: Sequence[State], *, unsent: Sequence[dict[str, Any]] = (), now_ms: int
) -> Document:
    """The document with what was unsent when it was read and the events of these states behind it.

    An event that the relay has published in the meantime is published once more under the same id: harmless.
    Transient when too much waits: the broker has been away for long, and more would be accepted than can be told.
    """
    if len(unsent) + len(states) > PENDING_MAX:
        raise Transient(f"{document['_id']}: {len(unsent)} events wait for the broker")
    at, traceparent, request = iso(now_ms), current_traceparent(), current_request_id()
    events = [
        cast(PendingEvent, compose(state, at=at, traceparent=traceparent, correlation_id=request)) for state in states
    ]
    waiting = {"pending": list(unsent), "pending_ms": unsent[0].get("at_ms", now_ms) if unsent else 0}
    return with_pending({**document, **waiting}, events, now_ms=now_ms)


def unsent_of(document: Document) -> tuple[dict[str, Any], ...]:
    """What waited to be published when the document was read."""
    return tuple(document.get("pending", ()))
