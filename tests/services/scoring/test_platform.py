"""The composed service on a real broker: events in, events out, an exact barrier, a quick stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from services.scoring.main import Scoring, compose
from services.scoring.settings import Settings
from shared.clock import FixedClock
from shared.events.catalog import compose as compose_event
from shared.events.catalog import read
from shared.nats.connection import connect
from shared.nats.publisher import Publisher
from shared.nats.streams import INTAKE, NOTIFY, ensure_stream, stream_info
from shared.store.pending import outgoing
from tests.services.scoring.test_recompute import world
from tests.services.scoring.world import END_MS
from tests.support.nats_server import NatsServer

pytestmark = pytest.mark.anyio


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path / "nats").start()
    yield server
    server.stop()


@pytest.fixture
async def scoring(server: NatsServer, tmp_path: Path) -> AsyncIterator[Scoring]:
    settings = Settings(
        store_url=f"sqlite://{tmp_path}/scoring.sqlite3",
        token_secret=SecretStr("0123456789abcdef0123456789abcdef"),
        nats_url=server.url,
        schedule_seconds=0.05,
        debounce_seconds=0.05,
        log_level="error",
    )
    made = await compose(settings, clock=FixedClock(END_MS))
    await made.start()
    yield made
    started = time.monotonic()
    await made.stop()
    assert time.monotonic() - started < 5


async def test_reports_become_announced_scores(server: NatsServer, scoring: Scoring) -> None:
    outside = await connect(url=server.url, name="intake")
    await ensure_stream(outside, INTAKE)
    await ensure_stream(outside, NOTIFY)
    events = [outgoing(compose_event(read(one), at=one.time)) for one in world()]
    await Publisher(outside).publish_in_order(events)
    transport = httpx.ASGITransport(app=scoring.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://scoring") as http:
        assert await _settled(http, 30)
        assert (await http.get("/readyz")).status_code == 200
    saved = await scoring.handlers.answer.evaluation("TEST", 2011, peer_group=None, limit=10, cursor=None)
    assert saved is not None
    assert (saved["units"], saved["ranked"]) == (5, 5)
    announced = (await stream_info(outside, "SCORING"))["state"]["messages"]
    revisions = sum(row["revision"] for row in saved["items"]) + saved["revision"]
    assert announced == revisions, "when the barrier opens everything is announced"
    await outside.aclose()


async def _settled(http: httpx.AsyncClient, seconds: float) -> bool:
    """Whether the barrier opens twice in a row within the time, with a pass of the schedule at the clock's instant."""
    deadline = time.monotonic() + seconds
    calm = 0
    while calm < 2 and time.monotonic() < deadline:
        told = (await http.get("/internal/settled")).json()
        busy = told["outbox"] + told["unprocessed"] + told["dirty"]
        calm = calm + 1 if busy == 0 and told["schedule_ms"] == END_MS else 0
        await asyncio.sleep(0.02)
    return calm >= 2
