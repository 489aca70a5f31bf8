"""Evaluations as files to keep, print and pass on."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.scoring.handlers.files import Files
from services.scoring.routes.evaluations import PlanCode, Reader, UnitCode, Year, allowed
from shared.http.downloads import CSV, PDF, XLSX, download
from shared.http.language import Text, current_language
from shared.http.problems import Problem
from shared.http.refusals import as_problems

Only = Annotated[str | None, Query(max_length=40, description="Only units of this peer group.")]


def _binary(media: str, description: str) -> dict[int | str, dict[str, Any]]:
    content = {media: {"schema": {"type": "string", "format": "binary"}}}
    return {200: {"description": description, "content": content}}


def file_routes(files: Files) -> APIRouter:
    """`/v1/evaluations/{plan}/{year}/ranking.*` and `.../units/{unit}/sheet.pdf`, labels by `Accept-Language`."""
    routes = APIRouter(prefix="/v1/evaluations", tags=["files"])

    @routes.get("/{plan}/{year}/ranking.csv", response_class=Response, responses=_binary(CSV, "The ranking"))
    async def csv(reader: Reader, plan: PlanCode, year: Year, peer_group: Only = None) -> Response:
        """The ranking for a spreadsheet: one line a unit, scores as shares of one."""
        allowed(reader, plan)
        return await _answered(files.csv(plan, year, current_language(), peer_group), f"{plan}-{year}.csv", CSV)

    @routes.get("/{plan}/{year}/ranking.xlsx", response_class=Response, responses=_binary(XLSX, "The workbook"))
    async def xlsx(reader: Reader, plan: PlanCode, year: Year, peer_group: Only = None) -> Response:
        """The ranking and every indicator of every unit as a workbook."""
        allowed(reader, plan)
        return await _answered(files.xlsx(plan, year, current_language(), peer_group), f"{plan}-{year}.xlsx", XLSX)

    @routes.get("/{plan}/{year}/ranking.pdf", response_class=Response, responses=_binary(PDF, "The ranking book"))
    async def book(reader: Reader, plan: PlanCode, year: Year, peer_group: Only = None) -> Response:
        """The ranking book: summary, bands, every peer group with bars, and how it was computed."""
        allowed(reader, plan)
        return await _answered(files.book(plan, year, current_language(), peer_group), f"{plan}-{year}.pdf", PDF)

    @routes.get("/{plan}/{year}/units/{unit}/sheet.pdf", response_class=Response, responses=_binary(PDF, "The sheet"))
    async def sheet(reader: Reader, plan: PlanCode, year: Year, unit: UnitCode) -> Response:
        """The sheet of one unit: where it stands, its groups beside its peers, every indicator."""
        allowed(reader, plan)
        return await _answered(files.sheet(plan, year, unit, current_language()), f"{plan}-{year}-{unit}.pdf", PDF)

    return routes


async def _answered(making: Awaitable[bytes | None], name: str, media: str) -> Response:
    with as_problems():
        made = await making
    if made is None:
        detail = Text("Chưa có đánh giá này hoặc đơn vị không thuộc đánh giá.", "No such evaluation, or unit in it.")
        raise Problem(404, detail=detail)
    return download(made, name, media)
