"""Attempts in the store: counted across instances, forgotten when asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.nats.attempts import ATTEMPTS, Failures, StoredAttempts
from shared.store.embedded import EmbeddedDocuments

pytestmark = pytest.mark.anyio


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[EmbeddedDocuments]:
    store = await EmbeddedDocuments.connect(tmp_path / "store.sqlite3", (ATTEMPTS,))
    yield store
    await store.aclose()


async def test_failures_add_up_by_consumer_and_message(store: EmbeddedDocuments) -> None:
    attempts = StoredAttempts(store)
    await attempts.failed("a", "m1", at_ms=1, error="x")
    assert await attempts.failed("a", "m1", at_ms=5, error="y") == Failures(2, 1, 5)
    assert await attempts.failed("b", "m1", at_ms=6, error="x") == Failures(1, 6, 6)
    assert await attempts.failing("a") == {"m1"}


async def test_two_instances_at_once_lose_no_count(store: EmbeddedDocuments) -> None:
    both = (StoredAttempts(store), StoredAttempts(store))
    await asyncio.gather(*(both[n % 2].failed("a", "m1", at_ms=n, error="x") for n in range(6)))
    assert (await both[0].failed("a", "m1", at_ms=9, error="x")).count == 7


async def test_what_is_forgotten_starts_anew(store: EmbeddedDocuments) -> None:
    attempts = StoredAttempts(store)
    await attempts.failed("a", "m1", at_ms=1, error="x")
    await attempts.forget("a", "m1")
    await attempts.forget("a", "never seen")
    assert await attempts.failing("a") == set()
    assert (await attempts.failed("a", "m1", at_ms=2, error="x")).count == 1
