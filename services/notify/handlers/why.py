"""What was or was not sent, and the decision behind it: for a unit, an obligation, an alert or a recipient."""

from __future__ import annotations

from dataclasses import dataclass

from services.notify.domain.alerts import Alert
from services.notify.domain.contacts import shortened
from services.notify.domain.deliveries import Delivery
from services.notify.domain.rungs import Reminder
from services.notify.handlers.ports import AlertBook, AlertPages, DeliveryPages, LedgerBook, ReminderBook

ROWS_MAX = 200
OBLIGATIONS_MAX = 20


@dataclass(frozen=True, slots=True)
class Reason:
    """One decision: about what, what was decided, why, when (epoch ms)."""

    kind: str
    id: str
    about: str
    status: str
    reason: str
    at_ms: int


class Why:
    """Answers `why`."""

    def __init__(
        self,
        *,
        ledger: LedgerBook,
        reminders: ReminderBook,
        alerts: AlertBook,
        alert_pages: AlertPages,
        deliveries: DeliveryPages,
    ) -> None:
        self._ledger = ledger
        self._reminders = reminders
        self._alerts = alerts
        self._alert_pages = alert_pages
        self._deliveries = deliveries

    async def about(self, *, unit: str | None, subject: str | None) -> list[Reason]:
        """Every decision found, the newest first. `subject`: an obligation, an alert, or an address."""
        found: list[Reason] = []
        if unit is not None:
            found += await self._of_unit(unit)
        if subject is not None:
            found += await self._of_subject(subject)
        distinct = {(reason.kind, reason.id): reason for reason in found}
        return sorted(distinct.values(), key=lambda reason: (-reason.at_ms, reason.id))[:ROWS_MAX]

    async def _of_unit(self, unit: str) -> list[Reason]:
        found = [_alert(alert) for alert in await self._alert_pages.of_unit(unit, ROWS_MAX)]
        for state in await self._ledger.of_unit(unit, OBLIGATIONS_MAX):
            found += await self._of_obligation(state.obligation)
        return found

    async def _of_subject(self, subject: str) -> list[Reason]:
        if subject.startswith("alert-"):
            alert = await self._alerts.get(subject)
            return [_alert(alert)] if alert else []
        if "@" in subject:
            sent = await self._deliveries.of_recipient(subject.strip().lower(), ROWS_MAX)
            return [_delivery(delivery) for delivery in sent]
        return await self._of_obligation(subject)

    async def _of_obligation(self, obligation: str) -> list[Reason]:
        return [_reminder(row) for row in await self._reminders.of_obligation(obligation)]


def _reminder(row: Reminder) -> Reason:
    about = f"{row.form} {row.period}: {row.rung}"
    return Reason("reminder", row.id, about, row.status, row.decision, row.decided_at_ms)


def _alert(alert: Alert) -> Reason:
    return Reason("alert", alert.id, alert.rule, alert.phase, alert.reason or alert.notice, alert.changed_at_ms)


def _delivery(delivery: Delivery) -> Reason:
    about = f"{delivery.title} -> {shortened(delivery.recipient)}"
    return Reason(
        "delivery",
        delivery.id,
        about,
        delivery.status,
        f"{delivery.cause}; {delivery.decision}",
        delivery.changed_at_ms,
    )
