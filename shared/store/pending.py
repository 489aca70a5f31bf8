"""Events that wait in the document they announce, so that state and event are one write. Pure.

A document of an emitting collection always carries `pending` (a list, oldest first) and `pending_ms` (epoch
milliseconds since when the oldest one waits, 0 when none does). The relay publishes what waits, then takes it out.
A crash between the two publishes again under the same event id, which consumers notice.

An event waits as the text that will be published: it is written once, when it is composed, and nobody on its way to
the broker reads it again. Earlier versions kept the envelope as a dict (`{"subject", "envelope", "at_ms"}`); such
events are still read everywhere, and published as they would have been.
"""

from __future__ import annotations

from collections.abc import Collection as Ids
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NotRequired, TypedDict, cast

import orjson

from shared.errors import Misuse
from shared.store.documents import Document

PENDING_MAX = 100


class PendingEvent(TypedDict):
    """One event that waits: broker subject, event id, and the CloudEvents envelope as JSON text.

    `traceparent` is the one in the envelope, for the header. `at_ms` (epoch milliseconds, since when it waits) is
    filled in by `with_pending`.
    """

    subject: str
    id: str
    body: str
    traceparent: NotRequired[str]
    at_ms: NotRequired[int]


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """One event on its way: what the relay publishes, the journal keeps and gives back.

    `body` is the CloudEvents envelope as JSON text; `at_ms`: since when it waits (epoch milliseconds), 0 when nobody
    knows.
    """

    subject: str
    id: str
    body: str = field(repr=False)
    traceparent: str | None = None
    at_ms: int = 0

    @property
    def key(self) -> str:
        """What order is kept by: the last token of the subject."""
        return self.subject.rsplit(".", 1)[-1]


def outgoing(event: Mapping[str, Any]) -> OutgoingEvent:
    """A pending or journaled event, in either form, as it is published."""
    at_ms = event.get("at_ms", 0)
    if "body" in event:
        return OutgoingEvent(event["subject"], event["id"], event["body"], event.get("traceparent"), at_ms)
    envelope = event["envelope"]
    body = orjson.dumps(envelope).decode()
    return OutgoingEvent(event["subject"], envelope["id"], body, envelope.get("traceparent"), at_ms)


def envelope_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """The CloudEvents envelope of a pending or journaled event, in either form, as a dict."""
    return cast(dict[str, Any], orjson.loads(event["body"]) if "body" in event else event["envelope"])


def event_id_of(event: Mapping[str, Any]) -> str:
    """The id of a pending event, in either form."""
    return cast(str, event["id"] if "body" in event else event["envelope"]["id"])


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
    waiting = [event for event in document["pending"] if event_id_of(event) not in gone]
    if not waiting:
        return [], 0
    return waiting, waiting[0].get("at_ms", document["pending_ms"])


def check_pending(content: Mapping[str, Any]) -> None:
    """Misuse unless `pending` and `pending_ms` are present, bounded, and agree with each other."""
    waiting, since_ms = content.get("pending"), content.get("pending_ms")
    if type(waiting) is not list or type(since_ms) is not int:
        raise Misuse("a document of an emitting collection carries pending (list) and pending_ms (int): with_pending")
    if len(waiting) > PENDING_MAX:
        raise Misuse(f"{len(waiting)} events wait, more than {PENDING_MAX}")
    if bool(waiting) != (since_ms > 0):
        raise Misuse(f"pending_ms is {since_ms} while {len(waiting)} events wait: use with_pending")
    for event in waiting:
        if not _is_event(event):
            raise Misuse(f"a pending event is {{subject, id, body: str}} and no more than that, not {event!r:.200}")


def _is_event(event: object) -> bool:
    if type(event) is not dict or type(event.get("subject")) is not str:
        return False
    if "body" in event:
        return type(event["body"]) is str and type(event.get("id")) is str
    envelope = event.get("envelope")
    return isinstance(envelope, dict) and isinstance(envelope.get("id"), str)
