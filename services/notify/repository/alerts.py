"""Inspection alerts, one document per fingerprint."""

from __future__ import annotations

from collections.abc import AsyncIterator

from services.notify.domain.alerts import ONGOING, OPEN_PHASES, Alert
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
        Index(("next_step_at_ms",)),
        Index(("group", "in_group")),
        Index(("plan", "in_group")),
        Index(("unit", "in_group")),
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

    async def notice_due(self, now_ms: int, limit: int = 500) -> list[Alert]:
        """Alerts of whose change their groups have not heard yet, oldest first."""
        page = await self._store.find(ALERTS.name, between=Between("notice_at_ms", below=now_ms + 1), limit=limit)
        return rows_of(Alert, page.documents)

    async def steps_due(self, now_ms: int, limit: int = 500) -> list[Alert]:
        """Alerts whose next step of escalation, or whose promise, is due."""
        page = await self._store.find(ALERTS.name, between=Between("next_step_at_ms", below=now_ms + 1), limit=limit)
        return rows_of(Alert, page.documents)

    async def count_work_due(self, now_ms: int) -> int:
        """How many changes and steps are due and not worked off."""
        changes = await self._store.count(ALERTS.name, between=Between("notice_at_ms", below=now_ms + 1))
        return changes + await self._store.count(ALERTS.name, between=Between("next_step_at_ms", below=now_ms + 1))

    async def in_group(self, group: str) -> list[Alert]:
        """What a group looks at: what is ongoing, and what was resolved since."""
        found = scan(self._store, ALERTS.name, {"group": group, "in_group": 1})
        return [row_of(Alert, document) async for document in found]

    async def ongoing(self, *, plan: str, unit: str | None = None) -> AsyncIterator[Alert]:
        """Every ongoing alert of a plan, or of one unit under it."""
        field, value = ("plan", plan) if unit is None else ("unit", unit)
        async for document in scan(self._store, ALERTS.name, {field: value, "in_group": 1}):
            if document["plan"] == plan and document["phase"] in ONGOING:
                yield row_of(Alert, document)

    async def open_of(self, plan: str) -> list[Alert]:
        """Every open or acknowledged alert of a plan."""
        found: list[Alert] = []
        for phase in OPEN_PHASES:
            async for document in scan(self._store, ALERTS.name, {"plan": plan, "phase": phase}):
                found.append(row_of(Alert, document))
        return found

    async def open_of_rule(self, rule: str) -> list[Alert]:
        """Every ongoing alert of one rule, silenced ones included."""
        found: list[Alert] = []
        for phase in ONGOING:
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
