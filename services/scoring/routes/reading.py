"""Every read of scores that are not published leaves a line in the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from services.scoring.handlers.reading import NoteReading
from shared.http.identity import Principal, who

SCOPES = ("evaluation:read", "evaluation:clarify", "evaluation:appraise")


def noted(reading: NoteReading) -> Any:
    """Dependency of routes that show scores: notes who asks, for which (plan, year) of the address."""

    async def note(request: Request, principal: Annotated[Principal | None, Depends(who)]) -> None:
        if principal is None or not any(principal.may(scope) for scope in SCOPES):
            return  # the route refuses it
        plan = request.path_params.get("plan") or request.query_params.get("plan")
        year = str(request.path_params.get("year", ""))
        if plan is not None and principal.plan not in (None, plan):
            return
        asked = int(year) if year.isascii() and year.isdigit() and len(year) == 4 else None
        await reading.read(plan[:60] if plan else None, asked, request.url.path[:300], by=principal.subject)

    return Depends(note)


def noted_routes(reading: NoteReading, routers: Sequence[APIRouter]) -> APIRouter:
    """The routers as one, every route of which is noted."""
    together = APIRouter(dependencies=[noted(reading)])
    for router in routers:
        together.include_router(router)
    return together
