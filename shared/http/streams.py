"""Event streams end with the service, not with an error."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.telemetry.health import Health

EVENT_STREAM = "text/event-stream"


class StreamEnd:
    """Ends an open event stream properly when the server cancels it at the stop: browsers connect again by themselves.

    Only event streams: another answer cut short must look cut short, or half an export would pass for a whole one.
    """

    def __init__(self, app: ASGIApp, *, health: Health) -> None:
        self._app = app
        self._health = health

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_stream = False

        async def send_seen(message: Message) -> None:
            nonlocal is_stream
            if message["type"] == "http.response.start":
                is_stream = Headers(scope=message).get("content-type", "").startswith(EVENT_STREAM)
            await send(message)

        try:
            await self._app(scope, receive, send_seen)
        except asyncio.CancelledError:
            if not (is_stream and self._health.stopping):
                raise
            await send({"type": "http.response.body", "body": b"", "more_body": False})
