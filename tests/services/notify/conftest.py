"""The service in this process: embedded store, a real SMTP server, a clock that stands still. No broker."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.notify.domain.deliveries import Delivery
from services.notify.main import Notify, compose
from services.notify.settings import NotifySettings
from shared.clock import FixedClock
from shared.events.base import State
from tests.services.notify import samples
from tests.services.notify.post import Post, post_office

SECRET = "a secret of the tests, long enough to sign"


@dataclass(slots=True)
class Running:
    """The service with what surrounds it."""

    notify: Notify
    clock: FixedClock
    post: Post

    async def hear(self, *states: State) -> None:
        """Deliver events, in this order."""
        for state in states:
            await self.notify.work.follow.follow(samples.envelope(state))

    async def go(self, moment: str | int) -> None:
        """Move the clock to a local time (or epoch ms) and make one pass, which must leave nothing due."""
        self.clock.set(samples.at(moment) if isinstance(moment, str) else moment)
        await self.notify.schedule.run_once()
        assert self.notify.schedule.faults == {}
        assert self.notify.schedule.passed_ms == self.clock.now_ms()
        assert await self.notify.books.due(self.clock.now_ms()) == 0

    async def decisions(self, obligation: str) -> dict[str, tuple[str, str]]:
        """Rung -> (status, named reason)."""
        rows = await self.notify.books.reminders.of_obligation(obligation)
        return {row.rung: (row.status, row.decision) for row in rows}

    async def deliveries(self) -> list[Delivery]:
        found, _ = await self.notify.books.deliveries.page(kind=None, status=None, limit=500, cursor=None)
        return found


Starter = Callable[..., AbstractAsyncContextManager[Running]]


@pytest.fixture
def start(tmp_path: Path) -> Starter:
    """Composes the service on one store; a second start on the same store is a restart or a second instance."""

    @contextlib.asynccontextmanager
    async def starter(post: Post, clock: FixedClock, **more: Any) -> AsyncIterator[Running]:
        settings = NotifySettings(
            store_url=f"sqlite://{tmp_path}/notify.sqlite3",
            token_secret=SECRET,
            smtp_port=post.port,
            smtp_timeout_seconds=2.0,
            **more,
        )
        notify = await compose(settings, clock=clock)
        try:
            yield Running(notify, clock, post)
        finally:
            await notify.stop()

    return starter


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    async with post_office() as office:
        yield office


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(samples.at("2011-01-03 08:00"))


@pytest.fixture
async def running(start: Starter, post: Post, clock: FixedClock) -> AsyncIterator[Running]:
    async with start(post, clock) as service:
        yield service
