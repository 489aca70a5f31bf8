"""`/internal/settled`: what is still under way, for a simulator that steps the clock. Local profile only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter

Settled = Callable[[], Awaitable[dict[str, int]]]


def internal_routes(settled: Settled) -> APIRouter:
    """The barrier's route."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/internal/settled")
    async def show() -> dict[str, int]:
        return await settled()

    return routes
