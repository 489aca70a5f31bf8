"""`/`: the overview, whole or one region of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from services.dashboard.domain.facts import Overview, Setting
from services.dashboard.pages import overview
from services.dashboard.routes.frame import Fragment, Framing, Peer, PlanCode, Year, preference, reader
from shared.http.identity import Principal

REGIONS = ("headline", "matrix", "ranking", "alerts", "notices")


class Overviews(Protocol):
    """The handler that knows the overview's facts."""

    async def load(self, setting: Setting, regions: tuple[str, ...]) -> Overview: ...


def overview_routes(framing: Framing, overviews: Overviews) -> APIRouter:
    """The overview's route."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    async def show(
        request: Request,
        principal: Annotated[Principal, Depends(reader("evaluation:read"))],
        *,
        plan: PlanCode = None,
        year: Year = None,
        peer: Peer = None,
        fragment: Fragment = None,
    ) -> Response:
        if (redirect := preference(request)) is not None:
            return redirect
        frame = await framing.frame(request, principal, plan, year)
        if principal.unit is not None:
            return RedirectResponse(frame.address.unit(principal.unit), status_code=303)
        if fragment == "freshness":
            return framing.fragment(fragment, frame)
        if frame.setting.choice is None:
            return framing.answer("welcome.html", frame)
        regions = (fragment,) if fragment in REGIONS else REGIONS
        facts = await overviews.load(frame.setting, regions)
        if principal.plan is not None:
            # A delivery does not say which plan it is about.
            facts = replace(facts, deliveries=())
        view = overview.compose(
            facts, frame.setting, regions=regions, peer=peer, words=frame.words, address=frame.address
        )
        if fragment in REGIONS:
            return framing.fragment(str(fragment), frame, view=view)
        return framing.answer("overview.html", frame, view=view)

    return routes
