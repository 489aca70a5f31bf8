"""`/pipeline`: how the events reach the dashboard."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.dashboard.domain.asking import Reader, Refused
from services.dashboard.domain.facts import Audit, Pipeline
from services.dashboard.pages import pipeline
from services.dashboard.routes.frame import Fragment, Framing, PlanCode, Year, asker, everywhere
from shared.http.identity import Principal


class Pipelines(Protocol):
    """The handler that knows the pipeline."""

    async def load(self) -> Pipeline: ...


class Audits(Protocol):
    """The handler that knows the auditor."""

    async def load(self, reader: Reader) -> Audit: ...


def pipeline_routes(framing: Framing, pipelines: Pipelines, audits: Audits) -> APIRouter:
    """The page's route."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/pipeline")
    async def show(
        request: Request,
        principal: Annotated[Principal, Depends(everywhere("pipeline:read"))],
        plan: PlanCode = None,
        year: Year = None,
        fragment: Fragment = None,
    ) -> Response:
        frame = await framing.opened(request, principal, plan, year, fragment)
        if isinstance(frame, Response):
            return frame
        view = pipeline.compose(await pipelines.load(), frame.words)
        if fragment == "pipeline":
            return framing.fragment("pipeline", frame, view=view)
        try:
            audit = await audits.load(asker(request, principal))
        except Refused:
            audit = Audit((), None)
        if principal.plan is not None:
            audit = replace(audit, alerts=tuple(one for one in audit.alerts if one.plan == principal.plan))
        shown = pipeline.audit(audit, units=frame.setting.units, words=frame.words, address=frame.address)
        return framing.answer("pipeline.html", frame, view=view, audit=shown)

    return routes
