"""`/export/*.csv`: ranking and completeness as files for a spreadsheet."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from services.dashboard.pages import export
from services.dashboard.routes.frame import Framing, Peer, PlanCode, Year, everywhere
from services.dashboard.routes.overview import Overviews
from shared.http.identity import Principal

MEDIA_TYPE = "text/csv; charset=utf-8"
Reader = Annotated[Principal, Depends(everywhere("evaluation:read"))]


def export_routes(framing: Framing, overviews: Overviews) -> APIRouter:
    """The files' routes."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/export/ranking.csv")
    async def ranking(
        request: Request, principal: Reader, plan: PlanCode = None, year: Year = None, peer: Peer = None
    ) -> Response:
        frame = await framing.frame(request, principal, plan, year)
        facts = await overviews.load(frame.setting, ("ranking",))
        return _file("ranking", export.ranking(facts, frame.setting, peer=peer, words=frame.words))

    @routes.get("/export/matrix.csv")
    async def matrix(
        request: Request, principal: Reader, plan: PlanCode = None, year: Year = None, peer: Peer = None
    ) -> Response:
        frame = await framing.frame(request, principal, plan, year)
        facts = await overviews.load(frame.setting, ("matrix",))
        return _file("matrix", export.matrix(facts, frame.setting, peer=peer, words=frame.words))

    return routes


def _file(name: str, body: bytes) -> Response:
    headers = {"content-disposition": f'attachment; filename="tiendo-{name}.csv"'}
    return Response(body, media_type=MEDIA_TYPE, headers=headers)
