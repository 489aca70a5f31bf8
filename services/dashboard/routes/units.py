"""`/units/{unit}`: the profile of one unit."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from services.dashboard.domain.facts import Profile, Setting
from services.dashboard.pages import profile
from services.dashboard.routes.frame import (
    CODE_CHARACTERS_MAX,
    Fragment,
    Framing,
    PlanCode,
    SignInNeeded,
    Year,
    preference,
    reader,
)
from shared.http.identity import Principal


class Profiles(Protocol):
    """The handler that knows a unit's facts."""

    async def load(self, setting: Setting, code: str) -> Profile | None: ...


def unit_routes(framing: Framing, profiles: Profiles) -> APIRouter:
    """The profile's route."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/units/{unit}")
    async def show(
        request: Request,
        principal: Annotated[Principal, Depends(reader("evaluation:read"))],
        unit: Annotated[str, Path(max_length=CODE_CHARACTERS_MAX)],
        *,
        plan: PlanCode = None,
        year: Year = None,
        fragment: Fragment = None,
    ) -> Response:
        if (redirect := preference(request)) is not None:
            return redirect
        if principal.unit not in (None, unit):
            raise SignInNeeded("evaluation:read")
        frame = await framing.frame(request, principal, plan, year)
        if fragment == "freshness":
            return framing.fragment(fragment, frame)
        facts = await profiles.load(frame.setting, unit)
        if facts is None:
            return framing.answer("missing.html", frame, status=404, code=unit)
        if principal.plan is not None:
            # A delivery does not say which plan it is about.
            facts = replace(facts, deliveries=())
        view = profile.compose(facts, frame.setting, frame.words, frame.address)
        if fragment == "profile":
            return framing.fragment(fragment, frame, view=view)
        return framing.answer("unit.html", frame, view=view)

    return routes
