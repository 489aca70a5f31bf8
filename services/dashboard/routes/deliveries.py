"""`/deliveries`: what was sent to whom, with its steps; sent again or cancelled. `/why`: the decisions behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, Protocol, get_args

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from services.dashboard.domain.asking import Reader, Refused
from services.dashboard.domain.facts import Listed
from services.dashboard.domain.told import Paper
from services.dashboard.handlers.ask import Outcome
from services.dashboard.handlers.delivery_desk import Decisions, DeliveryFacts
from services.dashboard.pages import deliveries, rows, told
from services.dashboard.pages.labels import DELIVERY_STATUSES
from services.dashboard.routes.forms import (
    Form,
    Incomplete,
    carried_out,
    form_of,
    reason_of,
    selected,
)
from services.dashboard.routes.frame import (
    Cursor,
    Fragment,
    Frame,
    Framing,
    Id,
    PlanCode,
    SignInNeeded,
    Year,
    asker,
    everywhere,
)
from services.dashboard.routes.papers import paper
from shared.events.notice import DeliveryState, DeliveryStatus
from shared.http.identity import Principal

PAGE_SIZE = 50
STATUSES = get_args(DeliveryStatus)
WRITE = "notify:write"
CHANGES = {"resend": "resent", "cancel": "cancelled"}
SUBJECT_MAX = 254
Subject = Annotated[str, Query(max_length=SUBJECT_MAX)]
Format = Annotated[Literal["html", "text"], Query()]


class Deliveries(Protocol):
    """The handler of deliveries."""

    async def page(self, *, status: str | None, limit: int, cursor: str | None) -> Listed[DeliveryState]: ...
    async def one(self, delivery: str, reader: Reader) -> DeliveryFacts | None: ...
    async def said(self, delivery: str, *, format: str, reader: Reader) -> Paper: ...
    async def change(self, deliveries: Sequence[str], change: str, *, reason: str, reader: Reader) -> Outcome: ...
    async def why(
        self, *, subject: str = "", unit: str = "", recipient: str = "", cursor: str | None = None, reader: Reader
    ) -> Decisions | None: ...


async def _viewer(principal: Annotated[Principal, Depends(everywhere("notify:read"))]) -> Principal:
    if principal.plan is not None:
        # A delivery does not say which plan it is about: who is limited to one sees none.
        raise SignInNeeded("notify:read")
    return principal


Viewer = Annotated[Principal, Depends(_viewer)]


class DeliveryEdge:
    """What the routes of deliveries share."""

    def __init__(self, framing: Framing, desk: Deliveries) -> None:
        self.framing = framing
        self.desk = desk

    async def list_page(
        self, request: Request, principal: Principal, frame: Frame, form: Form | None = None, *, status: int = 200
    ) -> Response:
        """The list as the address asks for it; `form` is what was sent and could not be carried out."""
        query = request.query_params
        chosen = query.get("status") if query.get("status") in STATUSES else None
        listed = await self.desk.page(status=chosen, limit=PAGE_SIZE, cursor=query.get("cursor"))
        naming = rows.Naming(frame.setting.units, frame.words, frame.address)
        values: dict[str, Any] = {
            "notices": tuple(rows.delivery_row(state, naming) for state in listed.items),
            "following": frame.address.to(cursor=listed.cursor) if listed.cursor else "",
            "continued": "cursor" in query,
            "statuses": _statuses(chosen, frame),
            "may_write": principal.may(WRITE),
            "reason": form.text("reason") if form else "",
            "selected": frozenset(form.many("delivery")) if form else frozenset(),
        }
        if query.get("fragment") == "deliveries":
            return self.framing.fragment("delivery_list", frame, **values)
        return self.framing.answer("deliveries.html", frame, status=status, **values)

    async def one_page(
        self, request: Request, principal: Principal, frame: Frame, id: str, reason: str = "", *, status: int = 200
    ) -> Response:
        """One delivery; 404 when no event told of it."""
        reader = asker(request, principal)
        try:
            facts = await self.desk.one(id, reader)
            decisions = await self.desk.why(subject=id, reader=reader) if facts and facts.told else None
        except Refused as refusal:
            raise SignInNeeded("notify:read") from refusal
        if facts is None:
            return self.framing.answer("missing.html", frame, status=404, code=id, what="delivery")
        naming = rows.Naming(frame.setting.units, frame.words, frame.address)
        view = deliveries.compose(facts, decisions, may_write=principal.may(WRITE), naming=naming)
        return self.framing.answer("delivery.html", frame, status=status, view=view, reason=reason)

    async def change(self, form: Form, reader: Reader, *, only: str = "") -> tuple[str, Outcome]:
        """Carry out what a form asks for. Incomplete."""
        code, id = form.action()
        if code not in CHANGES:
            raise Incomplete("no_action")
        ids = selected(form, "delivery", only or id)
        reason = reason_of(form)
        return CHANGES[code], await self.desk.change(ids, code, reason=reason, reader=reader)


def delivery_routes(framing: Framing, desk: Deliveries) -> APIRouter:
    """The routes of deliveries."""
    routes = APIRouter(include_in_schema=False)
    edge = DeliveryEdge(framing, desk)

    @routes.get("/deliveries")
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
        return await edge.list_page(request, principal, frame)

    @routes.post("/deliveries")
    async def act(request: Request, principal: Viewer, plan: PlanCode = None, year: Year = None) -> Response:
        frame = await framing.frame(request, principal, plan, year)
        form = await form_of(request)
        answer = await carried_out(request, frame.words, edge.change(form, asker(request, principal)))
        if isinstance(answer, Response):
            return answer
        message, status = answer
        return await edge.list_page(request, principal, replace(frame, message=message), form, status=status)

    @routes.get("/deliveries/{delivery}")
    async def show_one(
        request: Request,
        principal: Viewer,
        delivery: Id,
        *,
        plan: PlanCode = None,
        year: Year = None,
        fragment: Fragment = None,
    ) -> Response:
        frame = await framing.opened(request, principal, plan, year, fragment)
        if isinstance(frame, Response):
            return frame
        return await edge.one_page(request, principal, frame, delivery)

    @routes.get("/deliveries/{delivery}/content")
    async def content(request: Request, principal: Viewer, delivery: Id, format: Format = "html") -> Response:
        frame = await framing.frame(request, principal, None, None)
        return await paper(framing, frame, desk.said(delivery, format=format, reader=asker(request, principal)))

    @routes.post("/deliveries/{delivery}")
    async def act_on_one(
        request: Request, principal: Viewer, delivery: Id, plan: PlanCode = None, year: Year = None
    ) -> Response:
        frame = await framing.frame(request, principal, plan, year)
        form = await form_of(request)
        answer = await carried_out(request, frame.words, edge.change(form, asker(request, principal), only=delivery))
        if isinstance(answer, Response):
            return answer
        message, status = answer
        told_frame, reason = replace(frame, message=message), form.text("reason")
        return await edge.one_page(request, principal, told_frame, delivery, reason, status=status)

    return routes


def why_routes(framing: Framing, desk: Deliveries) -> APIRouter:
    """`/why`: for a subject, a unit, a recipient, every decision with its reason."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/why")
    async def explain(
        request: Request,
        principal: Viewer,
        *,
        plan: PlanCode = None,
        year: Year = None,
        subject: Subject = "",
        unit: Subject = "",
        recipient: Subject = "",
        cursor: Cursor = None,
        fragment: Fragment = None,
    ) -> Response:
        frame = await framing.opened(request, principal, plan, year, fragment)
        if isinstance(frame, Response):
            return frame
        subject, unit, recipient = subject.strip(), unit.strip(), recipient.strip()
        asked = bool(subject or unit or recipient)
        found, status = None, 200
        try:
            if asked:
                found = await desk.why(
                    subject=subject, unit=unit, recipient=recipient, cursor=cursor, reader=asker(request, principal)
                )
        except Refused as refusal:
            status = refusal.status
            frame = replace(frame, message=told.Message("bad", told.refusal(refusal, frame.words)))
        naming = rows.Naming(frame.setting.units, frame.words, frame.address)
        view = deliveries.WhyView(
            subject=subject,
            unit=unit,
            recipient=recipient,
            asked=asked and status == 200,
            decisions=None if found is None else deliveries.decision_rows(found.items, naming),
            following=frame.address.to(cursor=found.cursor) if found and found.cursor else "",
            continued=cursor is not None,
        )
        return framing.answer("why.html", frame, status=status, view=view)

    return routes


def _statuses(chosen: str | None, frame: Frame) -> list[tuple[str, str, bool]]:
    """(text, address, chosen) of every status to filter by."""
    every = (frame.words.say("All"), frame.address.to(status=None, cursor=None), chosen is None)
    return [every] + [
        (frame.words.say(DELIVERY_STATUSES[one]), frame.address.to(status=one, cursor=None), one == chosen)
        for one in STATUSES
    ]
