"""Lists that are read page by page: alerts and deliveries."""

from __future__ import annotations

from typing import Protocol

from services.dashboard.domain.facts import Listed
from shared.events.notice import AlertState, DeliveryState


class AlertsHeld(Protocol):
    async def newest(
        self, plan: str, *, live_only: bool, limit: int, cursor: str | None = None
    ) -> Listed[AlertState]: ...


class DeliveriesHeld(Protocol):
    async def newest(
        self, *, status: str | None = None, limit: int, cursor: str | None = None
    ) -> Listed[DeliveryState]: ...


class AlertPages:
    """Pages of alerts."""

    def __init__(self, alerts: AlertsHeld) -> None:
        self._alerts = alerts

    async def page(self, plan: str, *, live_only: bool, limit: int, cursor: str | None) -> Listed[AlertState]:
        """Alerts of a plan, newest first; `Permanent` when the cursor is not of this list."""
        return await self._alerts.newest(plan, live_only=live_only, limit=limit, cursor=cursor)


class DeliveryPages:
    """Pages of deliveries."""

    def __init__(self, deliveries: DeliveriesHeld) -> None:
        self._deliveries = deliveries

    async def page(self, *, status: str | None, limit: int, cursor: str | None) -> Listed[DeliveryState]:
        """Deliveries, newest first; `Permanent` when the cursor is not of this list."""
        return await self._deliveries.newest(status=status, limit=limit, cursor=cursor)
