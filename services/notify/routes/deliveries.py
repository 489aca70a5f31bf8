"""Deliveries, read; and why something was or was not sent."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from services.notify.handlers.ports import DeliveryPages
from services.notify.handlers.why import Why
from services.notify.routes.shapes import DeliveryShown, ReasonShown, StatusFilter, UnitFilter
from shared.http.identity import require
from shared.http.language import Text
from shared.http.paging import LIMIT_DEFAULT, Cursor, Limit, Listing
from shared.http.problems import Problem

KindFilter = Annotated[str | None, Query(max_length=20, description="reminder, alert or digest.")]
SubjectFilter = Annotated[str | None, Query(max_length=254, description="An obligation, an alert, or an address.")]

_ASK = Text("Nêu unit hoặc subject.", "Name a unit or a subject.")


def delivery_routes(pages: DeliveryPages, why: Why) -> APIRouter:
    routes = APIRouter(tags=["deliveries"], dependencies=[Depends(require("notify:read"))])

    @routes.get("/v1/deliveries")
    async def list_deliveries(
        kind: KindFilter = None, status: StatusFilter = None, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
    ) -> Listing[DeliveryShown]:
        """Deliveries by creation, the latest first."""
        found, following = await pages.page(kind=kind, status=status, limit=limit, cursor=cursor)
        return Listing(items=[DeliveryShown.of(delivery) for delivery in found], next_cursor=following)

    @routes.get("/v1/why")
    async def explain(unit: UnitFilter = None, subject: SubjectFilter = None) -> Listing[ReasonShown]:
        """Every decision about a unit, an obligation, an alert or a recipient, the newest first."""
        if unit is None and subject is None:
            raise Problem(400, detail=_ASK)
        found = await why.about(unit=unit, subject=subject)
        return Listing(items=[ReasonShown.of(reason) for reason in found])

    return routes
