"""Bounds of a request: bytes of its body, seconds until its answer starts. Pure ASGI, before any route runs.

Starlette has a body limit of its own, but its answer is plain text even where a handler would write a problem.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog
from starlette.datastructures import Headers
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.language import Text
from shared.http.problems import Problem, ProblemAnswer, render

log = structlog.stdlib.get_logger(__name__)

# The rest of the body is not wanted: the connection cannot be used again.
_CLOSE = {"Connection": "close"}


class BodyLimit:
    """Answers 413 to a body over `bytes_max`, whether declared or streamed; some paths may have bounds of their own.

    `by_path` maps path templates (`/v1/imports/{id}`) to bytes.
    """

    def __init__(self, app: ASGIApp, *, bytes_max: int, by_path: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._bytes_max = bytes_max
        self._by_path = [(compile_path(path)[0], limit) for path, limit in (by_path or {}).items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isdigit() and int(declared) > limit:
            await render(_too_large(limit)).response()(scope, receive, send)
            return
        await self._app(scope, _counted(receive, limit), send)

    def _limit(self, path: str) -> int:
        return next((limit for pattern, limit in self._by_path if pattern.match(path)), self._bytes_max)


def _counted(receive: Receive, limit: int) -> Receive:
    seen = 0

    async def receive_counted() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > limit:
                raise _too_large(limit)
        return message

    return receive_counted


def _too_large(limit: int) -> Problem:
    detail = Text(f"Nội dung tối đa {limit} byte.", f"A body has at most {limit} bytes.")
    return Problem(413, detail=detail, members={"body_bytes_max": limit}, headers=_CLOSE)


class Deadline:
    """Ends a request whose answer has not started in time: 408 when its body is still arriving, else 503.

    An answer that has started (a stream) may take as long as it likes.
    """

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body_ended = awaits_body = False
        timer = asyncio.timeout(self._seconds)

        async def receive_watched() -> Message:
            nonlocal body_ended, awaits_body
            # Stays true when the deadline ends this wait: the client was the slow one.
            awaits_body = not body_ended
            message = await receive()
            awaits_body = False
            body_ended = body_ended or not message.get("more_body", False)
            return message

        async def send_watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                timer.reschedule(None)
            await send(message)

        try:
            async with timer:
                await self._app(scope, receive_watched, send_watched)
        except TimeoutError:
            if not timer.expired():
                raise
            await _too_late(self._seconds, awaits_body=awaits_body).response()(scope, receive, send)


def _too_late(seconds: float, *, awaits_body: bool) -> ProblemAnswer:
    log.warning("http.timeout", seconds=seconds, awaits_body=awaits_body)
    if not awaits_body:
        detail = Text("Máy chủ chưa trả lời kịp.", "The server did not answer in time.")
        return render(Problem(503, detail=detail, headers={"Retry-After": "5"}))
    detail = Text(f"Nội dung phải đến trong {seconds:g} giây.", f"A body must arrive within {seconds:g} seconds.")
    return render(Problem(408, detail=detail, headers=_CLOSE))
