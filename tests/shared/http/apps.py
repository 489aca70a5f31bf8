"""The small application that the tests of the HTTP edge ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import APIRouter, Depends, FastAPI, Request
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from shared.errors import Misuse, Permanent, Transient
from shared.http.answers import body_of, json_answer, read_body
from shared.http.app import Limits, create_app
from shared.http.identity import Identity, Principal, require, who
from shared.http.paging import Cursor, Limit, Listing
from shared.http.problems import Problem
from shared.telemetry.service import Telemetry
from shared.telemetry.tracing import Tracing, current_traceparent

ORIGIN = "http://tiendo.test"


class Value(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    indicator: str = Field(max_length=20, description="Code of the indicator.")
    numerator: float | None = Field(default=None, ge=0)


class Report(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    unit: str
    values: list[Value]


routes = APIRouter()


@routes.post("/v1/reports", openapi_extra=body_of(Report, example={"unit": "VCNTT", "values": []}))
async def submit(request: Request) -> Response:
    """Submit a report."""
    report = await read_body(request, Report)
    return json_answer({"unit": report.unit, "values": len(report.values)}, 201)


@routes.get("/v1/reports/{report_id}")
async def read(report_id: str) -> Response:
    if report_id == "none":
        raise Problem(404, members={"report_id": report_id})
    return json_answer({"report_id": report_id, "traceparent": current_traceparent()})


@routes.get("/v1/reports")
async def list_reports(limit: Limit = 50, cursor: Cursor = None) -> Listing[str]:
    return Listing(items=[f"report-{limit}"], next_cursor=cursor)


@routes.put("/v1/plans")
async def publish(principal: Annotated[Principal, Depends(require("plan:write"))]) -> Response:
    return json_answer({"subject": principal.subject, "unit": principal.unit})


@routes.get("/v1/me")
async def me(principal: Annotated[Principal | None, Depends(who)]) -> Response:
    return json_answer({"subject": principal.subject if principal else None})


@routes.get("/v1/fails/{how}")
async def fail(how: str) -> Response:
    faults = {
        "transient": Transient("store at 10.0.0.7 is away"),
        "permanent": Permanent("the plan is sealed"),
        "misuse": Misuse("collection scores has no index on unit"),
        "unknown": KeyError("secret internal name"),
    }
    raise faults[how]


@routes.post("/v1/raw")
async def raw(request: Request) -> Response:
    return json_answer(Report.model_validate_json(await request.body()))


@routes.get("/v1/slow")
async def slow() -> Response:
    await asyncio.Event().wait()
    return Response()


@routes.get("/v1/stream")
async def stream() -> Response:
    async def forever() -> AsyncIterator[bytes]:
        yield b"data: first\n\n"
        await asyncio.Event().wait()

    return StreamingResponse(forever(), media_type="text/event-stream")


@routes.put("/v1/imports/{name}")
async def take_import(request: Request, name: str) -> Response:
    return json_answer({"name": name, "bytes": len(await request.body())})


def telemetry_for_tests(exporter: InMemorySpanExporter | None = None) -> Telemetry:
    return Telemetry(Tracing(service="test", exporter=exporter))


def app_for_tests(
    *,
    telemetry: Telemetry | None = None,
    limits: Limits | None = None,
    identity: Identity | None = None,
) -> FastAPI:
    return create_app(
        title="Test",
        version="1.0",
        summary="An application of the tests.",
        routers=[routes],
        telemetry=telemetry or telemetry_for_tests(),
        limits=limits,
        identity=identity,
    )


@asynccontextmanager
async def asking(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application, in this process."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=ORIGIN) as client:
        yield client
