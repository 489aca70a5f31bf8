"""Events that wait in their document: appended, bounded, taken out. Pure."""

from __future__ import annotations

import pytest

from shared.errors import Misuse
from shared.store.pending import (
    PENDING_MAX,
    OutgoingEvent,
    PendingEvent,
    check_pending,
    envelope_of,
    event_id_of,
    outgoing,
    with_pending,
    without_published,
)


def event(id: str) -> PendingEvent:
    return {"subject": "tiendo.x", "id": id, "body": f'{{"id":"{id}","data":{{"n":1}}}}'}


def waiting(document: dict[str, object]) -> list[str]:
    pending = document["pending"]
    assert isinstance(pending, list)
    return [event_id_of(held) for held in pending]


def test_a_document_without_events_waits_since_0() -> None:
    assert with_pending({"_id": "order-1"}, [], now_ms=5) == {"_id": "order-1", "pending": [], "pending_ms": 0}


def test_events_are_appended_and_the_oldest_keeps_its_instant() -> None:
    first = with_pending({"_id": "order-1"}, [event("a"), event("b")], now_ms=5)
    second = with_pending(first, [event("c")], now_ms=9)
    assert waiting(second) == ["a", "b", "c"]
    assert second["pending_ms"] == 5
    assert waiting(first) == ["a", "b"]
    assert "pending" not in {"_id": "order-1"}
    check_pending(second)


def test_after_the_oldest_is_published_the_next_one_counts() -> None:
    document = with_pending(with_pending({}, [event("a")], now_ms=5), [event("b")], now_ms=9)
    left, since_ms = without_published(document, ["a", "other"])
    assert ([event_id_of(held) for held in left], since_ms) == (["b"], 9)
    assert without_published(document, ["a", "b"]) == ([], 0)
    assert without_published(document, []) == (document["pending"], 5)


def test_events_written_without_their_instant_keep_the_documents() -> None:
    document = {"pending": [event("a"), event("b")], "pending_ms": 3}
    assert without_published(document, ["a"]) == ([event("b")], 3)


def test_more_than_the_bound_is_misuse() -> None:
    full = with_pending({}, [event(str(n)) for n in range(PENDING_MAX)], now_ms=1)
    with pytest.raises(Misuse):
        with_pending(full, [event("one more")], now_ms=2)


def test_both_forms_of_an_event_are_read_alike() -> None:
    envelope = {"id": "a@1", "traceparent": "00-1", "data": {"name": "Đà Nẵng", "none": None}}
    text = '{"id":"a@1","traceparent":"00-1","data":{"name":"Đà Nẵng","none":null}}'
    old = {"subject": "tiendo.x", "envelope": envelope, "at_ms": 5}
    new = {"subject": "tiendo.x", "id": "a@1", "traceparent": "00-1", "body": text, "at_ms": 5}
    for event in (old, new):
        assert outgoing(event) == OutgoingEvent("tiendo.x", "a@1", text, "00-1", 5)
        assert envelope_of(event) == envelope
        assert event_id_of(event) == "a@1"
        check_pending({"pending": [event], "pending_ms": 5})


def test_the_text_that_waits_is_published_unread() -> None:
    odd = '{"id":"other", "data":  {"spaced": 1.50}}'
    assert outgoing({"subject": "tiendo.x", "id": "a@1", "body": odd}).body == odd
