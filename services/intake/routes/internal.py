"""What the local platform asks; not part of the API, absent in production."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.responses import Response

from shared.http.answers import json_answer

Settled = Callable[[], Awaitable[dict[str, int]]]


def internal_routes(settled: Settled) -> APIRouter:
    """`/internal/settled`."""
    routes = APIRouter(prefix="/internal", include_in_schema=False)

    @routes.get("/settled")
    async def answer() -> Response:
        return json_answer(await settled())

    return routes
