"""Reminders, read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from services.notify.handlers.ports import ReminderBook
from services.notify.routes.shapes import ReminderShown, StatusFilter, UnitFilter
from shared.http.identity import Principal, require
from shared.http.paging import LIMIT_DEFAULT, Cursor, Limit, Listing
from shared.http.reach import check_reach, is_in_reach, only_unit


def reminder_routes(reminders: ReminderBook) -> APIRouter:
    routes = APIRouter(tags=["reminders"])

    @routes.get("/v1/reminders")
    async def list_reminders(
        who: Annotated[Principal, Depends(require("notify:read"))],
        unit: UnitFilter = None,
        status: StatusFilter = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Listing[ReminderShown]:
        """Rungs by firing instant, the latest first. A page of somebody bound to a unit or a plan may be short."""
        check_reach(who, unit=unit)
        rows, following = await reminders.page(unit=unit or only_unit(who), status=status, limit=limit, cursor=cursor)
        shown = [ReminderShown.of(row) for row in rows if is_in_reach(who, unit=row.unit, plan=row.plan)]
        return Listing(items=shown, next_cursor=following)

    return routes
