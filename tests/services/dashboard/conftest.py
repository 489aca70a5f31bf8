"""A dashboard in this process: its own store, a fixed clock, no broker (events go straight to its handler)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from services.dashboard.main import Dashboard, compose
from services.dashboard.settings import Settings
from shared.clock import FixedClock
from shared.events.base import State
from shared.http.tokens import issue_token
from tests.support.sample_events import NOW_MS, envelope, plan_state, sample

SECRET = "a-secret-of-at-least-32-characters-for-tests"
NO_BROKER = "nats://127.0.0.1:1"
NO_NOTIFY = "http://127.0.0.1:1"


@dataclass
class Running:
    """A composed dashboard, a client that is signed in as an operator, and the clock."""

    dashboard: Dashboard
    client: httpx.AsyncClient
    clock: FixedClock

    async def apply(self, *states: State) -> None:
        """Hand the events of these states to the consumer's handler."""
        for state in states:
            await self.dashboard.apply(envelope(state, self.clock.now_ms()))

    async def text(self, path: str) -> str:
        """The body of a page that must be there."""
        answer = await self.client.get(path)
        assert answer.status_code == httpx.codes.OK, (path, answer.status_code, answer.text[:400])
        return answer.text

    def stranger(self) -> httpx.AsyncClient:
        """A client that is not signed in."""
        return client_of(self.dashboard)


def client_of(dashboard: Dashboard, token: str | None = None) -> httpx.AsyncClient:
    """A client of the application in this process."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    transport = httpx.ASGITransport(app=dashboard.app)
    return httpx.AsyncClient(transport=transport, base_url="http://dashboard.test", headers=headers)


def token(*roles: str, unit: str | None = None, plan: str | None = None) -> str:
    """A token that is valid for an hour."""
    return issue_token(
        SECRET,
        subject="minh@ttt.example",
        roles=roles or ("operator",),
        unit=unit,
        plan=plan,
        expires_at_ms=NOW_MS + 3_600_000,
        now_ms=NOW_MS,
    )


async def composed(folder: Path, *, notify_url: str = NO_NOTIFY) -> AsyncIterator[Running]:
    """A dashboard with an empty store in `folder`, stopped afterwards. Notify is away unless its URL is given."""
    settings = Settings(
        store_url=f"sqlite:///{folder / 'dashboard.sqlite3'}",
        token_secret=SECRET,
        nats_url=NO_BROKER,
        notify_url=notify_url,
        live_clients_max=2,
        log_level="error",
    )
    clock = FixedClock(NOW_MS)
    dashboard = await compose(settings, clock=clock)
    async with client_of(dashboard, token()) as client:
        yield Running(dashboard, client, clock)
    await dashboard.stop()


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Running]:
    """Before the first event."""
    async for running in composed(tmp_path):
        yield running


@pytest.fixture
async def planned(empty: Running) -> Running:
    """With the default plan and nothing else."""
    await empty.apply(plan_state(sample(rounds=1).plan))
    return empty


@pytest.fixture(scope="module")
async def filled(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """With the sample year, for tests that only read."""
    async for running in composed(tmp_path_factory.mktemp("dashboard")):
        for event in sample(rounds=2, step_days=30).envelopes():
            await running.dashboard.apply(event)
        yield running
