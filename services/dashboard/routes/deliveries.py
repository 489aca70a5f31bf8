"""`/deliveries`: what was sent to whom, newest first, page by page."""

from __future__ import annotations

from typing import Annotated, Any, Protocol, get_args

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.dashboard.domain.facts import Listed
from services.dashboard.pages import rows
from services.dashboard.pages.labels import DELIVERY_STATUSES
from services.dashboard.routes.frame import (
    Cursor,
    Fragment,
    Frame,
    Framing,
    PlanCode,
    SignInNeeded,
    Year,
    everywhere,
    preference,
)
from shared.events.notice import DeliveryState, DeliveryStatus
from shared.http.identity import Principal

PAGE_SIZE = 50
STATUSES = get_args(DeliveryStatus)


class DeliveryPages(Protocol):
    """The handler that lists deliveries."""

    async def page(self, *, status: str | None, limit: int, cursor: str | None) -> Listed[DeliveryState]: ...


def delivery_routes(framing: Framing, deliveries: DeliveryPages) -> APIRouter:
    """The list's route."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/deliveries")
    async def show(
        request: Request,
        principal: Annotated[Principal, Depends(everywhere("notify:read"))],
        *,
        plan: PlanCode = None,
        year: Year = None,
        cursor: Cursor = None,
        status: str | None = None,
        fragment: Fragment = None,
    ) -> Response:
        if (redirect := preference(request)) is not None:
            return redirect
        if principal.plan is not None:
            # A delivery does not say which plan it is about: who is limited to one sees none.
            raise SignInNeeded("notify:read")
        frame = await framing.frame(request, principal, plan, year)
        if fragment == "freshness":
            return framing.fragment(fragment, frame)
        chosen = status if status in STATUSES else None
        listed = await deliveries.page(status=chosen, limit=PAGE_SIZE, cursor=cursor)
        naming = rows.Naming(frame.setting.units, frame.words, frame.address)
        values: dict[str, Any] = {
            "notices": tuple(rows.delivery_row(state, naming) for state in listed.items),
            "following": frame.address.to(cursor=listed.cursor) if listed.cursor else "",
            "continued": cursor is not None,
            "statuses": _statuses(chosen, frame),
        }
        if fragment == "deliveries":
            return framing.fragment("delivery_list", frame, **values)
        return framing.answer("deliveries.html", frame, **values)

    return routes


def _statuses(chosen: str | None, frame: Frame) -> list[tuple[str, str, bool]]:
    """(text, address, chosen) of every status to filter by."""
    every = (frame.words.say("All"), frame.address.to(status=None, cursor=None), chosen is None)
    return [every] + [
        (frame.words.say(DELIVERY_STATUSES[one]), frame.address.to(status=one, cursor=None), one == chosen)
        for one in STATUSES
    ]
