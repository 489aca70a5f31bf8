"""With a real broker: what intake accepts is on its stream."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import nats
import orjson
import pytest

from services.intake.main import compose
from shared.clock import FixedClock, from_iso
from shared.events.catalog import read
from shared.events.envelope import Envelope
from shared.events.report import ReportState
from shared.nats.streams import SCORING
from tests.services.intake.running import STARTS, Running, settings
from tests.services.intake.small_plan import monthly
from tests.support.nats_server import NatsServer
from tests.support.streams import provide_streams
from tests.support.waiting import until

pytestmark = pytest.mark.anyio


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path / "nats").start()
    provide_streams(server.url, SCORING)
    try:
        yield server
    finally:
        server.stop()


async def test_an_accepted_report_is_announced_with_its_obligation(broker: NatsServer, tmp_path: Path) -> None:
    clock = FixedClock(from_iso(STARTS))
    intake = await compose(settings(tmp_path, nats_url=broker.url, schedule_seconds=0.05), clock=clock)
    await intake.start()
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(intake.app), base_url="http://intake") as http:
            service = Running(intake, clock, http)
            await service.publish()
            await service.put_unit("U1")
            answer = await service.post(monthly())
            assert answer.status_code == 201
            await until(lambda: _settled(service))
            envelopes = await _stream(broker, "U1")
            ready = await http.get("/readyz")
            assert (ready.status_code, ready.json()["ready"]) == (200, True)
    finally:
        await intake.stop()
    reports = [read(held) for held in envelopes if held.type == "report.changed.v1"]
    assert [type(state) for state in reports] == [ReportState]
    march = [held for held in envelopes if held.subject == "obligation-SMALL-MONTHLY-U1-2011-M03"]
    assert [(held.revision, held.data["outcome"]) for held in march] == [(1, "PENDING"), (2, "FULFILLED")]
    assert {held.id for held in envelopes if held.type == "unit.changed.v1"} == {"unit-U1@1"}


async def _settled(service: Running) -> bool:
    held: dict[str, Any] = await service.get("/internal/settled")
    idle = held["outbox"] == held["dirty"] == held["unprocessed"] == 0
    return idle and bool(held["schedule_ms"] == service.clock.now_ms())


async def _stream(broker: NatsServer, key: str) -> list[Envelope]:
    """Every event with this key that the stream holds, in order."""
    connection = await nats.connect(broker.url)
    try:
        stream = connection.jetstream()
        last = (await stream.stream_info("INTAKE")).state.last_seq
        messages = [await stream.get_msg("INTAKE", seq=number) for number in range(1, last + 1)]
        mine = [message.data or b"" for message in messages if (message.subject or "").endswith(f".{key}")]
        return [Envelope.model_validate(orjson.loads(data)) for data in mine]
    finally:
        await asyncio.wait_for(connection.close(), 5)
