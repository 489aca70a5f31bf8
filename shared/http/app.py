"""The application factory: a FastAPI application with everything that the services' edges have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware

from shared.http import api_docs, problems
from shared.http.client_address import ClientAddress, split
from shared.http.edge import API_POLICY, AccessLog, Correlation, ResponseHeaders, is_quiet
from shared.http.identity import Identity
from shared.http.limits import BodyLimit, Deadline
from shared.http.streams import StreamEnd
from shared.http.system import system_routes
from shared.settings import ServiceSettings
from shared.telemetry.service import Telemetry

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a request. `body_bytes_max_by_path` maps path templates (`/v1/imports/{id}`) to bytes of their own.

    `trusted_proxies`: networks (CIDR) whose `X-Forwarded-For` is believed.
    """

    body_bytes_max: int = 1_048_576
    request_timeout_seconds: float = 30.0
    body_bytes_max_by_path: Mapping[str, int] = field(default_factory=dict)
    trusted_proxies: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: ServiceSettings, body_bytes_max_by_path: Mapping[str, int] | None = None) -> Limits:
        return cls(
            settings.body_bytes_max,
            settings.request_timeout_seconds,
            dict(body_bytes_max_by_path or {}),
            split(settings.trusted_proxies),
        )


class Application(FastAPI):
    """FastAPI whose description says what errors really look like."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = api_docs.with_problems(super().openapi())
        return self.openapi_schema


def create_app(
    *,
    title: str,
    version: str,
    summary: str,
    routers: Sequence[APIRouter],
    telemetry: Telemetry,
    limits: Limits | None = None,
    identity: Identity | None = None,
    lifespan: Lifespan | None = None,
    content_security_policy: str = API_POLICY,
) -> FastAPI:
    """An application with probes, metrics, offline API pages, problem documents, identity, limits, logs and traces.

    Routes find `telemetry` and `identity` in `request.app.state`; anything else a service puts there itself.
    FastAPI's own OpenTelemetry makes the server span; its operation spans and metrics stay off for their price.
    """
    bounds = limits or Limits()
    app = Application(
        title=title,
        version=version,
        summary=summary,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        telemetry={
            "tracer_provider": telemetry.tracing.provider,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
            "exclude": is_quiet,
        },
        middleware=[
            Middleware(StreamEnd, health=telemetry.health),
            Middleware(Correlation, addresses=ClientAddress(bounds.trusted_proxies)),
            Middleware(ResponseHeaders, content_security_policy=content_security_policy),
            Middleware(AccessLog, metrics=telemetry.metrics),
            Middleware(Deadline, seconds=bounds.request_timeout_seconds),
            Middleware(BodyLimit, bytes_max=bounds.body_bytes_max, by_path=bounds.body_bytes_max_by_path),
        ],
    )
    app.state.telemetry = telemetry
    app.state.identity = identity or Identity()
    problems.install(app)
    # The service's routes are matched first: they are asked most, and each route before them costs every request.
    for router in routers:
        app.include_router(router)
    app.include_router(system_routes(telemetry))
    api_docs.install(app)
    return app
