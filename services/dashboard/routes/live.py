"""`/live`: server-sent events that name the regions to fetch again. The events carry no data of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.dashboard.handlers.live import Listener, Live
from services.dashboard.routes.frame import reader
from shared.http.identity import Principal

RETRY_MS = 3000
LOOK_SECONDS = 0.5


async def _seat(
    request: Request, _: Annotated[Principal, Depends(reader("evaluation:read"))]
) -> AsyncIterator[Listener]:
    """Taken before the answer starts: a full house is a 503, not a broken stream."""
    live: Live = request.app.state.live
    with live.seat() as listener:
        yield listener


def live_routes(*, stream_seconds_max: float, stopping: Callable[[], bool]) -> APIRouter:
    """The channel's route; the application's `state.live` is the channel.

    FastAPI adds a comment every 15 s, so that proxies keep the connection.
    """
    routes = APIRouter(include_in_schema=False)

    @routes.get("/live", response_class=EventSourceResponse)
    async def stream(listener: Annotated[Listener, Depends(_seat)]) -> AsyncIterator[ServerSentEvent]:
        # The stream ends now and then, so that a session that has run out does not listen for ever.
        until = asyncio.get_running_loop().time() + stream_seconds_max
        yield ServerSentEvent(event="ready", data={"regions": []}, retry=RETRY_MS)
        # An open stream would hold up a stop: it looks twice a second whether it should end.
        while not (listener.closed or stopping()) and asyncio.get_running_loop().time() < until:
            regions = await listener.changes(within_seconds=LOOK_SECONDS)
            if regions:
                yield ServerSentEvent(event="changed", data={"regions": regions})

    return routes
