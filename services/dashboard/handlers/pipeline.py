"""How the events reach the dashboard."""

from __future__ import annotations

from typing import Protocol

from services.dashboard.domain.facts import Consumer, GivenUp, Pipeline
from services.dashboard.domain.freshness import Feed
from services.dashboard.handlers.live import Live
from services.dashboard.handlers.progress import Progress


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


class Pipelines:
    """Answers what the pipeline page shows."""

    def __init__(self, *, broker: Broker, progress: Progress, live: Live) -> None:
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
        )
