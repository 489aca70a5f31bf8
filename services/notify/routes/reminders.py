"""Reminders, read."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from services.notify.handlers.ports import ReminderBook
from services.notify.routes.shapes import ReminderShown, StatusFilter, UnitFilter
from shared.http.identity import require
from shared.http.paging import LIMIT_DEFAULT, Cursor, Limit, Listing


def reminder_routes(reminders: ReminderBook) -> APIRouter:
    routes = APIRouter(tags=["reminders"], dependencies=[Depends(require("notify:read"))])

    @routes.get("/v1/reminders")
    async def list_reminders(
        unit: UnitFilter = None, status: StatusFilter = None, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
    ) -> Listing[ReminderShown]:
        """Rungs by firing instant, the latest first."""
        rows, following = await reminders.page(unit=unit, status=status, limit=limit, cursor=cursor)
        return Listing(items=[ReminderShown.of(row) for row in rows], next_cursor=following)

    return routes
