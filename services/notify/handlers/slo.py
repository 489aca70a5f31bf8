"""The service level of reminders: how many of those that were due left within 15 minutes, and which did not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from prometheus_client import Gauge

from services.notify.domain.contacts import shortened
from services.notify.domain.deliveries import Delivery
from services.notify.domain.instants import DAY_MS, MINUTE_MS
from shared.events.notice import PUNCTUAL_TARGET, PUNCTUAL_WITHIN_MS

DAYS = 28
LOOKED_AT_MAX = 500
WORST_MAX = 10
EVERY_MS = 5 * MINUTE_MS


class PunctualBook(Protocol):
    async def count_punctual(self, standing: str, after_ms: int, until_ms: int) -> int: ...
    async def punctual(self, standing: str, after_ms: int, until_ms: int, limit: int) -> list[Delivery]: ...


class WaitingRows(Protocol):
    async def count_due(self, now_ms: int) -> int: ...


@dataclass(frozen=True, slots=True)
class Late:
    """One message that left late, or has not left: since when it was due, when it left (epoch ms; 0: not yet)."""

    delivery: str
    recipient: str
    title: str
    due_at_ms: int
    sent_at_ms: int
    late_ms: int


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """Of `due` messages in the window `met` left in time. `undecided`: rungs that are due and not looked at yet."""

    from_ms: int
    to_ms: int
    target: float
    due: int
    met: int
    missed: int
    undecided: int
    worst: tuple[Late, ...]

    @property
    def attained(self) -> float | None:
        """The share in [0, 1]; None when nothing was due."""
        return self.met / self.due if self.due else None


class ReminderLevel:
    """Answers for any window, and keeps the metric of the usual one."""

    def __init__(self, *, deliveries: PunctualBook, reminders: WaitingRows, ratio: Gauge) -> None:
        self._deliveries = deliveries
        self._reminders = reminders
        self._ratio = ratio
        self._looked_ms = 0

    async def run(self, now_ms: int) -> int:
        """Keep the metric, every five minutes; does nothing else."""
        if not 0 <= now_ms - self._looked_ms < EVERY_MS:
            self._looked_ms = now_ms
            attained = (await self.of(now_ms, days=DAYS)).attained
            self._ratio.set(1.0 if attained is None else attained)
        return 0

    async def of(self, now_ms: int, *, days: int) -> ServiceLevel:
        """The level over the days up to now. What is due for less than 15 minutes is not counted yet, unless sent."""
        from_ms, over_ms = now_ms - days * DAY_MS, now_ms - PUNCTUAL_WITHIN_MS - 1
        met = await self._deliveries.count_punctual("met", from_ms, now_ms)
        missed = await self._deliveries.count_punctual("missed", from_ms, now_ms)
        missed += await self._deliveries.count_punctual("open", from_ms, over_ms)
        undecided = await self._reminders.count_due(over_ms)
        late = [
            *await self._deliveries.punctual("missed", from_ms, now_ms, LOOKED_AT_MAX),
            *await self._deliveries.punctual("open", from_ms, over_ms, LOOKED_AT_MAX),
        ]
        worst = sorted((_late(one, now_ms) for one in late), key=lambda one: (-one.late_ms, one.delivery))
        due = met + missed + undecided
        return ServiceLevel(from_ms, now_ms, PUNCTUAL_TARGET, due, met, missed, undecided, tuple(worst[:WORST_MAX]))


def _late(delivery: Delivery, now_ms: int) -> Late:
    late_ms = (delivery.sent_at_ms or now_ms) - delivery.due_at_ms
    return Late(
        delivery.id,
        shortened(delivery.recipient),
        delivery.title,
        delivery.due_at_ms,
        delivery.sent_at_ms,
        late_ms,
    )
