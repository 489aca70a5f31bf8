"""Carrying out what `settle` decides: acknowledge, give back with a delay, or bury as a dead letter."""

from __future__ import annotations

import contextlib

import structlog
from nats import errors
from nats.aio.msg import Msg

from shared.clock import Clock
from shared.errors import TiendoError
from shared.nats.attempts import AttemptLog, Failures
from shared.nats.dead_letter import DeadLetter, DeadLetterBox
from shared.nats.settle import RetryPolicy, Settlement, describe, is_invalid, settle

log = structlog.get_logger(__name__)


class Held:
    """A message in our hands."""

    def __init__(self, message: Msg) -> None:
        self.message = message
        meta = message.metadata
        stored_us = round(meta.timestamp.timestamp() * 1_000_000)
        self.place = (meta.sequence.stream, stored_us)
        """Sequence, and the microsecond of storing: unlike the sequence alone, unique across streams made anew."""
        self.sent_ms = stored_us // 1000
        given = (message.headers or {}).get("Nats-Msg-Id")
        self.message_id = given or f"{meta.stream}/{meta.sequence.stream}/{stored_us}"
        self.lane_key = message.subject.rsplit(".", 1)[-1].encode()

    async def give_back(self, delay_seconds: float) -> None:
        """Have it delivered again after a delay. Never without one: a bare nak makes a hot loop."""
        with contextlib.suppress(errors.Error, OSError):
            await self.message.nak(delay=delay_seconds)


class Outcomes:
    """Settles the messages of one consumer, with its attempts and its dead letters."""

    def __init__(
        self, consumer: str, attempts: AttemptLog, dead_letters: DeadLetterBox, clock: Clock, policy: RetryPolicy
    ) -> None:
        self._consumer = consumer
        self._attempts = attempts
        self._dead_letters = dead_letters
        self._clock = clock
        self._policy = policy
        self._failing: set[str] = set()
        self._loaded = False

    async def load(self) -> None:
        """Learn once which messages had failed before we started; store errors are raised."""
        if not self._loaded:
            self._failing |= await self._attempts.failing(self._consumer)
            self._loaded = True

    async def settle(self, held: Held, error: Exception | None) -> Settlement:
        """Decide and carry out. When that fails, because store or broker is away, the message is handled again."""
        try:
            return await self._settle(held, error)
        except (TiendoError, errors.Error, TimeoutError, OSError) as err:
            delay_seconds = self._policy.delays_seconds[0]
            why = describe(err)
            log.warning("outcome_not_recorded", consumer=self._consumer, message_id=held.message_id, reason=why)
            await held.give_back(delay_seconds)
            return Settlement("retry", f"outcome not recorded: {why}", delay_seconds)

    async def _settle(self, held: Held, error: Exception | None) -> Settlement:
        failures = await self._count(held, error)
        settlement = settle(error, failures.count, self._policy)
        match settlement.kind:
            case "ack":
                await self._forget(held)
                await held.message.ack()
            case "retry":
                await held.give_back(settlement.delay_seconds)
            case "dead_letter":
                await self._bury(held, settlement, error, failures)
        if error is not None:
            self._tell(held, error, settlement, failures)
        return settlement

    async def _count(self, held: Held, error: Exception | None) -> Failures:
        now_ms = self._clock.now_ms()
        if error is None:
            return Failures(0, now_ms, now_ms)
        self._failing.add(held.message_id)
        return await self._attempts.failed(self._consumer, held.message_id, at_ms=now_ms, error=describe(error))

    async def _forget(self, held: Held) -> None:
        # Another instance may have counted a failure: then the broker says that this is not the first delivery.
        if held.message_id in self._failing or held.message.metadata.num_delivered > 1:
            await self._attempts.forget(self._consumer, held.message_id)
            self._failing.discard(held.message_id)

    async def _bury(self, held: Held, settlement: Settlement, error: Exception | None, failures: Failures) -> None:
        message = held.message
        letter = DeadLetter(
            consumer=self._consumer,
            subject=message.subject,
            stream=message.metadata.stream,
            stream_sequence=held.place[0],
            message_id=held.message_id,
            reason=settlement.reason,
            error_type=type(error).__name__,
            attempts=failures.count,
            first_failed_ms=failures.first_ms,
            last_failed_ms=failures.last_ms,
            body=message.data,
            traceparent=(message.headers or {}).get("traceparent"),
        )
        await self._dead_letters.put(letter, incarnation=str(held.place[1]))
        await message.term()
        await self._attempts.forget(self._consumer, held.message_id)
        self._failing.discard(held.message_id)

    def _tell(self, held: Held, error: Exception, settlement: Settlement, failures: Failures) -> None:
        is_ours = settlement.kind == "dead_letter" and not is_invalid(error)
        log.warning(
            "event_not_handled",
            consumer=self._consumer,
            subject=held.message.subject,
            message_id=held.message_id,
            outcome=settlement.kind,
            reason=settlement.reason,
            attempts=failures.count,
            exc_info=error if is_ours else None,
        )
