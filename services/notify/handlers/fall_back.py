"""What follows from a delivery that was given up: the address, the alert, the next channel; and from its repeat.

Crash: the failed delivery stays due until all three are done; each is made once by its id, so repeating adds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import structlog

from services.notify.domain.alerts import DELIVERY_PROBLEM, Alert
from services.notify.domain.contacts import Target
from services.notify.domain.contacts_quality import Address, disabled, names_address, quality_signals, settled_signal
from services.notify.domain.deliveries import ARRIVED, Delivery, followed_up
from services.notify.domain.fallback import fallen_back
from services.notify.domain.instants import MINUTE_MS
from services.notify.handlers.admit import Admit, PreferencesOf
from services.notify.handlers.arrivals import Arrivals
from services.notify.handlers.ports import AlertBook, PlanBook, UnitBook
from services.notify.handlers.watch import Raise
from shared.errors import Transient
from shared.events.unit import UnitState

ATTEMPTS_MAX = 5
LOOK_EVERY_MS = 10 * MINUTE_MS
log = structlog.stdlib.get_logger(__name__)


class AddressBook(Protocol):
    async def get(self, address: str) -> Address | None: ...
    async def save(self, address: Address) -> bool: ...


class Repeats(Protocol):
    async def add(self, delivery: Delivery, *, now_ms: int) -> bool: ...
    async def mark(self, delivery: Delivery) -> bool: ...


class FallBack:
    """Follows up failures, and ends alerts about addresses that no unit names any more."""

    def __init__(
        self,
        *,
        deliveries: Repeats,
        addresses: AddressBook,
        preferences: PreferencesOf,
        alerts: AlertBook,
        units: UnitBook,
        plans: PlanBook,
        admit: Admit,
        raise_alert: Raise,
        arrivals: Arrivals,
    ) -> None:
        self._deliveries = deliveries
        self._addresses = addresses
        self._preferences = preferences
        self._alerts = alerts
        self._units = units
        self._plans = plans
        self._admit = admit
        self._raise = raise_alert
        self._arrivals = arrivals
        self._looked_ms = 0

    async def follow(self, failed: Delivery, now_ms: int) -> bool:
        """Everything that follows from one failure; whether this call finished it."""
        if failed.address_at_fault:
            preferences = await self._preferences.of(failed.recipient)
            target = next((one for one in preferences.targets if one.channel == failed.channel), None)
            if target is not None:
                await self._disable(failed, target, now_ms)
        following = await self._admit.next_target(failed)
        if following is not None:
            await self._deliveries.add(fallen_back(failed, following, now_ms=now_ms), now_ms=now_ms)
        else:
            await self._arrivals.failed(failed, now_ms)
        return await self._deliveries.mark(followed_up(failed))

    async def ended(self, delivery: Delivery, now_ms: int) -> bool:
        """What follows when a repeat left, or a message was ended before it did; whether this call finished it."""
        if delivery.status in ARRIVED:
            await self._arrivals.arrived(delivery, now_ms)
        else:
            await self._arrivals.withheld(delivery, now_ms)
        return await self._deliveries.mark(followed_up(delivery))

    async def run(self, now_ms: int) -> int:
        """End the alerts whose unit has other contacts now; looked at every ten minutes. How many ended."""
        if 0 <= now_ms - self._looked_ms < LOOK_EVERY_MS:
            return 0
        self._looked_ms = now_ms
        open_alerts = await self._alerts.open_of_rule(DELIVERY_PROBLEM)
        units = await self._units.all() if open_alerts else {}
        return sum([await self._look_at(alert, units, now_ms) for alert in open_alerts])

    async def _look_at(self, alert: Alert, units: Mapping[str, UnitState], now_ms: int) -> bool:
        """A unit that does not name the address (any more) has no trouble with it, whether others name it or nobody."""
        address = await self._addresses.get(alert.subject)
        if address is None or names_address(units.get(alert.unit), address.recipient):
            return False
        return await self._raise.apply(settled_signal(address, alert.unit, "contact_changed"), now_ms)

    async def _disable(self, failed: Delivery, target: Target, now_ms: int) -> None:
        address = await self._switch_off(failed, target, now_ms)
        if address is None:
            return
        newest = await self._plans.newest(failed.plan)
        standing_body = newest[0].standing_body if newest else None
        signals = quality_signals(address, await self._units.all(), standing_body=standing_body)
        await self._raise.apply_all(signals, now_ms)

    async def _switch_off(self, failed: Delivery, target: Target, now_ms: int) -> Address | None:
        """The address as it is switched off; None when a person switched it on after this failure."""
        for _ in range(ATTEMPTS_MAX):
            held = await self._addresses.get(target.id)
            fresh = disabled(
                held,
                target,
                recipient=failed.recipient,
                reason=failed.decision,
                delivery=failed.id,
                plan=failed.plan,
                unit=failed.unit,
                now_ms=now_ms,
            )
            if fresh is None:
                return held if held is not None and held.is_disabled else None
            if await self._addresses.save(fresh):
                log.warning("address.disabled", address=fresh.id, channel=fresh.channel, reason=fresh.reason)
                return fresh
        raise Transient(f"{target.id} moved on {ATTEMPTS_MAX} times while it was switched off")
