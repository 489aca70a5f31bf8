"""Streams of services that do not run here, made as `deploy.nats.provision` makes them in production."""

from __future__ import annotations

import asyncio

from shared.nats.connection import Connection
from shared.nats.streams import StreamSpec, ensure_stream

CONNECT_SECONDS_MAX = 15.0


async def ensure_streams(url: str, *specs: StreamSpec) -> None:
    """Make what is missing."""
    connection = Connection(url=url, name="provision")
    await connection.open(connect_seconds_max=CONNECT_SECONDS_MAX)
    try:
        for spec in specs:
            await ensure_stream(connection, spec)
    finally:
        await connection.aclose()


def provide_streams(url: str, *specs: StreamSpec) -> None:
    """The same from where no loop runs."""
    asyncio.run(ensure_streams(url, *specs))
