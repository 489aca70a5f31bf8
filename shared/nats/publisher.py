"""Publishing events: always through JetStream, always acknowledged, at most 64 in flight.

A timeout means "unknown", so a retry carries the same message id and the broker drops the copy. Events are never
published on core NATS, where nobody would notice a loss.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import orjson
from nats import errors
from nats.js import errors as js_errors

from shared.errors import Permanent, Transient
from shared.nats.connection import Connection

IN_FLIGHT_MAX = 64
ATTEMPT_SECONDS_MAX = 2.0
FIRST_DELAY_SECONDS = 0.05
DELAY_SECONDS_MAX = 1.0
TOO_LARGE = 10054
"""JetStream's error code: the message exceeds the stream's `max_msg_size`."""


@dataclass(frozen=True, slots=True)
class Published:
    """Where the broker stored a message; `duplicate` says that it already had one with this id."""

    stream: str
    sequence: int
    duplicate: bool


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """One event to publish: the broker subject, and the envelope as a plain dict with at least `id`.

    `at_ms`: since when it waits (epoch milliseconds), 0 when nobody knows.
    """

    subject: str
    envelope: Mapping[str, Any] = field(repr=False)
    at_ms: int = 0

    @property
    def id(self) -> str:
        return str(self.envelope["id"])

    @property
    def key(self) -> str:
        """What order is kept by: the last token of the subject."""
        return self.subject.rsplit(".", 1)[-1]


class Publisher:
    """Publishes with acknowledgement. `retry_seconds_max` bounds how long one publish is tried."""

    def __init__(self, connection: Connection, *, retry_seconds_max: float = 10.0) -> None:
        self.connection = connection
        self.last_sequences: dict[str, int] = {}
        """Stream -> highest sequence that the broker acknowledged to us."""
        self._retry_seconds_max = retry_seconds_max
        self._slots = asyncio.Semaphore(IN_FLIGHT_MAX)

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
        """Publish an envelope: message id = event id, and its `traceparent` as a header."""
        trace = event.envelope.get("traceparent")
        headers = {"Content-Type": "application/cloudevents+json", **({"traceparent": trace} if trace else {})}
        body = orjson.dumps(event.envelope)
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
        if not self.connection.is_connected:  # else the driver buffers it and we wait for a whole timeout
            raise Transient(f"not connected to the broker; nobody stores {subject}")
        try:
            ack = await self.connection.jetstream.publish(subject, body, timeout=ATTEMPT_SECONDS_MAX, headers=headers)
        except js_errors.APIError as err:
            if err.err_code == TOO_LARGE:
                raise Permanent(f"too large for {subject}: {len(body)} bytes; {err.description}") from err
            raise Transient(f"broker could not store {subject}: {err.description}") from err
        except (errors.MaxPayloadError, errors.BadSubjectError, errors.BadHeaderError, ValueError) as err:
            raise Permanent(f"cannot be published on {subject}: {err}") from err
        except (errors.Error, TimeoutError, OSError) as err:
            raise Transient(f"broker did not acknowledge {subject}: {err or type(err).__name__}") from err
        self.last_sequences[ack.stream] = max(ack.seq, self.last_sequences.get(ack.stream, 0))
        return Published(ack.stream, ack.seq, bool(ack.duplicate))
