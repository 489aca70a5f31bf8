"""What every application answers besides its own routes: probes, metrics, and what a kind of problem means."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from shared.http.answers import json_answer
from shared.http.language import current_language
from shared.http.problem_titles import TITLES
from shared.http.problems import Problem
from shared.telemetry.metrics import CONTENT_TYPE
from shared.telemetry.service import Telemetry


def system_routes(telemetry: Telemetry) -> APIRouter:
    """`/livez`, `/readyz`, `/metrics`, `/problems/<slug>`."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/livez")
    async def livez() -> Response:
        # No dependency is asked: a broken store must not make an orchestrator kill a healthy process.
        return json_answer({"live": True})

    @routes.get("/readyz")
    async def readyz() -> Response:
        ready, found = await telemetry.health.readiness()
        return json_answer(found, 200 if ready else 503)

    @routes.get("/metrics")
    async def metrics() -> Response:
        return Response(telemetry.metrics.render(), headers={"content-type": CONTENT_TYPE})

    @routes.get("/problems/{slug}")
    async def problem(request: Request, slug: str) -> Response:
        if slug not in TITLES:
            raise Problem(404)
        return PlainTextResponse(f"{slug}: {TITLES[slug].say(current_language())}\n")

    return routes
