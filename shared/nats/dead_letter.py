"""Dead letters: messages that a consumer gave up on, with why; listed, replayed or discarded by a person.

The stream of dead letters denies delete and purge, so what became of an entry is itself a message, in the stream
`DLQ_HANDLED` under `tiendo_dlq_handled.<created>.<sequence>`. That is as durable as the dead letters, needs no second
mechanism beside streams, keeps the history, and one request returns all handled numbers. `<created>` names the
incarnation of the dead-letter stream, so that a re-created stream does not inherit old records.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

import orjson

from shared.clock import Clock, from_iso, iso
from shared.errors import Permanent
from shared.nats.connection import Connection
from shared.nats.jetstream_api import Absent, api_request
from shared.nats.publisher import Published, Publisher
from shared.nats.streams import DLQ, DLQ_HANDLED, stream_info

LIST_LIMIT_MAX = 500
PREFIX = "tiendo_dlq"
HANDLED_PREFIX = "tiendo_dlq_handled"
HEADER_SAFE = " !#$&'()*+,-./:;<=>?@[]^_`{|}~\""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message that was given up on. Times are epoch milliseconds; `sequence` is None until it is stored."""

    consumer: str
    subject: str
    stream: str
    stream_sequence: int
    message_id: str
    reason: str
    error_type: str
    attempts: int
    first_failed_ms: int
    last_failed_ms: int
    body: bytes = field(repr=False)
    traceparent: str | None = None
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class DeadLetterPage:
    """Some dead letters, oldest first; `cursor` continues after them (None at the end)."""

    letters: list[DeadLetter]
    cursor: int | None


class DeadLetterBox:
    """Where a consumer puts what it gives up on."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    async def put(self, letter: DeadLetter, *, incarnation: str) -> Published:
        """Store the letter, body unchanged. The caller terminates the message only after this returned.

        `incarnation` tells this message from one with the same number in a stream made anew: repeating the call
        after a crash stores it once within the broker's duplicate window, and once more after it (harmless).
        """
        message_id = f"dlq/{letter.consumer}/{letter.stream}/{letter.stream_sequence}/{incarnation}"
        return await self._publisher.publish(
            f"{PREFIX}.{letter.consumer}.{letter.subject}",
            letter.body,
            message_id=message_id,
            headers=_headers(letter),
        )


async def list_dead_letters(
    connection: Connection,
    *,
    limit: int = 100,
    cursor: int | None = None,
    consumer: str | None = None,
    include_handled: bool = False,
) -> DeadLetterPage:
    """Dead letters after `cursor`, oldest first, by default those that nobody has replayed or discarded.

    1 <= limit <= LIST_LIMIT_MAX. One request per letter looked at.
    """
    if not 1 <= limit <= LIST_LIMIT_MAX:
        raise Permanent(f"limit must be 1 to {LIST_LIMIT_MAX}, not {limit}")
    handled = set() if include_handled else await handled_sequences(connection)
    pattern = f"{PREFIX}.{consumer}.>" if consumer else f"{PREFIX}.>"
    letters: list[DeadLetter] = []
    after = cursor or 0
    while len(letters) < limit:
        try:
            raw = await _stored(connection, {"seq": after + 1, "next_by_subj": pattern})
        except Absent:
            return DeadLetterPage(letters, None)
        after = raw["seq"]
        if after not in handled:
            letters.append(_letter(raw))
    return DeadLetterPage(letters, after)


async def replay(publisher: Publisher, sequence: int, *, clock: Clock) -> DeadLetter:
    """Publish a dead letter on its original subject again and record that.

    The envelope keeps its event id; only the broker's message id gets a suffix, for else the duplicate window could
    swallow it. Every consumer of the subject receives it again, which is harmless: effects are idempotent. A crash
    before the record leaves it listed; replaying it again does no harm. `Permanent` when there is no such letter.
    """
    letter = await get_dead_letter(publisher.connection, sequence)
    incarnation = await _incarnation(publisher.connection)
    headers = {"traceparent": letter.traceparent} if letter.traceparent else None
    await publisher.publish(
        letter.subject, letter.body, message_id=f"{letter.message_id}+dlq-{incarnation}-{sequence}", headers=headers
    )
    await _record(publisher, sequence, {"action": "replayed", "at": iso(clock.now_ms())})
    return letter


async def replay_all(publisher: Publisher, *, clock: Clock, consumer: str | None = None) -> int:
    """Replay every unhandled dead letter (of one consumer) that exists now; their number."""
    last = (await stream_info(publisher.connection, DLQ.name))["state"]["last_seq"]
    cursor: int | None = 0
    count = 0
    while cursor is not None:
        page = await list_dead_letters(publisher.connection, cursor=cursor, consumer=consumer)
        for letter in page.letters:
            if letter.sequence is None or letter.sequence > last:
                return count
            await replay(publisher, letter.sequence, clock=clock)
            count += 1
        cursor = page.cursor
    return count


async def discard(publisher: Publisher, sequence: int, *, reason: str, clock: Clock) -> DeadLetter:
    """Record that a dead letter needs nothing more, and why. `Permanent` when there is no such letter."""
    letter = await get_dead_letter(publisher.connection, sequence)
    await _record(publisher, sequence, {"action": "discarded", "reason": reason, "at": iso(clock.now_ms())})
    return letter


async def get_dead_letter(connection: Connection, sequence: int) -> DeadLetter:
    """One dead letter by its number; `Permanent` when there is none."""
    try:
        return _letter(await _stored(connection, {"seq": sequence}))
    except Absent as err:
        raise Permanent(f"there is no dead letter {sequence}") from err


async def handled_sequences(connection: Connection) -> set[int]:
    """Numbers of the dead letters that were replayed or discarded."""
    pattern = f"{HANDLED_PREFIX}.{await _incarnation(connection)}.*"
    found: set[int] = set()
    while True:
        asked = {"subjects_filter": pattern, "offset": len(found)}
        info = await api_request(connection, f"STREAM.INFO.{DLQ_HANDLED.name}", asked)
        page = info["state"].get("subjects") or {}
        before = len(found)
        found |= {int(subject.rsplit(".", 1)[1]) for subject in page}
        if len(found) == before or len(found) >= info.get("total", 0):
            return found


async def _record(publisher: Publisher, sequence: int, what: Mapping[str, Any]) -> None:
    subject = f"{HANDLED_PREFIX}.{await _incarnation(publisher.connection)}.{sequence}"
    await publisher.publish(subject, orjson.dumps(what), message_id=f"{subject}/{what['action']}/{what['at']}")


async def _incarnation(connection: Connection) -> str:
    created = (await stream_info(connection, DLQ.name))["created"]
    return "".join(c for c in created if c.isdigit())


async def _stored(connection: Connection, which: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = (await api_request(connection, f"STREAM.MSG.GET.{DLQ.name}", which))["message"]
    return message


def _headers(letter: DeadLetter) -> dict[str, str]:
    values = {
        "Tiendo-Reason": letter.reason,
        "Tiendo-Error-Type": letter.error_type,
        "Tiendo-Consumer": letter.consumer,
        "Tiendo-Subject": letter.subject,
        "Tiendo-Stream": letter.stream,
        "Tiendo-Stream-Sequence": str(letter.stream_sequence),
        "Tiendo-Message-Id": letter.message_id,
        "Tiendo-Attempts": str(letter.attempts),
        "Tiendo-First-Failed": iso(letter.first_failed_ms),
        "Tiendo-Last-Failed": iso(letter.last_failed_ms),
        **({"traceparent": letter.traceparent} if letter.traceparent else {}),
    }
    # Headers are lines of ASCII; a reason may quote Vietnamese text.
    return {name: quote(value, safe=HEADER_SAFE) for name, value in values.items()}


def _letter(raw: Mapping[str, Any]) -> DeadLetter:
    held = _parse_headers(base64.b64decode(raw.get("hdrs", "")))
    return DeadLetter(
        consumer=held["Tiendo-Consumer"],
        subject=held["Tiendo-Subject"],
        stream=held["Tiendo-Stream"],
        stream_sequence=int(held["Tiendo-Stream-Sequence"]),
        message_id=held["Tiendo-Message-Id"],
        reason=held["Tiendo-Reason"],
        error_type=held["Tiendo-Error-Type"],
        attempts=int(held["Tiendo-Attempts"]),
        first_failed_ms=from_iso(held["Tiendo-First-Failed"]),
        last_failed_ms=from_iso(held["Tiendo-Last-Failed"]),
        body=base64.b64decode(raw.get("data", "")),
        traceparent=held.get("traceparent"),
        sequence=raw["seq"],
    )


def _parse_headers(block: bytes) -> dict[str, str]:
    lines = block.decode("ascii").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if line)
    return {name: unquote(value.strip()) for name, _, value in pairs}
