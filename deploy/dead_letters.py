"""Dead letters from the command line: list, replay one, discard one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from deploy.local.layout import Layout
from shared.clock import SystemClock, iso
from shared.nats.connection import Connection
from shared.nats.dead_letter import discard, handled_sequences, list_dead_letters, replay
from shared.nats.publisher import Publisher


class Row(NamedTuple):
    """One dead letter as `tiendo dead-letters list` shows it."""

    sequence: int | None
    consumer: str
    subject: str
    attempts: int
    reason: str
    last_failed: str
    state: str


async def list_all(layout: Layout, *, limit: int) -> list[Row]:
    """The oldest dead letters first; those dealt with say so."""
    async with _connected(layout) as connection:
        handled = await handled_sequences(connection)
        page = await list_dead_letters(connection, limit=limit, include_handled=True)
    return [
        Row(
            letter.sequence,
            letter.consumer,
            letter.subject,
            letter.attempts,
            letter.reason,
            iso(letter.last_failed_ms),
            "dealt with" if letter.sequence in handled else "open",
        )
        for letter in page.letters
    ]


async def replay_one(layout: Layout, sequence: int) -> None:
    """Publish the letter on its original subject again."""
    async with _connected(layout) as connection:
        await replay(Publisher(connection), sequence, clock=SystemClock())


async def discard_one(layout: Layout, sequence: int, reason: str) -> None:
    """Record that the letter needs nothing more."""
    async with _connected(layout) as connection:
        await discard(Publisher(connection), sequence, reason=reason, clock=SystemClock())


@asynccontextmanager
async def _connected(layout: Layout) -> AsyncIterator[Connection]:
    connection = Connection(url=layout.nats_url, name="operator")
    await connection.open(connect_seconds_max=5.0)
    try:
        yield connection
    finally:
        await connection.aclose()
