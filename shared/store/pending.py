"""Events that wait in the document they announce, so that state and event are one write. Pure.

A document of an emitting collection always carries `pending` (a list, oldest first) and `pending_ms` (epoch
milliseconds since when the oldest one waits, 0 when none does). The relay publishes what waits, then takes it out.
A crash between the two publishes again under the same event id, which consumers notice.
"""

from __future__ import annotations

from collections.abc import Collection as Ids
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

from shared.errors import Misuse
from shared.store.documents import Document

PENDING_MAX = 100


class PendingEvent(TypedDict):
    """One event that waits: the broker subject and the CloudEvents envelope as a plain dict with its `id`.

    `at_ms` (epoch milliseconds, since when it waits) is filled in by `with_pending`.
    """

    subject: str
    envelope: dict[str, Any]
    at_ms: NotRequired[int]


def with_pending(document: Document, events: Sequence[PendingEvent], *, now_ms: int) -> Document:
    """A new document with the events appended to what waits already. Misuse beyond PENDING_MAX."""
    waiting = [*document.get("pending", []), *({**event, "at_ms": now_ms} for event in events)]
    if len(waiting) > PENDING_MAX:
        raise Misuse(f"{document.get('_id')}: {len(waiting)} events would wait, more than {PENDING_MAX}")
    oldest_ms = (document.get("pending_ms", 0) or now_ms) if waiting else 0
    return {**document, "pending": waiting, "pending_ms": oldest_ms}


def without_published(document: Mapping[str, Any], event_ids: Ids[str]) -> tuple[list[Any], int]:
    """What still waits when these are taken out, and since when: the new `pending` and `pending_ms`."""
    gone = set(event_ids)
    waiting = [event for event in document["pending"] if event["envelope"]["id"] not in gone]
    if not waiting:
        return [], 0
    return waiting, waiting[0].get("at_ms", document["pending_ms"])


def check_pending(content: Mapping[str, Any]) -> None:
    """Misuse unless `pending` and `pending_ms` are present, bounded, and agree with each other."""
    waiting, since_ms = content.get("pending"), content.get("pending_ms")
    if not isinstance(waiting, list) or type(since_ms) is not int:
        raise Misuse("a document of an emitting collection carries pending (list) and pending_ms (int): with_pending")
    if len(waiting) > PENDING_MAX:
        raise Misuse(f"{len(waiting)} events wait, more than {PENDING_MAX}")
    if bool(waiting) != (since_ms > 0):
        raise Misuse(f"pending_ms is {since_ms} while {len(waiting)} events wait: use with_pending")
    for event in waiting:
        if not _is_event(event):
            raise Misuse(f"a pending event is {{subject: str, envelope: {{id: str, ...}}}}, not {event!r:.200}")


def _is_event(event: object) -> bool:
    if not isinstance(event, dict) or not isinstance(event.get("subject"), str):
        return False
    envelope = event.get("envelope")
    return isinstance(envelope, dict) and isinstance(envelope.get("id"), str)
