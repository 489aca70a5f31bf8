"""Analyses of evaluations: asked for as jobs, told with their progress, answered as JSON and CSV; what-ifs at once."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from services.scoring.domain.analysis.job import Job
from services.scoring.domain.analysis.kinds import Kind
from services.scoring.domain.analysis.what_if import WhatIfWeights
from services.scoring.handlers.jobs import AskAnalyses
from services.scoring.handlers.paces import Paces
from services.scoring.routes.evaluations import PlanCode, Reader, Year, allowed
from shared.http.answers import json_answer
from shared.http.identity import Principal, require
from shared.http.language import Text
from shared.http.paging import Cursor, Limit
from shared.http.parameters import CodeFilter, IdInPath
from shared.http.problems import Problem

Analyst = Annotated[Principal, Depends(require("analysis:run"))]
RowLimit = Annotated[int, Query(ge=1, le=1000, description="Most rows of the table in this answer.")]
CSV = "text/csv; charset=utf-8"


class AnalysisAsked(BaseModel):
    """What to analyse. `parameters` depend on the kind; every one has a default but those of what_if and dual_run."""

    model_config = ConfigDict(extra="forbid")

    plan: Annotated[str, Field(max_length=40)]
    year: Annotated[int, Field(ge=1900, le=2200)]
    kind: Kind
    parameters: Annotated[dict[str, Any], Field(max_length=50)] = Field(default_factory=dict)


def analysis_routes(analyses: AskAnalyses) -> APIRouter:
    """`/v1/analyses`."""
    routes = APIRouter(prefix="/v1/analyses", tags=["analyses"])

    @routes.post("", status_code=202, summary="Ask for an analysis of the saved evaluation.")
    async def ask(asked: AnalysisAsked, analyst: Analyst) -> Response:
        """202 while it is to be computed, 200 when the same question about the same inputs was answered already."""
        allowed(analyst, asked.plan)
        job, _ = await analyses.ask(asked.plan, asked.year, asked.kind, asked.parameters, by=analyst.subject)
        headers = {"location": f"/v1/analyses/{job.id}"}
        return json_answer(job.content(), status=200 if job.state == "done" else 202, headers=headers)

    @routes.get("", summary="Analyses, newest first.")
    async def some(
        *,
        reader: Reader,
        plan: CodeFilter = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        return json_answer(await analyses.page(allowed(reader, plan), limit=limit, cursor=cursor))

    @routes.get("/{id}", summary="How far an analysis is; its summary when it is done.")
    async def one(id: IdInPath, reader: Reader) -> Response:
        return json_answer((await analyses.get(id, plan=reader.plan)).content())

    @routes.get("/{id}/result", summary="Summary and table of an analysis, page by page.")
    async def result(id: IdInPath, reader: Reader, limit: RowLimit = 500, cursor: Cursor = None) -> Response:
        found = await analyses.result(id, plan=reader.plan, first=_first(cursor), limit=limit)
        return json_answer(found)

    @routes.get(
        "/{id}/result.csv",
        summary="The table of an analysis as a file.",
        responses={200: {"description": "UTF-8 with a byte order mark", "content": {"text/csv": {"schema": {}}}}},
    )
    async def table(id: IdInPath, reader: Reader) -> Response:
        job, chunks = await analyses.table(id, plan=reader.plan)
        headers = {"content-disposition": f'attachment; filename="tiendo-{job.kind}-{job.plan}-{job.year}.csv"'}
        return StreamingResponse(_csv(job, chunks), media_type=CSV, headers=headers)

    @routes.delete("/{id}", summary="Cancel an analysis; one that has ended stays as it is.")
    async def cancel(id: IdInPath, analyst: Analyst) -> Response:
        return json_answer((await analyses.cancel(id, plan=analyst.plan, by=analyst.subject)).content())

    return routes


def what_if_routes(analyses: AskAnalyses, paces: Paces) -> APIRouter:
    """`/v1/evaluations/{plan}/{year}/what-if` and `/pace`."""
    routes = APIRouter(prefix="/v1/evaluations", tags=["analyses"])

    @routes.post("/{plan}/{year}/what-if", summary="The ranking with other weights, without touching the record.")
    async def what_if(plan: PlanCode, year: Year, given: WhatIfWeights, analyst: Analyst) -> Response:
        allowed(analyst, plan)
        return json_answer(await analyses.what_if(plan, year, given))

    @routes.get("/{plan}/{year}/pace", summary="Is every indicator where it should be by now?")
    async def pace(
        *,
        plan: PlanCode,
        year: Year,
        reader: Reader,
        unit: CodeFilter = None,
        limit: RowLimit = 100,
        cursor: Cursor = None,
    ) -> Response:
        allowed(reader, plan)
        return json_answer(await paces.of(plan, year, unit=unit, first=_first(cursor), limit=limit))

    return routes


async def _csv(job: Job, chunks: AsyncIterator[list[list[Any]]]) -> AsyncIterator[bytes]:
    """With a byte order mark, so that spreadsheets read Vietnamese; what looks like a formula is made text."""
    yield b"\xef\xbb\xbf" + _lines([list(job.columns)])
    async for rows in chunks:
        yield _lines(rows)


def _lines(rows: list[list[Any]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows([[_cell(value) for value in row] for row in rows])
    return buffer.getvalue().encode()


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _first(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 9):
        detail = Text("Con trỏ trang không hợp lệ.", "This cursor is not one of ours.")
        raise Problem(422, detail=detail, members={"parameter": "cursor"})
    return int(cursor)
