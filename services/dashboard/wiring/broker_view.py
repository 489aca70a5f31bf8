"""The broker in the dashboard's terms."""

from __future__ import annotations

from services.dashboard.domain.facts import Consumer, GivenUp
from services.dashboard.domain.freshness import Feed
from shared.errors import TiendoError
from shared.nats.broker import Broker
from shared.nats.dead_letter import list_dead_letters

DEAD_LETTERS_MAX = 20


class BrokerView:
    """What the pages ask of the broker, in the dashboard's terms."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def feed(self) -> Feed:
        """As this process knows it: nobody waits for the broker to see a page."""
        faults = tuple(self._broker.ready())
        behind = max((one.seconds_behind for one in self._broker.consumers), default=0.0)
        return Feed(connected=not faults, behind_seconds=behind, faults=faults)

    async def consumers(self) -> list[Consumer]:
        """Every subscription, as the broker knows it now; without numbers where it does not answer."""
        found = []
        for one in self._broker.consumers:
            waiting: int | None = None
            fault = one.reason
            try:
                waiting = (await one.progress()).unprocessed
            except TiendoError as err:
                fault = fault or str(err)
            found.append(Consumer(one.spec.name, waiting, one.seconds_behind, fault))
        return found

    async def dead_letters(self) -> list[GivenUp]:
        """The dashboard's events that were given up and not yet handled; none while the broker is away."""
        found: list[GivenUp] = []
        for one in self._broker.consumers:
            try:
                page = await list_dead_letters(self._broker.connection, limit=DEAD_LETTERS_MAX, consumer=one.spec.name)
            except TiendoError:
                return found
            found += [
                GivenUp(letter.sequence or 0, letter.subject, letter.reason, letter.attempts, letter.last_failed_ms)
                for letter in page.letters
            ]
        return sorted(found, key=lambda letter: -letter.sequence)[:DEAD_LETTERS_MAX]
