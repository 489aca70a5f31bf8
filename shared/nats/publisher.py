"""Publishing events: always through JetStream, always acknowledged, at most 64 in flight.

A timeout means "unknown", so a retry carries the same message id and the broker drops the copy. Events are never
published on core NATS, where nobody would notice a loss.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from shared.errors import Transient
from shared.nats.acknowledgements import Acknowledgements
from shared.nats.connection import Connection
from shared.store.pending import OutgoingEvent

IN_FLIGHT_MAX = 64
ATTEMPT_SECONDS_MAX = 2.0
FIRST_DELAY_SECONDS = 0.05
DELAY_SECONDS_MAX = 1.0


@dataclass(frozen=True, slots=True)
class Published:
    """Where the broker stored a message; `duplicate` says that it already had one with this id."""

    stream: str
    sequence: int
    duplicate: bool


class Publisher:
    """Publishes with acknowledgement. `retry_seconds_max` bounds how long one publish is tried."""

    def __init__(self, connection: Connection, *, retry_seconds_max: float = 10.0) -> None:
        self.connection = connection
        self.last_sequences: dict[str, int] = {}
        """Stream -> highest sequence that the broker acknowledged to us."""
        self._retry_seconds_max = retry_seconds_max
        self._slots = asyncio.Semaphore(IN_FLIGHT_MAX)
        self._broker = Acknowledgements(connection, seconds_max=ATTEMPT_SECONDS_MAX)

    async def publish(
        self, subject: str, body: bytes, *, message_id: str, headers: Mapping[str, str] | None = None
    ) -> Published:
        """Return once the broker has stored the message.

        `Transient` when it did not within the bound (it may have stored it all the same), `Permanent` when it
        never will: too large, a bad subject.
        """
        sent = {**(headers or {}), "Nats-Msg-Id": message_id}
        give_up = time.monotonic() + self._retry_seconds_max
        delay = FIRST_DELAY_SECONDS
        async with self._slots:
            while True:
                try:
                    return await self._once(subject, body, sent)
                except Transient:
                    if time.monotonic() + delay > give_up:
                        raise
                await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311 (jitter, not a secret)
                delay = min(delay * 2, DELAY_SECONDS_MAX)

    async def publish_event(self, event: OutgoingEvent, *, message_id: str | None = None) -> Published:
        """Publish an event's text as it is: message id = event id, and its `traceparent` as a header."""
        headers = {"Content-Type": "application/cloudevents+json"}
        if event.traceparent:
            headers["traceparent"] = event.traceparent
        body = event.body.encode()
        return await self.publish(event.subject, body, message_id=message_id or event.id, headers=headers)

    async def publish_in_order(self, events: Iterable[OutgoingEvent]) -> None:
        """Publish events with the same key one after the other, different keys in parallel. First error is raised."""
        by_key = groupby(sorted(events, key=lambda event: event.key), key=lambda event: event.key)
        lines = [self._one_after_the_other(list(same_key)) for _, same_key in by_key]
        for outcome in await asyncio.gather(*lines, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _one_after_the_other(self, events: list[OutgoingEvent]) -> None:
        for event in events:
            await self.publish_event(event)

    async def _once(self, subject: str, body: bytes, headers: dict[str, str]) -> Published:
        said = await self._broker.publish(subject, body, headers)
        stream, sequence = said["stream"], said["seq"]
        if sequence > self.last_sequences.get(stream, 0):
            self.last_sequences[stream] = sequence
        return Published(stream, sequence, bool(said.get("duplicate")))
