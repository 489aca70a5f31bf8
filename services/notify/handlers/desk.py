"""What operators do with deliveries: send again, cancel."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from services.notify.domain.acts import Act
from services.notify.domain.deliveries import NOTE_CHARACTERS_MAX, Delivery, ended
from services.notify.domain.fallback import resent
from services.notify.handlers.ports import Recorder
from shared.errors import Permanent, Transient

ATTEMPTS_MAX = 5
CANCELLED = "cancelled_by_operator"
CANCELLABLE = ("CREATED", "TEMPORARY_FAILURE")
RESENDS_MAX = 20


class NotCancellable(Permanent):
    """It left already, is being sent, or was ended before."""


class NotResendable(Permanent):
    """It has not been tried to the end yet, or was sent again too often."""


class Kept(Protocol):
    async def get(self, delivery: str) -> Delivery | None: ...
    async def add(self, delivery: Delivery, *, now_ms: int) -> bool: ...
    async def replace(self, delivery: Delivery, *, now_ms: int) -> bool: ...
    async def mark(self, delivery: Delivery) -> bool: ...


class Intentions(Protocol):
    async def add(self, act: Act) -> bool: ...


class DeliveryDesk:
    """Changes of deliveries by people, each with its reason, each in the audit log of the delivery's plan.

    The intention is written down first: should a crash come before the line, it is made up from there.
    """

    def __init__(self, deliveries: Kept, acts: Intentions, audit: Recorder) -> None:
        self._deliveries = deliveries
        self._acts = acts
        self._audit = audit

    async def resend(self, id: str, *, by: str, reason: str, now_ms: int) -> Delivery | None:
        """The same content again as a new delivery; what was asked for at the same time is one. None: no such delivery.

        Crash after the new one was added: asking again gives that one. NotResendable, Transient.
        """
        for _ in range(ATTEMPTS_MAX):
            held = await self._deliveries.get(id)
            if held is None:
                return None
            if held.status in ("CREATED", "SENDING", "TEMPORARY_FAILURE") or held.resends >= RESENDS_MAX:
                raise NotResendable(f"{id} is {held.status}")
            again = resent(held, note=reason[:NOTE_CHARACTERS_MAX], now_ms=now_ms)
            await self._acts.add(Act(held.plan, "delivery.resent", id, again.id, by, now_ms))
            await self._deliveries.add(again, now_ms=now_ms)
            if await self._deliveries.mark(replace(held, resends=held.resends + 1)):
                await self._audit.record(
                    held.plan, "delivery.resent", id, by=by, at_ms=now_ms, as_delivery=again.id, reason=reason
                )
                return await self._deliveries.get(again.id)
        raise Transient(f"{id} moved on {ATTEMPTS_MAX} times while it was sent again")

    async def cancel(self, id: str, *, by: str, reason: str, now_ms: int) -> Delivery | None:
        """End a delivery that waits. None: no such delivery. NotCancellable, Transient."""
        for _ in range(ATTEMPTS_MAX):
            held = await self._deliveries.get(id)
            if held is None:
                return None
            if held.status not in CANCELLABLE:
                raise NotCancellable(f"{id} is {held.status}")
            gone = ended(held, "CANCELLED", CANCELLED, now_ms=now_ms, note=reason[:NOTE_CHARACTERS_MAX])
            await self._acts.add(Act(held.plan, "delivery.cancelled", id, id, by, now_ms))
            if await self._deliveries.replace(gone, now_ms=now_ms):
                await self._audit.record(
                    held.plan, "delivery.cancelled", id, by=by, at_ms=now_ms, reason=reason, revision=gone.revision
                )
                return gone
        raise Transient(f"{id} moved on {ATTEMPTS_MAX} times while it was cancelled")
