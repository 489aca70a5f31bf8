"""Publishing: acknowledged or an error of ours, bounded in time and number, safe to repeat."""

from __future__ import annotations

import asyncio
import time

import pytest

from shared.errors import Permanent, Transient
from shared.nats.acknowledgements import Acknowledgements
from shared.nats.connection import Connection
from shared.nats.publisher import IN_FLIGHT_MAX, Publisher
from shared.nats.streams import stream_info
from tests.contract.nats.world import STREAM, ensure_streams, event
from tests.support.nats_server import NatsServer
from tests.support.waiting import until

pytestmark = pytest.mark.anyio

SUBJECT = "tiendo.report.changed.v1.u1"


async def test_each_publish_gets_its_own_answer(connection: Connection) -> None:
    await ensure_streams(connection)
    publisher = Publisher(connection)
    told = await asyncio.gather(*(publisher.publish(SUBJECT, b"{}", message_id=f"m{n}") for n in range(300)))
    assert sorted(one.sequence for one in told) == list(range(1, 301))
    assert {one.stream for one in told} == {STREAM.name}
    again = await publisher.publish(SUBJECT, b"{}", message_id="m7")
    assert (again.sequence, again.duplicate) == (told[7].sequence, True)
    assert publisher.last_sequences == {STREAM.name: 300}


async def test_never_more_than_64_are_in_flight(connection: Connection) -> None:
    await ensure_streams(connection)
    most = 0

    class Watching(Acknowledgements):
        async def publish(self, *args: object) -> dict[str, object]:
            nonlocal most
            most = max(most, len(self._awaited) + 1)
            return await super().publish(*args)  # type: ignore[arg-type]

    publisher = Publisher(connection)
    publisher._broker = Watching(connection, seconds_max=2.0)
    await asyncio.gather(*(publisher.publish_event(event(n)) for n in range(400)))
    assert most <= IN_FLIGHT_MAX


async def test_what_no_stream_takes_is_transient(connection: Connection) -> None:
    with pytest.raises(Transient, match="no stream"):
        await Publisher(connection, retry_seconds_max=0.0).publish(SUBJECT, b"{}", message_id="m")


@pytest.mark.parametrize("subject", ["", "with blank", "line\r\nPUB x 0"])
async def test_a_bad_subject_is_permanent(connection: Connection, subject: str) -> None:
    with pytest.raises(Permanent):
        await Publisher(connection).publish(subject, b"{}", message_id="m")


async def test_what_is_too_large_is_permanent(connection: Connection) -> None:
    await ensure_streams(connection)
    with pytest.raises(Permanent, match="too large"):
        await Publisher(connection).publish(SUBJECT, b"x" * 300_000, message_id="m")
    with pytest.raises(Permanent):
        await Publisher(connection).publish(SUBJECT, b"x" * 2_000_000, message_id="m")


async def test_an_answer_that_does_not_come_is_transient_in_time(connection: Connection) -> None:
    await connection.client.subscribe("silent.>")  # takes it and never answers
    asking = Acknowledgements(connection, seconds_max=0.3)
    began = time.monotonic()
    tried = [asking.publish("silent.x", b"{}", {"Nats-Msg-Id": str(n)}) for n in range(5)]
    answers = await asyncio.gather(*tried, return_exceptions=True)
    assert all(isinstance(answer, Transient) and "no answer" in str(answer) for answer in answers)
    assert 0.3 <= time.monotonic() - began < 2
    assert not asking._awaited


async def test_an_answer_that_is_no_acknowledgement_is_transient(connection: Connection) -> None:
    async def answer(message: object) -> None:
        await message.respond(b"hello")  # type: ignore[attr-defined]

    await connection.client.subscribe("chatty.>", cb=answer)
    with pytest.raises(Transient, match="no acknowledgement"):
        await Acknowledgements(connection, seconds_max=1.0).publish("chatty.x", b"{}", {})


async def test_a_lost_connection_is_known_at_once_and_the_retry_keeps_its_id(
    server: NatsServer, connection: Connection
) -> None:
    await ensure_streams(connection)
    publisher = Publisher(connection)
    await publisher.publish_event(event(0))
    await connection.client.subscribe("silent.>")
    asking = Acknowledgements(connection, seconds_max=60.0)
    unanswered = asyncio.ensure_future(asking.publish("silent.x", b"{}", {}))
    await until(lambda: len(asking._awaited) == 1)
    server.kill()
    with pytest.raises(Transient, match="connection was lost"):
        await asyncio.wait_for(unanswered, 10)
    server.start()
    told = await publisher.publish_event(event(0))
    assert (told.sequence, told.duplicate) == (1, True)
    assert (await stream_info(connection, STREAM.name))["state"]["messages"] == 1
