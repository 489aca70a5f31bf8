"""Files of reports: imports as jobs, batches answered at once."""

from __future__ import annotations

import hashlib
import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import Response

from services.intake.domain.imported import Per, summary_of
from services.intake.domain.imports import Decimal, Format, Sent
from services.intake.domain.reach import Reach
from services.intake.domain.submission import REPORT_EXAMPLE, Mode
from services.intake.handlers.batch import SubmitBatch
from services.intake.handlers.imports import AcceptImports
from services.intake.routes.file_answers import (
    ImportShown,
    SummaryShown,
    import_shown,
    result_shown,
    summary_shown,
)
from shared.clock import Clock
from shared.http.answers import JSON, json_answer, json_bytes
from shared.http.idempotency import KEY_CHARACTERS_MAX, Idempotency, StoredResponse, request_hash
from shared.http.identity import Principal, require
from shared.http.known_parameters import KnownParameters
from shared.http.language import Text
from shared.http.parameters import IdInPath
from shared.http.problems import Problem
from shared.http.reach import check_reach
from shared.http.refusals import as_problems

Writer = Annotated[Principal, Depends(require("report:write"))]
Reader = Annotated[Principal, Depends(require("report:read"))]
DryRun = Annotated[bool, Query(description="Say what would happen and write nothing.")]
PerFile = Annotated[
    Per, Query(description="What ATOMIC takes whole or not at all: all that is sent together, or each report of it.")
]
Key = Annotated[str | None, Header(alias="Idempotency-Key", description="At most 255 characters.")]

CSV, NDJSON = "text/csv", "application/x-ndjson"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BATCH_BYTES_MAX = 8 * 1024 * 1024

_CSV_EXAMPLE = (
    "plan,form,unit,period,indicator,value,numerator,denominator,status,reason,evidence_kind,evidence_reference\n"
    "MIC-ITAPP-2011-2015,QUARTERLY,VCNTT,2011-Q1,INF-01,,40,42,,,,\n"
    "MIC-ITAPP-2011-2015,QUARTERLY,VCNTT,2011-Q1,SVC-04,3,,,,,document_number,12/QĐ-VCNTT\n"
    "MIC-ITAPP-2011-2015,QUARTERLY,VCNTT,2011-Q1,INF-07,,,,not_applicable,Không có cuộc họp nào,,\n"
)
_NDJSON_EXAMPLE = json_bytes({**REPORT_EXAMPLE, "replaces": 1}).decode() + "\n"
_TEXT = {"type": "string"}


def _files() -> dict[str, Any]:
    content = {
        CSV: {"schema": _TEXT, "example": _CSV_EXAMPLE},
        NDJSON: {"schema": _TEXT, "example": _NDJSON_EXAMPLE},
        XLSX: {"schema": {"type": "string", "format": "binary"}, "example": "(an XLSX file)"},
    }
    return {"requestBody": {"required": True, "content": content}}


def import_routes(accept: AcceptImports, *, public_url: str) -> APIRouter:
    """`/v1/imports`."""
    routes = APIRouter(prefix="/v1/imports", tags=["files"], route_class=KnownParameters)

    @routes.post(
        "",
        status_code=202,
        response_model=ImportShown,
        openapi_extra=_files(),
    )
    async def post(
        request: Request,
        principal: Writer,
        *,
        format: Annotated[Format, Query(description="What the body is, whatever its Content-Type says.")],
        mode: Annotated[
            Mode,
            Query(description="ATOMIC: whole or not at all (see `per`); PARTIAL: the sound values of each report."),
        ] = "ATOMIC",
        per: PerFile = "file",
        dry_run: DryRun = False,
        decimal: Annotated[
            Decimal, Query(description="Decimal mark of the file's numbers. `auto` refuses what could be either.")
        ] = "auto",
        key: Key = None,
    ) -> Response:
        """Send a file of reports in the long format (CSV, XLSX), an official template, or NDJSON.

        202 with the job under `Location`: ask it until `phase` is DONE or FAILED. Rows of one report need not be
        adjacent. Reports are judged as received when the file was. A fault of the file itself stores nothing; under
        ATOMIC a fault of any report stores nothing either, unless `per=report` lets each stand by itself.
        """
        sent = Sent(
            format=format,
            mode=mode,
            per=per,
            dry_run=dry_run,
            decimal=decimal,
            by=principal.subject,
            unit=principal.unit or "",
            plan=principal.plan or "",
            units=tuple(sorted(principal.units or ())),
            forms=tuple(sorted(principal.forms or ())),
        )
        job, is_new = await accept.accept(_import_id(principal.subject, key), sent, request.stream())
        headers = {"Location": f"/v1/imports/{job.id}", "Retry-After": "1"}
        if not is_new:
            headers["Idempotency-Replay"] = "true"
        return json_answer(import_shown(job, public_url), 202, headers=headers)

    @routes.get("/{id}", response_model=ImportShown)
    async def one(id: IdInPath, principal: Reader) -> Response:
        """An import: its phase, progress, and the summary so far. Kept for 30 days after its end."""
        job = await accept.get(id)
        if job.sent.by != principal.subject:
            check_reach(principal, unit=job.sent.unit or _ANY, plan=job.sent.plan or _ANY)
        headers = {} if job.finished_at_ms else {"Retry-After": "1"}
        return json_answer(import_shown(job, public_url), headers=headers)

    return routes


def batch_routes(batch: SubmitBatch, idempotency: Idempotency, *, clock: Clock, public_url: str) -> APIRouter:
    """`POST /v1/reports/batch`."""
    routes = APIRouter(prefix="/v1/reports", tags=["files"], route_class=KnownParameters)

    @routes.post(
        "/batch",
        status_code=200,
        response_model=SummaryShown,
        responses={
            200: {
                "model": SummaryShown,
                "description": "Every report was looked at; with `Accept: application/x-ndjson` one result a line",
                "content": {NDJSON: {"schema": _TEXT}},
            }
        },
        openapi_extra={
            "requestBody": {"required": True, "content": {NDJSON: {"schema": _TEXT, "example": _NDJSON_EXAMPLE}}}
        },
    )
    async def post(
        request: Request,
        principal: Writer,
        *,
        mode: Mode = "ATOMIC",
        per: PerFile = "file",
        dry_run: DryRun = False,
        key: Key = None,
    ) -> Response:
        """Submit up to 500 reports, one JSON object a line, each as `POST /v1/reports` takes it.

        `replaces` beside its members names the version that it amends. The answer is 200 whatever became of them, and
        says it for each. Under ATOMIC one report at fault keeps all from being written (`withheld`), unless
        `per=report` lets each stand by itself. More reports: `POST /v1/imports`.
        """
        _check_type(request)
        body = await request.body()
        as_lines = NDJSON in request.headers.get("accept", "")

        async def action() -> StoredResponse:
            with as_problems():
                taken = await batch.submit(
                    body,
                    by=principal.subject,
                    mode=mode,
                    per=per,
                    dry_run=dry_run,
                    reach=_reach(principal),
                )
            at_ms = clock.now_ms()
            if as_lines:
                lines = [json_bytes(result_shown(result, public_url, received_at_ms=at_ms)) for result in taken.results]
                return StoredResponse(200, b"\n".join(lines) + b"\n", {"content-type": NDJSON})
            summary = summary_of(taken.tally, mode=mode, dry_run=dry_run)
            whole = summary.model_copy(update={"results": tuple(taken.results)})
            shown = summary_shown(whole, public_url, received_at_ms=at_ms)
            return StoredResponse(200, json_bytes(shown), {"content-type": JSON})

        digest = request_hash("POST", f"{request.url.path}?{request.url.query} {as_lines}", body)
        return (await idempotency.run(principal.subject, None if dry_run else key, digest, action)).response()

    return routes


def _reach(principal: Principal) -> Reach:
    return Reach.of(unit=principal.unit, units=principal.units, forms=principal.forms, plan=principal.plan)


def _check_type(request: Request) -> None:
    given = request.headers.get("content-type", NDJSON).partition(";")[0].strip().lower()
    if given not in (NDJSON, "application/jsonl", "application/ndjson", "text/plain"):
        detail = Text(f"Gửi nội dung dạng {NDJSON}.", f"Send the body as {NDJSON}.")
        raise Problem(415, detail=detail, headers={"Accept": NDJSON})


_ANY = "(any)"
"""No unit's and no plan's code: an import that is bound to none is for those who are bound to none."""


def _import_id(subject: str, key: str | None) -> str:
    """An id of its own; with an idempotency key always the same one."""
    if key is None:
        return f"import-{secrets.token_hex(16)}"
    if not key or len(key) > KEY_CHARACTERS_MAX:
        raise Problem(
            400,
            detail=Text(
                f"Idempotency-Key dài từ 1 đến {KEY_CHARACTERS_MAX} ký tự.",
                f"An Idempotency-Key has 1 to {KEY_CHARACTERS_MAX} characters.",
            ),
        )
    return f"import-{hashlib.sha256(f'{subject}{chr(0)}{key}'.encode()).hexdigest()[:32]}"
