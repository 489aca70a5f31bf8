"""The journal keeps every event once and gives them back in order."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from shared.store.documents import Documents
from shared.store.journal import Journal
from shared.store.pending import OutgoingEvent

pytestmark = pytest.mark.anyio


def event(id: str, at_ms: int, *, subject: str = "tiendo.x", **data: Any) -> OutgoingEvent:
    body = orjson.dumps({"id": id, "type": "report.accepted.v1", "data": data}).decode()
    return OutgoingEvent(subject, id, body, "00-0af7-b7ad-01", at_ms)


async def replayed(journal: Journal, **bounds: Any) -> list[str]:
    return [held.id async for held in journal.replay(**bounds)]


async def test_replay_is_in_order_of_instant_then_id_whatever_the_page(store: Documents) -> None:
    journal = Journal(store)
    for id, at_ms in (("c@1", 5), ("b@1", 7), ("a@1", 7), ("d@1", 1), ("e@1", 7)):
        assert await journal.record(event(id, at_ms))
    for page_size in (1, 2, 3, 500):
        assert await replayed(journal, page_size=page_size) == ["d@1", "c@1", "a@1", "b@1", "e@1"]
    assert await replayed(journal, since_ms=5, before_ms=7) == ["c@1"]
    assert await replayed(journal, since_ms=7) == ["a@1", "b@1", "e@1"]


async def test_an_event_is_kept_once_and_the_first_record_stands(store: Documents) -> None:
    journal = Journal(store)
    assert await journal.record(event("a@1", 5, subject="tiendo.first", n=1))
    assert not await journal.record(event("a@1", 6, subject="tiendo.second", n=2))
    assert [held async for held in journal.replay()] == [event("a@1", 5, subject="tiendo.first", n=1)]


async def test_events_kept_by_earlier_versions_are_given_back(store: Documents) -> None:
    envelope = {"id": "a@1", "type": "report.accepted.v1", "traceparent": "00-0af7-b7ad-01", "data": {"n": [1.5, None]}}
    old = {"_id": "event-a@1", "at_ms": 5, "subject": "tiendo.x", "envelope": envelope}
    await store.insert("journal", old)
    journal = Journal(store)
    assert not await journal.record(event("a@1", 6))
    await journal.record(event("b@1", 6))
    first, second = [held async for held in journal.replay()]
    assert (first.subject, first.id, first.traceparent, first.at_ms) == ("tiendo.x", "a@1", "00-0af7-b7ad-01", 5)
    assert orjson.loads(first.body) == envelope
    assert second == event("b@1", 6)


async def test_record_many_goes_past_one_batch_and_is_idempotent(store: Documents) -> None:
    journal = Journal(store)
    entries = [event(f"r@{n:05d}", n) for n in range(1500)]
    assert await journal.record_many(entries[:700]) == [True] * 700
    assert await journal.record_many(entries) == [False] * 700 + [True] * 800
    assert await replayed(journal) == [held.id for held in entries]


async def test_strange_event_ids_are_kept_too_and_apart(store: Documents) -> None:
    journal = Journal(store)
    strange = ["line\nbreak", "line\tbreak", "x" * 1000, "Đà Nẵng 😀"]
    for number, id in enumerate(strange):
        assert await journal.record(event(id, number))
    assert await replayed(journal) == strange
