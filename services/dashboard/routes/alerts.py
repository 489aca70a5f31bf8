"""`/alerts`: every alert of a plan, newest first, page by page."""

from __future__ import annotations

from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.dashboard.domain.facts import Listed
from services.dashboard.pages import rows
from services.dashboard.routes.frame import Cursor, Fragment, Framing, PlanCode, Year, everywhere, preference
from shared.events.notice import AlertState
from shared.http.identity import Principal

PAGE_SIZE = 50


class AlertPages(Protocol):
    """The handler that lists alerts."""

    async def page(self, plan: str, *, live_only: bool, limit: int, cursor: str | None) -> Listed[AlertState]: ...


def alert_routes(framing: Framing, alerts: AlertPages) -> APIRouter:
    """The list's route."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/alerts")
    async def show(
        request: Request,
        principal: Annotated[Principal, Depends(everywhere("inspection:read"))],
        *,
        plan: PlanCode = None,
        year: Year = None,
        cursor: Cursor = None,
        all: str | None = None,
        fragment: Fragment = None,
    ) -> Response:
        if (redirect := preference(request)) is not None:
            return redirect
        frame = await framing.frame(request, principal, plan, year)
        if fragment == "freshness":
            return framing.fragment(fragment, frame)
        if frame.setting.choice is None:
            return framing.answer("welcome.html", frame)
        code = frame.setting.choice.state.plan
        listed = await alerts.page(code, live_only=all is None, limit=PAGE_SIZE, cursor=cursor)
        naming = rows.Naming(frame.setting.units, frame.words, frame.address)
        found = tuple(rows.alert_row(state, naming) for state in listed.items)
        following = frame.address.to(cursor=listed.cursor) if listed.cursor else ""
        values: dict[str, Any] = {
            "alerts": found,
            "following": following,
            "every": all is not None,
            "continued": cursor is not None,
        }
        if fragment == "alerts":
            return framing.fragment("alert_list", frame, **values)
        return framing.answer("alerts.html", frame, **values)

    return routes
