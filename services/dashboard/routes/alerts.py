"""`/alerts`: alerts in groups, with filters; acknowledge, resolve, silence; silences and outages in force."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from services.dashboard.routes.alert_edge import AlertEdge, Alerts, WindowsHeld
from services.dashboard.routes.alert_forms import given_again, given_first
from services.dashboard.routes.forms import carried_out, form_of
from services.dashboard.routes.frame import (
    CODE_CHARACTERS_MAX,
    Cursor,
    Fragment,
    Framing,
    Id,
    PlanCode,
    Year,
    asker,
    everywhere,
)
from shared.http.identity import Principal

Filter = Annotated[str, Query(max_length=CODE_CHARACTERS_MAX)]
Viewer = Annotated[Principal, Depends(everywhere("inspection:read"))]


def alert_routes(framing: Framing, desk: Alerts, held: WindowsHeld) -> APIRouter:
    """The routes of alerts."""
    routes = APIRouter(include_in_schema=False)
    edge = AlertEdge(framing, desk, held)

    @routes.get("/alerts")
    async def show(
        request: Request,
        principal: Viewer,
        *,
        plan: PlanCode = None,
        year: Year = None,
        cursor: Cursor = None,
        fragment: Fragment = None,
        unit: Filter = "",
        rule: Filter = "",
    ) -> Response:
        frame = await framing.opened(request, principal, plan, year, fragment)
        if isinstance(frame, Response):
            return frame
        if frame.setting.choice is None:
            return framing.answer("welcome.html", frame)
        return await edge.list_page(request, principal, frame, given_first(frame, principal))

    @routes.post("/alerts")
    async def act(request: Request, principal: Viewer, plan: PlanCode = None, year: Year = None) -> Response:
        frame = await framing.frame(request, principal, plan, year)
        if frame.setting.choice is None:
            return framing.answer("welcome.html", frame, status=409)
        form = await form_of(request)
        change = edge.change(form, frame, asker(request, principal))
        answer = await carried_out(request, frame.words, change)
        if isinstance(answer, Response):
            return answer
        message, status = answer
        kept = given_again(form, frame, principal)
        return await edge.list_page(request, principal, replace(frame, message=message), kept, status=status)

    @routes.get("/alerts/{alert}")
    async def show_one(
        request: Request,
        principal: Viewer,
        alert: Id,
        *,
        plan: PlanCode = None,
        year: Year = None,
        fragment: Fragment = None,
    ) -> Response:
        frame = await framing.opened(request, principal, plan, year, fragment)
        if isinstance(frame, Response):
            return frame
        return await edge.one_page(request, principal, frame, alert, given_first(frame, principal))

    @routes.post("/alerts/{alert}")
    async def act_on_one(
        request: Request, principal: Viewer, alert: Id, plan: PlanCode = None, year: Year = None
    ) -> Response:
        frame = await framing.frame(request, principal, plan, year)
        if await edge.known(request, principal, alert) is None:
            return framing.answer("missing.html", frame, status=404, code=alert, what="alert")
        form = await form_of(request)
        change = edge.change(form, frame, asker(request, principal), only=alert)
        answer = await carried_out(request, frame.words, change)
        if isinstance(answer, Response):
            return answer
        message, status = answer
        kept = given_again(form, frame, principal)
        return await edge.one_page(request, principal, replace(frame, message=message), alert, kept, status=status)

    return routes
