"""Asking for an alert to be looked at again: is it muted now, and do its groups know?"""

from __future__ import annotations

from dataclasses import replace

from services.notify.domain.alerts import Alert
from services.notify.handlers.ports import AlertMarks
from shared.errors import Transient

ATTEMPTS_MAX = 8


async def review_at(alerts: AlertMarks, alert: Alert, at_ms: int) -> None:
    """Mark it for the review at an instant, unless that comes earlier. Transient when it moves on all the time."""
    held: Alert | None = alert
    for _ in range(ATTEMPTS_MAX):
        if held is None or not held.is_ongoing or held.notice_at_ms <= at_ms:
            return
        if await alerts.mark(replace(held, notice_at_ms=at_ms)):
            return
        held = await alerts.get(alert.id)
    raise Transient(f"{alert.id} moved on {ATTEMPTS_MAX} times while it was marked")
