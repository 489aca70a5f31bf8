"""Files that go out, and evidence that comes in: templates, exports, evidence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from pydantic import BaseModel
from starlette.responses import FileResponse, Response, StreamingResponse

from services.intake.domain.kept_files import KeptFile
from services.intake.formats.faults import FileFault
from services.intake.formats.sniff import MEDIA_TYPES
from services.intake.handlers.exports import ExportReports
from services.intake.handlers.kept_files import KeepEvidence
from services.intake.handlers.templates import MakeTemplates
from services.intake.routes.file_answers import fault_problem
from shared.clock import iso
from shared.events.report import ReportPhase
from shared.http.answers import json_answer
from shared.http.api_docs import problems
from shared.http.downloads import XLSX, saved_as
from shared.http.identity import Principal, require
from shared.http.known_parameters import KnownParameters
from shared.http.language import Text, current_language
from shared.http.parameters import CODE, CodeFilter, CodeInPath
from shared.http.problems import Problem
from shared.http.reach import check_reach, within_reach

Writer = Annotated[Principal, Depends(require("report:write"))]
Reader = Annotated[Principal, Depends(require("report:read"))]

_BINARY = {"schema": {"type": "string", "format": "binary"}}


def template_routes(templates: MakeTemplates) -> APIRouter:
    """`/v1/templates`."""
    routes = APIRouter(prefix="/v1/templates", tags=["files"], route_class=KnownParameters)

    @routes.get(
        "/{plan}/{form}/{unit}/{period}.xlsx",
        response_class=Response,
        responses={200: {"description": "The workbook", "content": {XLSX: _BINARY}}},
    )
    async def one(
        plan: CodeInPath,
        form: CodeInPath,
        unit: CodeInPath,
        period: Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{4,10}$")],
        principal: Reader,
    ) -> Response:
        """The official template for one report: fill in the yellow cells and send the file to `POST /v1/imports`.

        Labels in the language of `Accept-Language`; the last period's values stand beside. Where a report stands
        already its values are filled in, and the file, sent back, amends that version.
        """
        check_reach(principal, unit=unit, plan=plan)
        made = await templates.make(plan=plan, form=form, unit=unit, period=period, language=current_language())
        return Response(made, media_type=XLSX, headers=saved_as(f"{form}-{unit}-{period}.xlsx"))

    return routes


def filters(
    principal: Reader,
    *,
    plan: CodeFilter = None,
    form: CodeFilter = None,
    unit: CodeFilter = None,
    period: CodeFilter = None,
    phase: ReportPhase | None = None,
) -> dict[str, str | bool | None]:
    """What an export is of: within the reach of who asks."""
    unit, plan = within_reach(principal, unit=unit, plan=plan)
    return {"has_report": True, "plan": plan, "form": form, "unit": unit, "period": period, "phase": phase}


Filters = Annotated[dict[str, str | bool | None], Depends(filters)]


def export_routes(exports: ExportReports) -> APIRouter:
    """`/v1/reports.csv`, `/v1/reports.xlsx`."""
    routes = APIRouter(prefix="/v1", tags=["files"], route_class=KnownParameters)

    @routes.get(
        "/reports.csv",
        response_class=Response,
        responses={200: {"description": "UTF-8 with a byte order mark", "content": {"text/csv": {"schema": {}}}}},
    )
    async def csv(wanted: Filters) -> Response:
        """Reports that stand now, one row a value, in the columns that imports take.

        Text that a spreadsheet would run as a formula has an apostrophe in front; imports take it off again.
        """
        lines: AsyncIterator[bytes] = exports.csv(wanted)
        return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=saved_as("reports.csv"))

    @routes.get(
        "/reports.xlsx",
        response_class=Response,
        responses={200: {"description": "The workbook", "content": {XLSX: _BINARY}}},
    )
    async def xlsx(wanted: Filters) -> Response:
        """The same as a workbook. 422 when there are too many rows for one: narrow the filters or take the CSV."""
        return StreamingResponse(await exports.xlsx(wanted), media_type=XLSX, headers=saved_as("reports.xlsx"))

    return routes


class EvidenceShown(BaseModel):
    """An evidence file: name it in a value's `evidence` with kind `file` and this `sha256`."""

    sha256: str
    unit: str
    name: str
    media_type: str
    bytes: int
    uploaded_by: str
    uploaded_at: str


def evidence_routes(evidence: KeepEvidence) -> APIRouter:
    """`/v1/evidence`."""
    routes = APIRouter(prefix="/v1/evidence", tags=["files"], route_class=KnownParameters)

    @routes.post(
        "",
        status_code=201,
        response_model=EvidenceShown,
        responses={200: {"model": EvidenceShown, "description": "The unit gave this file before"}},
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    media_type: {"schema": {"type": "string", "format": "binary"}, "example": "(the file's bytes)"}
                    for media_type in MEDIA_TYPES
                },
            }
        },
    )
    async def post(
        request: Request,
        principal: Writer,
        *,
        unit: Annotated[
            str | None, Query(pattern=CODE, description="Whose evidence; a unit's key gives its own.")
        ] = None,
        name: Annotated[str | None, Query(max_length=500, description="File name to show.")] = None,
        x_filename: Annotated[str | None, Header(max_length=500, description="File name to show.")] = None,
    ) -> Response:
        """Upload an evidence file as the raw body, its type in `Content-Type`.

        The type is checked against the content: 415 when it is another, or none that is taken (PDF, PNG, JPEG, docx,
        xlsx, odt, text and CSV in UTF-8). The same file again is the same evidence (200).
        """
        check_reach(principal, unit=unit)
        owner = unit or principal.unit
        if owner is None:
            raise Problem(422, detail=Text("Nêu đơn vị trong ?unit=.", "Name the unit in ?unit=."), pointer="/unit")
        try:
            kept, is_new = await evidence.take(
                request.stream(),
                unit=owner,
                name=name or x_filename or "",
                media_type=request.headers.get("content-type", ""),
                by=principal.subject,
            )
        except FileFault as fault:
            raise fault_problem(fault) from fault
        headers = {"Location": f"/v1/evidence/{kept.sha256}"}
        return json_answer(_shown(kept), 201 if is_new else 200, headers=headers)

    @routes.get(
        "/{sha256}",
        response_class=Response,
        responses={
            200: {
                "description": "The file, to be saved and not shown",
                "content": dict.fromkeys(MEDIA_TYPES, _BINARY),
            },
            **problems(409),
        },
    )
    async def one(
        sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")],
        principal: Reader,
        unit: CodeFilter = None,
    ) -> Response:
        """An evidence file: of the own unit, or of any for those who are bound to none."""
        check_reach(principal, unit=unit)
        kept, path = await evidence.find(sha256, unit=unit or principal.unit)
        headers = {**saved_as(kept.name), "ETag": f'"{sha256}"', "X-Content-Type-Options": "nosniff"}
        return FileResponse(path, media_type=kept.media_type, headers=headers)

    return routes


def _shown(kept: KeptFile) -> EvidenceShown:
    return EvidenceShown(
        **kept.model_dump(exclude={"uploaded_at_ms"}),
        uploaded_at=iso(kept.uploaded_at_ms),
    )
