"""What the simulator asks between two steps of virtual time. Served in the local profile only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.responses import Response

from shared.http.answers import json_answer

Settled = Callable[[], Awaitable[dict[str, int]]]


def internal_routes(settled: Settled) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/internal/settled")
    async def internal_settled() -> Response:
        return json_answer(await settled())

    return routes
