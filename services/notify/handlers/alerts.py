"""What people do with alerts: read them, promise, resolve, and ask where to look first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from services.notify.domain.alerts import Alert, Candidate, acknowledged, inspection_list, resolved_by_person
from services.notify.domain.instants import local_day
from services.notify.handlers.ports import AlertBook, PlanBook
from shared.errors import Permanent, Transient

ATTEMPTS_MAX = 5


class AlertClosed(Permanent):
    """The alert is resolved already."""


class PromiseInThePast(Permanent):
    """The promised day is over."""


class AlertDesk:
    """Changes of alerts by people."""

    def __init__(self, alerts: AlertBook, plans: PlanBook) -> None:
        self._alerts = alerts
        self._plans = plans

    async def acknowledge(self, id: str, *, owner: str, promise: date, now_ms: int) -> Alert | None:
        """An owner promises a day (plan's zone). None: no such alert. AlertClosed, PromiseInThePast, Transient."""
        held = await self._alerts.get(id)
        newest = await self._plans.newest(held.plan) if held else None
        if newest is not None and promise < local_day(now_ms, newest[0].time_zone):
            raise PromiseInThePast(f"{promise.isoformat()} is over; promise today or a later day")
        day = promise.isoformat()
        return await self._change(
            id, lambda alert: acknowledged(alert, owner=owner, promise=day, now_ms=now_ms), now_ms
        )

    async def resolve(self, id: str, *, reason: str, now_ms: int) -> Alert | None:
        """Resolved by hand, with the reason. None: no such alert. AlertClosed, Transient."""
        return await self._change(id, lambda alert: resolved_by_person(alert, reason=reason, now_ms=now_ms), now_ms)

    async def inspection_list(self, plan: str) -> list[Candidate]:
        """Where to look first: risk points over the open alerts of a plan."""
        return inspection_list(await self._alerts.open_of(plan))

    async def _change(self, id: str, change: Callable[[Alert], Alert], now_ms: int) -> Alert | None:
        for _ in range(ATTEMPTS_MAX):
            alert = await self._alerts.get(id)
            if alert is None:
                return None
            if not alert.is_open:
                raise AlertClosed(f"{id} is resolved: {alert.reason}")
            changed = change(alert)
            if await self._alerts.save(changed, now_ms=now_ms):
                return changed
        raise Transient(f"{id} moved on {ATTEMPTS_MAX} times while it was changed")
