"""Linking and mending side by side: a version gets one link, whatever comes between what."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from services.intake.domain.receipts import Accepted
from services.intake.handlers.receipts import Receipts
from shared.errors import Transient

pytestmark = pytest.mark.anyio

ONE = Accepted("P", "report-1", 1, "a" * 64, 5)


class Slow:
    """A chain in memory. `during`: what happens once while it is asked, or once while it appends."""

    def __init__(self) -> None:
        self.links: list[Accepted] = []
        self.while_asked: Callable[[], Any] = lambda: None
        self.while_appending: Callable[[], Any] = lambda: None

    async def append(self, plan: str, accepted: Sequence[Accepted]) -> None:
        happens, self.while_appending = self.while_appending, lambda: None
        happens()
        await asyncio.sleep(0)
        self.links += accepted

    async def complete(self, plan: str) -> None:
        return

    async def versions_of(self, report: str) -> set[int]:
        found = {one.version for one in self.links if one.report == report}
        happens, self.while_asked = self.while_asked, lambda: None
        happens()
        await asyncio.sleep(0)
        return found


def failing() -> None:
    raise Transient("no answer")


@pytest.fixture
def chain() -> Slow:
    return Slow()


@pytest.fixture
def receipts(chain: Slow) -> Receipts:
    store: Any = chain
    return Receipts(store)


async def test_a_version_that_is_noted_while_the_store_is_asked_is_linked_once(chain: Slow, receipts: Receipts) -> None:
    chain.while_asked = lambda: receipts.noted(ONE)
    assert await receipts.link_missing([ONE]) == 0
    assert await receipts.link_due(0) == 1
    assert chain.links == [ONE]


async def test_a_version_that_is_noted_after_it_was_made_up_is_linked_once(chain: Slow, receipts: Receipts) -> None:
    chain.while_appending = lambda: receipts.noted(ONE)
    assert await receipts.link_missing([ONE]) == 1
    assert await receipts.link_due(0) == receipts.waiting == 0
    assert chain.links == [ONE]


async def test_a_version_that_is_being_linked_is_not_made_up(chain: Slow, receipts: Receipts) -> None:
    mending: list[asyncio.Task[int]] = []
    receipts.noted(ONE)
    chain.while_appending = lambda: mending.append(asyncio.create_task(receipts.link_missing([ONE])))
    assert await receipts.link_due(0) == 1
    assert await mending[0] == 0
    assert chain.links == [ONE]


async def test_what_could_not_be_made_up_is_made_up_the_next_time(chain: Slow, receipts: Receipts) -> None:
    chain.while_appending = failing
    with pytest.raises(Transient):
        await receipts.link_missing([ONE])
    assert await receipts.link_missing([ONE]) == 1
    assert chain.links == [ONE]
