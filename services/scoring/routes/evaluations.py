"""Evaluations: which there are, how units stand."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from services.scoring.handlers.answer import Answer
from services.scoring.handlers.past import Past
from services.scoring.routes.instants import AsOf, past_ms
from shared.clock import Clock
from shared.http.answers import JSON, json_bytes
from shared.http.identity import Principal, require
from shared.http.language import Text
from shared.http.paging import Cursor, Limit
from shared.http.problems import Problem

PlanCode = Annotated[str, Path(max_length=40, description="Code of the plan.")]
Year = Annotated[int, Path(ge=1900, le=2200, description="Evaluation year.")]
UnitCode = Annotated[str, Path(max_length=100, description="Code of the unit.")]
Reader = Annotated[Principal, Depends(require("evaluation:read"))]


def evaluation_routes(answer: Answer, past: Past, clock: Clock) -> APIRouter:
    routes = APIRouter(prefix="/v1/evaluations", tags=["evaluations"])

    @routes.get("", summary="Evaluations by plan and year.")
    async def evaluations(
        *,
        request: Request,
        reader: Reader,
        plan: Annotated[str | None, Query(max_length=40, description="Only of this plan.")] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        only = allowed(reader, plan)
        return tagged(request, await answer.evaluations(plan=only, limit=limit, cursor=cursor))

    @routes.get("/{plan}/{year}", summary="One evaluation with its units by peer group, rank, code.")
    async def evaluation(
        *,
        request: Request,
        reader: Reader,
        plan: PlanCode,
        year: Year,
        peer_group: Annotated[str | None, Query(max_length=40, description="Only units of this peer group.")] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
        as_of: AsOf = None,
    ) -> Response:
        allowed(reader, plan)
        at_ms = past_ms(as_of, clock)
        if at_ms is not None:
            stood = await past.evaluation(plan, year, at_ms, peer_group=peer_group, limit=limit, cursor=cursor)
            return tagged(request, stood)
        found = await answer.evaluation(plan, year, peer_group=peer_group, limit=limit, cursor=cursor)
        return tagged(request, found)

    return routes


def allowed(reader: Principal, plan: str | None) -> str | None:
    """The plan to look at: a reader of one plan sees no other."""
    if reader.plan is None:
        return plan
    if plan not in (None, reader.plan):
        raise Problem(403, detail=Text("Chỉ được xem kế hoạch của mình.", "You may see your own plan only."))
    return reader.plan


def tagged(request: Request, content: dict[str, Any] | None) -> Response:
    """The answer with an entity tag over its bytes; 304 to a client that has them, 404 without content."""
    if content is None:
        detail = Text("Chưa có đánh giá này hoặc đơn vị không thuộc đánh giá.", "No such evaluation, or unit in it.")
        raise Problem(404, detail=detail)
    body = json_bytes(content)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    held = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if tag in held:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=JSON)
