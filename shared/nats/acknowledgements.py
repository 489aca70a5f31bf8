"""Publishing with one inbox for all of the broker's answers, held to one timer.

The driver's `jetstream.publish` makes a random inbox, a timer and a wake-up of its own queue for every message. Here a
message's reply subject is the inbox and a number; the answer finds its future by that number. The driver hands
messages of a subscription to `set_result` of the future that it was made with, at once and on the reader's turn: ours
is an object that takes any number of them.

A timeout stays "unknown": the broker may have stored the message. What is under way when the connection is lost is
unknown at once, nobody will answer it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import orjson
from nats import errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from shared.errors import Permanent, Transient
from shared.nats.connection import Connection

TOO_LARGE = 10054
"""JetStream's error code: the message exceeds the stream's `max_msg_size`."""
SWEEP_SECONDS = 0.25

Answer = dict[str, Any]


class Acknowledgements:
    """Publishes on one connection and waits for the broker's answers. Used from one event loop."""

    def __init__(self, connection: Connection, *, seconds_max: float) -> None:
        self._connection = connection
        self._seconds_max = seconds_max
        self._client: Client | None = None
        self._inbox = ""
        self._subscribing = asyncio.Lock()
        self._number = 0
        self._awaited: dict[str, tuple[asyncio.Future[Msg], float]] = {}
        self._sweep: asyncio.TimerHandle | None = None
        connection.on_disconnect(self._lost)

    async def publish(self, subject: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """The broker's answer (`stream`, `seq`, `duplicate`). Transient or Permanent as `Publisher.publish` says."""
        if not self._connection.is_connected:  # else the driver buffers it and we wait for a whole timeout
            raise Transient(f"not connected to the broker; nobody stores {subject}")
        try:
            message = await self._ask(subject, body, dict(headers))
        except (errors.MaxPayloadError, errors.BadSubjectError, errors.BadHeaderError, ValueError) as err:
            raise Permanent(f"cannot be published on {subject}: {err}") from err
        except (errors.Error, TimeoutError, OSError) as err:
            raise Transient(f"broker did not acknowledge {subject}: {err or type(err).__name__}") from err
        if message.headers and message.headers.get("Status") == "503":
            raise Transient(f"broker did not acknowledge {subject}: no stream takes it")
        return _acknowledged(subject, body, message.data)

    async def _ask(self, subject: str, body: bytes, headers: dict[str, str]) -> Msg:
        client = self._connection.client
        if client is not self._client:
            await self._subscribe(client)
        self._number += 1
        token = str(self._number)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Msg] = loop.create_future()
        self._awaited[token] = (answer, loop.time() + self._seconds_max)
        if self._sweep is None:
            self._sweep = loop.call_later(SWEEP_SECONDS, self._sweep_late)
        try:
            await client.publish(subject, body, reply=self._inbox + token, headers=headers)
            return await answer
        finally:
            self._awaited.pop(token, None)

    async def _subscribe(self, client: Client) -> None:
        async with self._subscribing:
            if client is not self._client:
                self._inbox = f"{client.new_inbox()}."
                await client.subscribe(f"{self._inbox}*", future=cast("asyncio.Future[Msg]", _Sink(self._answered)))
                self._client = client

    def _answered(self, message: Msg) -> None:
        found = self._awaited.get(message.subject[len(self._inbox) :])
        if found is not None and not found[0].done():
            found[0].set_result(message)

    def _sweep_late(self) -> None:
        """All wait equally long, so the oldest are in front."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for answer, until in self._awaited.values():
            if until > now:
                break
            if not answer.done():
                answer.set_exception(TimeoutError("no answer in time"))
        self._sweep = loop.call_later(SWEEP_SECONDS, self._sweep_late) if self._awaited else None

    def _lost(self) -> None:
        for answer, _ in self._awaited.values():
            if not answer.done():
                answer.set_exception(TimeoutError("the connection was lost"))


class _Sink:
    """What the driver takes for the future of a subscription."""

    def __init__(self, take: Any) -> None:
        self.set_result = take

    def cancelled(self) -> bool:
        return False


def _acknowledged(subject: str, body: bytes, answer: bytes) -> Answer:
    try:
        said: Answer = orjson.loads(answer)
    except orjson.JSONDecodeError as err:
        raise Transient(f"broker gave no acknowledgement for {subject}: {answer[:100]!r}") from err
    error = said.get("error")
    if error is None:
        return said
    description = error.get("description")
    if error.get("err_code") == TOO_LARGE:
        raise Permanent(f"too large for {subject}: {len(body)} bytes; {description}")
    raise Transient(f"broker could not store {subject}: {description}")
