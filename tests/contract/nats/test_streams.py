"""Streams and consumers as declared: created once, compared with what the broker echoes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from shared.errors import Permanent, Transient
from shared.nats.connection import Connection, connect
from shared.nats.jetstream_api import Absent, api_request
from shared.nats.publisher import Publisher
from shared.nats.streams import COMMON, OWNED, ConfigurationDrift, StreamSpec, ensure_consumer, ensure_stream
from tests.contract.nats.world import SPEC, STREAM, ensure_streams, event
from tests.support.nats_server import NatsServer, free_port

pytestmark = pytest.mark.anyio


async def test_all_declared_streams_fit_a_local_server_and_are_created_once(connection: Connection) -> None:
    for spec in (*OWNED, *COMMON):
        first = await ensure_stream(connection, spec)
        again = await ensure_stream(connection, spec)
        assert again["created"] == first["created"]


async def test_a_stream_that_differs_is_refused_and_each_field_named(connection: Connection) -> None:
    await ensure_stream(connection, STREAM)
    with pytest.raises(ConfigurationDrift) as caught:
        await ensure_stream(connection, replace(STREAM, age_max_seconds=60, subjects=("tiendo.report.>",)))
    assert set(caught.value.fields) == {"max_age", "subjects"}


async def test_a_stream_of_an_older_version_is_given_the_subjects_that_are_new(connection: Connection) -> None:
    older = replace(STREAM, subjects=STREAM.subjects[:1])
    first = await ensure_stream(connection, older)
    with pytest.raises(ConfigurationDrift):
        await ensure_stream(connection, STREAM, may_create=False)
    grown = await ensure_stream(connection, STREAM)
    assert (grown["created"], set(grown["config"]["subjects"])) == (first["created"], set(STREAM.subjects))
    with pytest.raises(ConfigurationDrift):
        await ensure_stream(connection, older)


async def test_a_consumer_that_differs_is_refused(connection: Connection) -> None:
    await ensure_stream(connection, STREAM)
    await ensure_consumer(connection, SPEC)
    await ensure_consumer(connection, SPEC)
    with pytest.raises(ConfigurationDrift, match="ack_wait"):
        await ensure_consumer(connection, replace(SPEC, ack_wait_seconds=7.0))


async def test_who_may_not_create_a_stream_is_told_that_it_is_absent(connection: Connection) -> None:
    with pytest.raises(Absent):
        await ensure_stream(connection, STREAM, may_create=False)


async def test_the_stream_refuses_delete_and_purge(connection: Connection) -> None:
    await ensure_streams(connection)
    await Publisher(connection).publish_event(event(1))
    for operation, body in (("STREAM.PURGE.INTAKE", {}), ("STREAM.MSG.DELETE.INTAKE", {"seq": 1})):
        with pytest.raises((Permanent, Transient)):
            await api_request(connection, operation, body)
    assert (await ensure_stream(connection, STREAM))["state"]["messages"] == 1


async def test_a_repeated_message_id_is_stored_once(connection: Connection) -> None:
    await ensure_streams(connection)
    publisher = Publisher(connection)
    first = await publisher.publish_event(event(1))
    second = await publisher.publish_event(event(1))
    assert (first.duplicate, second.duplicate, second.sequence) == (False, True, first.sequence)


async def test_what_is_too_large_is_permanent_and_what_nobody_stores_is_transient(connection: Connection) -> None:
    await ensure_streams(connection)
    publisher = Publisher(connection, retry_seconds_max=0.3)
    for size in (STREAM.message_bytes_max + 1, 2 * 1024 * 1024):
        with pytest.raises(Permanent):
            await publisher.publish("tiendo.report.changed.v1.u1", b"x" * size, message_id="large")
    with pytest.raises(Transient):
        await publisher.publish("tiendo.score.changed.v1.u1", b"{}", message_id="no-stream")


async def test_a_full_stream_refuses_instead_of_forgetting(connection: Connection) -> None:
    await ensure_stream(connection, StreamSpec("SMALL", ("small.>",), messages_max=2))
    publisher = Publisher(connection, retry_seconds_max=0.2)
    for number in range(2):
        await publisher.publish("small.a", b"{}", message_id=f"m{number}")
    with pytest.raises(Transient, match="maximum messages"):
        await publisher.publish("small.a", b"{}", message_id="m2")


async def test_connecting_to_nobody_is_transient_and_bounded(tmp_path: Path) -> None:
    with pytest.raises(Transient, match="does not answer"):
        await connect(url=f"nats://127.0.0.1:{free_port()}", name="test", connect_seconds_max=0.5)


async def test_closing_never_hangs_when_the_broker_is_gone(server: NatsServer) -> None:
    connection = await connect(url=server.url, name="test")
    server.kill()
    await connection.aclose()
    await connection.aclose()
    assert not connection.is_connected
