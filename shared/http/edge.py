"""What happens to every request around its route: correlation, response headers, access log. Pure ASGI.

The server span is FastAPI's own (its OpenTelemetry support continues an incoming `traceparent`); it is current here,
so every line below carries its trace id.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import structlog
from opentelemetry import trace
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import unbind_contextvars

from shared.http.client_address import ClientAddress
from shared.http.language import choose_language, set_language
from shared.http.problems import problem_of, render
from shared.telemetry.correlation import accepted_request_id, correlated
from shared.telemetry.metrics import Metrics

_HSTS = (b"strict-transport-security", b"max-age=31536000")

MORE_HEADERS = "tiendo.more_headers"
"""Key of the scope: headers (pairs of bytes) that something on the way wants on the answer, whatever it will be."""

QUIET_PATHS = frozenset({"/livez", "/readyz", "/metrics"})
CLIENT_GONE = 499

PRIVATE_PART = "{secret}"
"""What a route calls a part of its path that is a credential."""

API_POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"

log = structlog.stdlib.get_logger(__name__)


def is_quiet(scope: Any) -> bool:
    """Requests of probes and scrapers: neither traced nor logged."""
    return scope.get("path") in QUIET_PATHS


class Correlation:
    """`X-Request-Id` in and out and the client's address, bound to every log line; the language of the answer."""

    def __init__(self, app: ASGIApp, *, addresses: ClientAddress | None = None) -> None:
        self._app = app
        self._addresses = addresses or ClientAddress()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = accepted_request_id(headers.get("x-request-id"))
        set_language(choose_language(headers.get("accept-language")))

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        with correlated(request_id, client=self._addresses.of(scope)):
            try:
                await self._app(scope, receive, send_with_id)
            finally:
                # Bound by whoever found out who asks.
                unbind_contextvars("subject")


class ResponseHeaders:
    """Adds the headers that keep browsers careful, where the answer has none of its own."""

    def __init__(self, app: ASGIApp, *, content_security_policy: str = API_POLICY) -> None:
        self._app = app
        given = {
            "content-security-policy": content_security_policy,
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "referrer-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "cache-control": "no-store",
        }
        # As bytes, once: this runs for every answer.
        self._headers = [(name.encode(), value.encode()) for name, value in given.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wanted = [*self._headers, _HSTS] if scope.get("scheme") == "https" else self._headers

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                held = message.get("headers", [])
                named = {name.lower() for name, _ in held}
                more: list[tuple[bytes, bytes]] = scope.get(MORE_HEADERS, [])
                message["headers"] = [*held, *more, *(header for header in wanted if header[0] not in named)]
            await send(message)

        await self._app(scope, receive, send_with_headers)


class AccessLog:
    """One line and one observation per request; the last resort for an exception that nobody expected."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._seconds = metrics.http_request_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        status = 0

        async def send_seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_seen)
        except ClientDisconnect:
            status = status or CLIENT_GONE
        except Exception as error:
            _report_fault(error)
            if status:
                # The answer has begun: breaking it off is the only honest end.
                raise
            await render(problem_of(error)).response()(scope, receive, send_seen)
        finally:
            self._record(scope, status or CLIENT_GONE, perf_counter() - began)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = route_of(scope)
        self._seconds.labels(scope["method"], route, str(status)).observe(seconds)
        if not is_quiet(scope):
            # A secret that stands in the path stays out of the log.
            path = route if PRIVATE_PART in route else scope["path"]
            milliseconds = round(seconds * 1000, 1)
            log.info(
                "http.request",
                method=scope["method"],
                path=path,
                route=route,
                status=status,
                milliseconds=milliseconds,
            )


def route_of(scope: Scope) -> str:
    """The template of the matched route (`/v1/reports/{id}`), so that metrics have few labels; else `unmatched`."""
    telemetry = scope.get("fastapi.telemetry")
    route = getattr(telemetry, "route", None) or getattr(scope.get("route"), "path", None)
    return str(route) if route else "unmatched"


def _report_fault(error: Exception) -> None:
    trace.get_current_span().record_exception(error)
    log.error("http.fault", exc_info=error)
