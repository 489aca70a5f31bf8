"""`/pipeline`: how the events reach the dashboard."""

from __future__ import annotations

from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.dashboard.domain.facts import Pipeline
from services.dashboard.pages import pipeline
from services.dashboard.routes.frame import Fragment, Framing, PlanCode, Year, everywhere, preference
from shared.http.identity import Principal


class Pipelines(Protocol):
    """The handler that knows the pipeline."""

    async def load(self) -> Pipeline: ...


def pipeline_routes(framing: Framing, pipelines: Pipelines) -> APIRouter:
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
        if (redirect := preference(request)) is not None:
            return redirect
        frame = await framing.frame(request, principal, plan, year)
        if fragment == "freshness":
            return framing.fragment(fragment, frame)
        view = pipeline.compose(await pipelines.load(), frame.words)
        if fragment == "pipeline":
            return framing.fragment("pipeline", frame, view=view)
        return framing.answer("pipeline.html", frame, view=view)

    return routes
