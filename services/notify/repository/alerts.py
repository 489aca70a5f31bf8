"""Inspection alerts, one document per fingerprint."""

from __future__ import annotations

from services.notify.domain.alerts import OPEN_PHASES, Alert
from services.notify.repository.rows import announced, row_of, rows_of, silent
from shared.store.documents import Between, Collection, Documents, Index, scan

ALERTS = Collection(
    "alerts",
    indexes=(
        Index(("phase", "changed_at_ms")),
        Index(("plan", "phase", "changed_at_ms")),
        Index(("unit", "phase", "changed_at_ms")),
        Index(("unit", "changed_at_ms")),
        Index(("rule", "phase")),
        Index(("notice_at_ms",)),
        Index(("changed_at_ms",)),
    ),
    emits=True,
)


class Alerts:
    """Alerts by fingerprint."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def get(self, alert: str) -> Alert | None:
        document = await self._store.get(ALERTS.name, alert)
        return None if document is None else row_of(Alert, document)

    async def save(self, alert: Alert, *, now_ms: int) -> bool:
        """Insert a new alert or replace the one read; False when another was faster: load and decide again."""
        document = announced(alert, now_ms=now_ms)
        if not alert.kept:
            return await self._store.insert(ALERTS.name, document)
        return await self._store.replace(ALERTS.name, document)

    async def mark(self, alert: Alert) -> bool:
        """Save what only the work on notices needs; nothing is announced."""
        return await self._store.replace(ALERTS.name, silent(alert))

    async def notice_due(self, now_ms: int) -> list[Alert]:
        """Alerts about which a notice is due, oldest first."""
        found = scan(self._store, ALERTS.name, between=Between("notice_at_ms", below=now_ms + 1))
        return [row_of(Alert, document) async for document in found]

    async def count_notice_due(self, now_ms: int) -> int:
        return await self._store.count(ALERTS.name, between=Between("notice_at_ms", below=now_ms + 1))

    async def open_of(self, plan: str) -> list[Alert]:
        """Every open or acknowledged alert of a plan."""
        found: list[Alert] = []
        for phase in OPEN_PHASES:
            async for document in scan(self._store, ALERTS.name, {"plan": plan, "phase": phase}):
                found.append(row_of(Alert, document))
        return found

    async def open_of_rule(self, rule: str) -> list[Alert]:
        """Every open or acknowledged alert of one rule."""
        found: list[Alert] = []
        for phase in OPEN_PHASES:
            async for document in scan(self._store, ALERTS.name, {"rule": rule, "phase": phase}):
                found.append(row_of(Alert, document))
        return found

    async def of_unit(self, unit: str, limit: int) -> list[Alert]:
        """Alerts of a unit, changed last first."""
        page = await self._store.find(
            ALERTS.name, {"unit": unit}, order_by="changed_at_ms", descending=True, limit=limit
        )
        return rows_of(Alert, page.documents)

    async def page(
        self, *, unit: str | None, phase: str | None, limit: int, cursor: str | None
    ) -> tuple[list[Alert], str | None]:
        """Alerts by last change, the latest first."""
        equals = {name: value for name, value in (("unit", unit), ("phase", phase)) if value is not None}
        page = await self._store.find(
            ALERTS.name, equals, order_by="changed_at_ms", descending=True, limit=limit, cursor=cursor
        )
        return rows_of(Alert, page.documents), page.cursor
