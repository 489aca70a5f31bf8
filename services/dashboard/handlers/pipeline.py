"""How the events reach the dashboard."""

from __future__ import annotations

from typing import Protocol

from services.dashboard.domain.facts import Consumer, GivenUp, Level, Pipeline
from services.dashboard.domain.freshness import Feed
from services.dashboard.handlers.live import Live
from services.dashboard.handlers.progress import Progress
from shared.clock import Clock
from shared.events.notice import PUNCTUAL_TARGET, PUNCTUAL_WITHIN_MS, DeliveryState

LEVEL_DAYS = 28
LOOKED_AT_MAX = 500
WORST_MAX = 5


class Broker(Protocol):
    """What the broker can say about our subscriptions."""

    def feed(self) -> Feed:
        """As last looked at; never waits."""
        ...

    async def consumers(self) -> list[Consumer]:
        """Every subscription, as the broker knows it now."""
        ...

    async def dead_letters(self) -> list[GivenUp]:
        """Events that were given up and not yet handled, a bounded number."""
        ...


class Punctual(Protocol):
    """Deliveries of reminders by how they count in the service level."""

    async def count_punctual(self, standing: str, after_ms: int, until_ms: int) -> int: ...
    async def punctual(self, standing: str, after_ms: int, until_ms: int, *, limit: int) -> list[DeliveryState]: ...


class Pipelines:
    """Answers what the pipeline page shows."""

    def __init__(self, *, broker: Broker, progress: Progress, live: Live, deliveries: Punctual, clock: Clock) -> None:
        self._deliveries = deliveries
        self._clock = clock
        self._broker = broker
        self._progress = progress
        self._live = live

    async def load(self) -> Pipeline:
        """The pipeline now."""
        return Pipeline(
            applied=self._progress.watermark().applied,
            consumers=tuple(await self._broker.consumers()),
            dead_letters=tuple(await self._broker.dead_letters()),
            faults=self._broker.feed().faults,
            clients=self._live.clients,
            clients_max=self._live.clients_max,
            reminders=await self._level(self._clock.now_ms()),
        )

    async def _level(self, now_ms: int) -> Level:
        """Over the days up to now. What is due for less than 15 minutes counts only once it has left."""
        from_ms, over_ms = now_ms - LEVEL_DAYS * 86_400_000, now_ms - PUNCTUAL_WITHIN_MS - 1
        met = await self._deliveries.count_punctual("met", from_ms, now_ms)
        missed = await self._deliveries.count_punctual("missed", from_ms, now_ms)
        missed += await self._deliveries.count_punctual("open", from_ms, over_ms)
        late = [
            *await self._deliveries.punctual("missed", from_ms, now_ms, limit=LOOKED_AT_MAX),
            *await self._deliveries.punctual("open", from_ms, over_ms, limit=LOOKED_AT_MAX),
        ]
        late.sort(key=lambda one: (one.due_at_ms or 0) - (one.sent_at_ms or now_ms))
        return Level(met + missed, met, PUNCTUAL_TARGET, tuple(late[:WORST_MAX]), now_ms)
