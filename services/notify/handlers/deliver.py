"""Due deliveries are claimed, sent, recorded.

What a crash costs: before the claim, nothing. After the claim and before the send, a delay until the lease runs out.
After the send and before the record, the same delay and then the message again, under the same Message-ID, by which
a mail system can recognise the repeat. No crash loses a message: only the record of success ends the work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog
from prometheus_client import Counter

from services.notify.domain.deliveries import Delivery, Outcome, after_attempt, claimed, released
from services.notify.handlers.ports import Channel, Outbound
from shared.clock import Clock

PAGE = 50
HELD_MAX = 1000
log = structlog.stdlib.get_logger(__name__)


class Deliver:
    """Sends what is due through the channel that each delivery names."""

    def __init__(
        self,
        *,
        deliveries: Outbound,
        channels: Mapping[str, Channel],
        clock: Clock,
        counter: Counter,
        instance: str,
        at_once: int,
    ) -> None:
        self._deliveries = deliveries
        self._channels = channels
        self._clock = clock
        self._counter = counter
        self._instance = instance
        self._at_once = at_once
        self.in_flight = 0

    async def resume(self) -> int:
        """At a start: take up at once what an earlier life of this instance was sending, without waiting for leases.

        Those messages may have left: they are repeated under the same Message-ID.
        """
        held = await self._deliveries.held_by(self._instance, HELD_MAX)
        now_ms = self._clock.now_ms()
        return sum([await self._deliveries.mark(released(delivery, now_ms=now_ms)) for delivery in held])

    async def run(self, now_ms: int) -> int:
        """Send until nothing is due at this instant; how many attempts were made here."""
        attempts = 0
        while due := await self._deliveries.due(now_ms, PAGE):
            won = 0
            for start in range(0, len(due), self._at_once):
                batch = due[start : start + self._at_once]
                won += sum(await asyncio.gather(*(self._attempt(delivery) for delivery in batch)))
            attempts += won
            if not won:
                break
        return attempts

    async def _attempt(self, delivery: Delivery) -> bool:
        """One attempt, if the claim is won."""
        mine = claimed(delivery, now_ms=self._clock.now_ms(), by=self._instance)
        if not await self._deliveries.replace(mine, now_ms=mine.changed_at_ms):
            return False
        self.in_flight += 1
        try:
            outcome = await self._channels[mine.channel].send(mine)
            await self._record(mine, outcome)
        finally:
            self.in_flight -= 1
        return True

    async def _record(self, mine: Delivery, outcome: Outcome) -> None:
        """Write what came of it, unless the lease ran out and another took over: then its record counts."""
        held = await self._deliveries.get(mine.id)
        if held is None or held.revision != mine.revision:
            return
        done = after_attempt(held, outcome, now_ms=self._clock.now_ms())
        if await self._deliveries.replace(done, now_ms=done.changed_at_ms):
            self._counter.labels(done.channel, done.status).inc()
            log.info("delivery", delivery=done.id, status=done.status, reason=done.decision, attempts=done.attempts)
