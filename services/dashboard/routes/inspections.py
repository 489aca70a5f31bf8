"""`/inspections`: whom to inspect and why, the published draws, the inspections; `/inspections/{id}`: one of them."""

from __future__ import annotations

from typing import Annotated, Protocol, get_args

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.dashboard.domain.asking import Reader, Refused
from services.dashboard.domain.facts import Listed
from services.dashboard.handlers.inspections import InspectionFacts, Lists
from services.dashboard.pages import inspection, inspections
from services.dashboard.routes.frame import (
    Cursor,
    Fragment,
    Framing,
    Id,
    PlanCode,
    SignInNeeded,
    Year,
    asker,
    everywhere,
)
from shared.events.inspection import InspectionPhase, InspectionState
from shared.http.identity import Principal

PAGE_SIZE = 50
PHASES = get_args(InspectionPhase)
Viewer = Annotated[Principal, Depends(everywhere("inspection:read"))]


class Inspections(Protocol):
    """The handler of inspections."""

    async def page(
        self, plan: str, *, phase: str | None, limit: int, cursor: str | None
    ) -> Listed[InspectionState]: ...
    async def lists(self, plan: str, *, verify: str | None, reader: Reader) -> Lists: ...
    async def one(self, inspection: str) -> InspectionFacts | None: ...


def inspection_routes(framing: Framing, held: Inspections) -> APIRouter:
    """The routes of inspections."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/inspections")
    async def show(
        request: Request,
        principal: Viewer,
        *,
        plan: PlanCode = None,
        year: Year = None,
        phase: str | None = None,
        verify: str | None = None,
        cursor: Cursor = None,
        fragment: Fragment = None,
    ) -> Response:
        frame = await framing.opened(request, principal, plan, year, fragment)
        if isinstance(frame, Response):
            return frame
        choice = frame.setting.choice
        if choice is None:
            return framing.answer("welcome.html", frame)
        chosen = phase if phase in PHASES else None
        listed = await held.page(choice.state.plan, phase=chosen, limit=PAGE_SIZE, cursor=cursor)
        part, reader, lists = fragment == "inspections", asker(request, principal), Lists(None, None, None)
        try:
            lists = lists if part else await held.lists(choice.state.plan, verify=verify, reader=reader)
        except Refused as refusal:
            raise SignInNeeded("inspection:read") from refusal
        view = inspections.compose(
            lists,
            listed,
            phase=chosen,
            continued=cursor is not None,
            setting=frame.setting,
            words=frame.words,
            address=frame.address,
        )
        if part:
            return framing.fragment("inspection_list", frame, view=view)
        return framing.answer("inspections.html", frame, view=view)

    @routes.get("/inspections/{id}")
    async def show_one(
        request: Request,
        principal: Viewer,
        id: Id,
        *,
        plan: PlanCode = None,
        year: Year = None,
        fragment: Fragment = None,
    ) -> Response:
        frame = await framing.opened(request, principal, plan, year, fragment)
        if isinstance(frame, Response):
            return frame
        facts = await held.one(id)
        if facts is None:
            return framing.answer("missing.html", frame, status=404, code=id, what="inspection")
        if principal.plan not in (None, facts.state.plan):
            raise SignInNeeded("inspection:read")
        view = inspection.compose(facts, setting=frame.setting, words=frame.words, address=frame.address)
        if fragment == "inspection":
            return framing.fragment("inspection", frame, view=view)
        return framing.answer("inspection.html", frame, view=view)

    return routes
