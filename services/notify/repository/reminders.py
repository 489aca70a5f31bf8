"""Rungs of ladders, one row per obligation, rung and due day."""

from __future__ import annotations

from collections.abc import Sequence

from services.notify.domain.rungs import Reminder
from services.notify.repository.rows import announced, row_of, rows_of
from shared.store.documents import INSERT_MANY_MAX, Between, Collection, Documents, Index, scan

REMINDERS = Collection(
    "reminders",
    indexes=(
        Index(("status", "next_at_ms")),
        Index(("obligation", "fire_at_ms")),
        Index(("unit", "fire_at_ms")),
        Index(("status", "fire_at_ms")),
        Index(("unit", "status", "fire_at_ms")),
        Index(("fire_at_ms",)),
    ),
    emits=True,
)
DUE_MAX = 20_000
"""Rows decided in one pass: what is due together must be seen together, or one person would get two mails."""


class Reminders:
    """Reminder rows."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def add(self, rows: Sequence[Reminder], *, now_ms: int) -> int:
        """Insert those that are absent; how many were new."""
        documents = [announced(row, now_ms=now_ms) for row in rows]
        new = 0
        for start in range(0, len(documents), INSERT_MANY_MAX):
            new += sum(await self._store.insert_many(REMINDERS.name, documents[start : start + INSERT_MANY_MAX]))
        return new

    async def replace(self, row: Reminder, *, now_ms: int) -> bool:
        """Save a changed row where it is still the one that was read."""
        return await self._store.replace(REMINDERS.name, announced(row, now_ms=now_ms))

    async def due(self, now_ms: int) -> list[Reminder]:
        """Every waiting row whose time has come, oldest first, at most DUE_MAX."""
        found: list[Reminder] = []
        between = Between("next_at_ms", below=now_ms + 1)
        async for document in scan(self._store, REMINDERS.name, {"status": "PENDING"}, between=between):
            found.append(row_of(Reminder, document))
            if len(found) >= DUE_MAX:
                break
        return found

    async def count_due(self, now_ms: int) -> int:
        return await self._store.count(
            REMINDERS.name, {"status": "PENDING"}, between=Between("next_at_ms", below=now_ms + 1)
        )

    async def of_obligation(self, obligation: str) -> list[Reminder]:
        """The rows of one obligation in the order in which they fire."""
        page = await self._store.find(REMINDERS.name, {"obligation": obligation}, order_by="fire_at_ms", limit=500)
        return rows_of(Reminder, page.documents)

    async def of_ids(self, ids: list[str]) -> list[Reminder]:
        """Those of the rows that exist; at most 1,000 are asked for at once."""
        return rows_of(Reminder, await self._store.get_many(REMINDERS.name, ids[:1000]))

    async def fired_between(self, after_ms: int, until_ms: int, limit: int) -> list[Reminder]:
        """Rows that fire in (after, until], oldest first, at most so many."""
        found: list[Reminder] = []
        between = Between("fire_at_ms", at_least=after_ms + 1, below=until_ms + 1)
        async for document in scan(self._store, REMINDERS.name, between=between):
            found.append(row_of(Reminder, document))
            if len(found) >= limit:
                break
        return found

    async def page(
        self, *, unit: str | None, status: str | None, limit: int, cursor: str | None
    ) -> tuple[list[Reminder], str | None]:
        """Rows by firing instant, the latest first."""
        equals = {name: value for name, value in (("unit", unit), ("status", status)) if value is not None}
        page = await self._store.find(
            REMINDERS.name, equals, order_by="fire_at_ms", descending=True, limit=limit, cursor=cursor
        )
        return rows_of(Reminder, page.documents), page.cursor
