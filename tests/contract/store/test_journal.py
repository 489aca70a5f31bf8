"""The journal keeps every event once and gives them back in order."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import Misuse
from shared.store.documents import Documents
from shared.store.journal import Journal

pytestmark = pytest.mark.anyio


def envelope(id: str, **data: Any) -> dict[str, Any]:
    return {"id": id, "type": "report.accepted.v1", "traceparent": None, "data": data}


async def replayed(journal: Journal, **bounds: Any) -> list[str]:
    return [held["id"] async for _, held in journal.replay(**bounds)]


async def test_replay_is_in_order_of_instant_then_id_whatever_the_page(store: Documents) -> None:
    journal = Journal(store)
    for id, at_ms in (("c@1", 5), ("b@1", 7), ("a@1", 7), ("d@1", 1), ("e@1", 7)):
        assert await journal.record("tiendo.x", envelope(id), at_ms)
    for page_size in (1, 2, 3, 500):
        assert await replayed(journal, page_size=page_size) == ["d@1", "c@1", "a@1", "b@1", "e@1"]
    assert await replayed(journal, since_ms=5, before_ms=7) == ["c@1"]
    assert await replayed(journal, since_ms=7) == ["a@1", "b@1", "e@1"]


async def test_an_event_is_kept_once_and_the_first_record_stands(store: Documents) -> None:
    journal = Journal(store)
    assert await journal.record("tiendo.first", envelope("a@1", n=1), 5)
    assert not await journal.record("tiendo.second", envelope("a@1", n=2), 6)
    assert [held async for held in journal.replay()] == [("tiendo.first", envelope("a@1", n=1))]


async def test_record_many_goes_past_one_batch_and_is_idempotent(store: Documents) -> None:
    journal = Journal(store)
    entries = [("tiendo.x", envelope(f"r@{n:05d}"), n) for n in range(1500)]
    assert await journal.record_many(entries[:700]) == [True] * 700
    assert await journal.record_many(entries) == [False] * 700 + [True] * 800
    assert await replayed(journal) == [held["id"] for _, held, _ in entries]


async def test_strange_event_ids_are_kept_too_and_apart(store: Documents) -> None:
    journal = Journal(store)
    strange = ["line\nbreak", "line\tbreak", "x" * 1000, "Đà Nẵng 😀"]
    for number, id in enumerate(strange):
        assert await journal.record("tiendo.x", envelope(id), number)
    assert await replayed(journal) == strange


async def test_an_envelope_without_id_is_misuse(store: Documents) -> None:
    with pytest.raises(Misuse):
        await Journal(store).record("tiendo.x", {"data": {}}, 1)
