"""Due deliveries are admitted, claimed, sent, recorded; failures are followed up.

What a crash costs: before the claim, nothing. After the claim and before the send, a delay until the lease runs out.
After the send and before the record, the same delay and then the message again, under the same Message-ID or
webhook-id, by which the receiver can recognise the repeat; it is counted. After a failure's record, nothing: it stays
due until its follow-up is done. No crash loses a message: only the record of success ends the work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog
from prometheus_client import Counter

from services.notify.domain.budget import OVER_BUDGET
from services.notify.domain.deliveries import (
    ARRIVED,
    UNDELIVERED,
    WITHHELD,
    Delivery,
    Outcome,
    after_attempt,
    claimed,
    released,
)
from services.notify.handlers.admit import Admit
from services.notify.handlers.fall_back import FallBack
from services.notify.handlers.ports import Channel, Outbound
from shared.clock import Clock

PAGE = 500
HELD_MAX = 1000
REPEATED = "REPEATED"
log = structlog.stdlib.get_logger(__name__)


class Deliver:
    """Sends what is due through the channel that each recipient prefers."""

    def __init__(
        self,
        *,
        deliveries: Outbound,
        channels: Mapping[str, Channel],
        admit: Admit,
        fall_back: FallBack,
        clock: Clock,
        counter: Counter,
        instance: str,
        at_once: int,
    ) -> None:
        self._deliveries = deliveries
        self._channels = channels
        self._admit = admit
        self._fall_back = fall_back
        self._clock = clock
        self._counter = counter
        self._instance = instance
        self._places = asyncio.Semaphore(at_once)
        self.in_flight = 0

    async def resume(self) -> int:
        """At a start: take up at once what an earlier life of this instance was sending, without waiting for leases.

        Those messages may have left: they are repeated under the same Message-ID.
        """
        held = await self._deliveries.held_by(self._instance, HELD_MAX)
        now_ms = self._clock.now_ms()
        return sum([await self._deliveries.mark(released(delivery, now_ms=now_ms)) for delivery in held])

    async def run(self, now_ms: int) -> int:
        """Work until nothing is due at this instant; how many deliveries were moved on here.

        What is new, to be tried again, with a lease that ran out, or failed and not followed up: all are due alike,
        so a delivery that a crash left behind in any state is taken up by the next pass.
        """
        moved = 0
        while due := await self._deliveries.due(now_ms, PAGE):
            won = sum(await asyncio.gather(*(self._in_turn(delivery) for delivery in due)))
            moved += won
            if not won:
                break
        return moved

    async def _in_turn(self, delivery: Delivery) -> bool:
        """A slow receiver holds one place, not those who come after it."""
        async with self._places:
            return await self._move(delivery)

    async def _move(self, delivery: Delivery) -> bool:
        """One step of one delivery, if it is won."""
        now_ms = self._clock.now_ms()
        if delivery.status in UNDELIVERED:
            return await self._fall_back.follow(delivery, now_ms)
        if delivery.status in (*ARRIVED, *WITHHELD):
            return await self._fall_back.ended(delivery, now_ms)
        if delivery.held == OVER_BUDGET:
            return False  # for `fold`, which is asked before at every pass
        first = delivery.status == "CREATED"
        ready = await (self._admit.decide if first else self._admit.again)(delivery, now_ms)
        if ready.target is None:
            return await self._save(ready)
        return await self._attempt(ready)

    async def _attempt(self, delivery: Delivery) -> bool:
        """One attempt, if the claim is won."""
        mine = claimed(delivery, now_ms=self._clock.now_ms(), by=self._instance)
        if not await self._deliveries.mark(mine):  # what is told to others is how it ends
            return False
        if mine.repeats > delivery.repeats:
            self._counter.labels(mine.channel, REPEATED).inc()
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
        await self._save(after_attempt(held, outcome, now_ms=self._clock.now_ms()))

    async def _save(self, done: Delivery) -> bool:
        if not await self._deliveries.replace(done, now_ms=done.changed_at_ms):
            return False
        self._counter.labels(done.channel, done.status).inc()
        log.info("delivery", delivery=done.id, status=done.status, reason=done.decision, attempts=done.attempts)
        return True
