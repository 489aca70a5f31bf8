"""`/inspections`: whom to inspect and why, the draws, the inspections; `/inspections/{id}`: one, carried out."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Protocol, get_args

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.dashboard.domain.asking import Reader, Refused
from services.dashboard.domain.facts import Listed
from services.dashboard.handlers.ask import Outcome
from services.dashboard.handlers.inspection_desk import Change
from services.dashboard.handlers.inspections import InspectionFacts, Lists
from services.dashboard.pages import inspection, inspections
from services.dashboard.routes.forms import Form, Incomplete, carried_out, form_of, needed, reason_of, version_of
from services.dashboard.routes.frame import (
    CODE_CHARACTERS_MAX,
    Cursor,
    Fragment,
    Frame,
    Framing,
    Id,
    PlanCode,
    SignInNeeded,
    Year,
    asker,
    check_plan,
    everywhere,
)
from services.dashboard.routes.inspection_forms import TEXT_MAX, change_of
from shared.events.inspection import InspectionPhase, InspectionState
from shared.http.identity import Principal

PAGE_SIZE = 50
WRITE = "inspection:write"
PHASES = get_args(InspectionPhase)
Viewer = Annotated[Principal, Depends(everywhere("inspection:read"))]


class Inspections(Protocol):
    """The handler of inspections."""

    async def page(
        self, plan: str, *, phase: str | None, limit: int, cursor: str | None
    ) -> Listed[InspectionState]: ...
    async def lists(self, plan: str, *, verify: str | None, reader: Reader) -> Lists: ...
    async def one(self, inspection: str) -> InspectionFacts | None: ...


class Desk(Protocol):
    """Who carries inspections out."""

    async def propose(self, plan: str, unit: str, *, reason: str, reader: Reader) -> Outcome: ...
    async def change(self, inspection: str, change: Change, *, version: int | None, reader: Reader) -> Outcome: ...


class InspectionEdge:
    """What the routes of inspections share."""

    def __init__(self, framing: Framing, held: Inspections, desk: Desk) -> None:
        self.framing = framing
        self.held = held
        self.desk = desk

    async def list_page(
        self, request: Request, principal: Principal, frame: Frame, form: Form | None = None, *, status: int = 200
    ) -> Response:
        """The list as the address asks for it; `form` is a proposal that could not be made. The frame has a plan."""
        choice, query = frame.setting.choice, request.query_params
        assert choice is not None
        chosen = query.get("phase") if query.get("phase") in PHASES else None
        listed = await self.held.page(choice.state.plan, phase=chosen, limit=PAGE_SIZE, cursor=query.get("cursor"))
        part, reader, lists = query.get("fragment") == "inspections", asker(request, principal), Lists(None, None, None)
        try:
            lists = (
                lists if part else await self.held.lists(choice.state.plan, verify=query.get("verify"), reader=reader)
            )
        except Refused as refusal:
            raise SignInNeeded("inspection:read") from refusal
        view = inspections.compose(
            lists,
            listed,
            phase=chosen,
            continued="cursor" in query,
            may_write=principal.may(WRITE),
            unit=form.text("unit", CODE_CHARACTERS_MAX) if form else "",
            reason=form.text("reason") if form else "",
            setting=frame.setting,
            words=frame.words,
            address=frame.address,
        )
        if part:
            return self.framing.fragment("inspection_list", frame, view=view)
        return self.framing.answer("inspections.html", frame, status=status, view=view)

    async def one_page(
        self,
        request: Request,
        principal: Principal,
        frame: Frame,
        id: str,
        form: Form | None = None,
        *,
        status: int = 200,
    ) -> Response:
        """One inspection; 404 when no event told of it. `form` is what was sent and could not be carried out."""
        facts = await self.held.one(id)
        if facts is None:
            return self.framing.answer("missing.html", frame, status=404, code=id, what="inspection")
        check_plan(principal, facts.state.plan, "inspection:read")
        view = inspection.compose(
            facts,
            setting=frame.setting,
            words=frame.words,
            address=frame.address,
            may_write=principal.may(WRITE),
            given={name: form.text(name, TEXT_MAX) for name in form.fields} if form else None,
        )
        if request.query_params.get("fragment") == "inspection":
            return self.framing.fragment("inspection", frame, view=view)
        return self.framing.answer("inspection.html", frame, status=status, view=view)

    async def propose(self, form: Form, frame: Frame, reader: Reader) -> tuple[str, Outcome]:
        """Propose the unit that the button or the form names. Incomplete."""
        code, unit = form.action()
        if code != "propose":
            raise Incomplete("no_action")
        plan = frame.setting.choice.state.plan if frame.setting.choice else ""
        named = needed(unit or form.text("unit", CODE_CHARACTERS_MAX), "unit_needed")
        reason = "" if unit else reason_of(form)
        return "proposed", await self.desk.propose(plan, named, reason=reason, reader=reader)

    async def change(self, id: str, form: Form, reader: Reader) -> tuple[str, Outcome]:
        """Carry out what a form of one inspection asks for. Incomplete."""
        done, change = change_of(form)
        return done, await self.desk.change(id, change, version=version_of(form), reader=reader)


def inspection_routes(framing: Framing, held: Inspections, desk: Desk) -> APIRouter:
    """The routes of inspections."""
    routes = APIRouter(include_in_schema=False)
    edge = InspectionEdge(framing, held, desk)

    @routes.get("/inspections")
    async def show(
        request: Request,
        principal: Viewer,
        *,
        plan: PlanCode = None,
        year: Year = None,
        cursor: Cursor = None,
        fragment: Fragment = None,
    ) -> Response:
        frame = await framing.opened(request, principal, plan, year, fragment)
        if isinstance(frame, Response):
            return frame
        if frame.setting.choice is None:
            return framing.answer("welcome.html", frame)
        return await edge.list_page(request, principal, frame)

    @routes.post("/inspections")
    async def act(request: Request, principal: Viewer, plan: PlanCode = None, year: Year = None) -> Response:
        frame = await framing.frame(request, principal, plan, year)
        if frame.setting.choice is None:
            return framing.answer("welcome.html", frame, status=409)
        form = await form_of(request)
        answer = await carried_out(request, frame.words, edge.propose(form, frame, asker(request, principal)))
        if isinstance(answer, Response):
            return answer
        message, status = answer
        return await edge.list_page(request, principal, replace(frame, message=message), form, status=status)

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
        return frame if isinstance(frame, Response) else await edge.one_page(request, principal, frame, id)

    @routes.post("/inspections/{id}")
    async def act_on_one(
        request: Request, principal: Viewer, id: Id, plan: PlanCode = None, year: Year = None
    ) -> Response:
        frame = await framing.frame(request, principal, plan, year)
        form = await form_of(request)
        answer = await carried_out(request, frame.words, edge.change(id, form, asker(request, principal)))
        if isinstance(answer, Response):
            return answer
        message, status = answer
        return await edge.one_page(request, principal, replace(frame, message=message), id, form, status=status)

    return routes
