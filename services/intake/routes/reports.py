"""Reports: submit, list, read, approve, return."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.intake.domain.submission import REPORT_EXAMPLE, ReportInput
from services.intake.domain.summary import Summary
from services.intake.handlers.ledger import AskLedger
from services.intake.handlers.reports import SubmitReports
from services.intake.handlers.reviews import ReviewReports
from services.intake.routes.report_answers import ReportShown, rejection, shown, summary
from shared.events.report import ReportPhase, ReportState
from shared.http.answers import JSON, body_of, json_answer, json_bytes, read_body
from shared.http.api_docs import problems
from shared.http.idempotency import Idempotency, StoredResponse, request_hash
from shared.http.identity import SECURITY, Principal, authorized, require
from shared.http.known_parameters import KnownParameters
from shared.http.paging import LIMIT_DEFAULT, Cursor, Limit, Listing
from shared.http.parameters import CodeFilter, IdInPath, documented, flag
from shared.http.reach import check_reach, within_reach
from shared.http.refusals import as_problems
from shared.http.versions import NamedVersion, etag, version_of
from shared.telemetry.metrics import Metrics

Reader = Annotated[Principal, Depends(require("report:read"))]
Reviewer = Annotated[Principal, Depends(require("report:review"))]


# `POST /v1/reports` is asked far more often than anything else: it reads its few parameters by hand (a declared one
# costs some 20 us each, a dependency more), and says here what they are.
_PARAMETERS = [
    documented("dry_run", "query", "Say what would happen and write nothing.", type="boolean", default=False),
    documented("idempotency-key", "header", "At most 255 characters, kept 24 hours."),
    documented("if-match", "header", 'Version that is replaced, such as `"3"`.'),
]


class ReturnInput(BaseModel):
    """Why a report is returned; the unit reads it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: Annotated[str, Field(min_length=1, max_length=2000)]


def submission_routes(
    submit: SubmitReports, idempotency: Idempotency, *, metrics: Metrics, public_url: str
) -> APIRouter:
    """`POST /v1/reports`."""
    routes = APIRouter(prefix="/v1/reports", tags=["reports"], route_class=KnownParameters)

    @routes.post(
        "",
        status_code=201,
        response_model=Summary,
        responses={200: {"model": Summary, "description": "Replayed, unchanged, or a dry run"}, **problems(404)},
        openapi_extra={**body_of(ReportInput, example=REPORT_EXAMPLE), **SECURITY, "parameters": _PARAMETERS},
    )
    async def post(request: Request) -> Response:
        """Submit a report, or amend it by naming the version it replaces in `If-Match`.

        201 stored; 200 the same content again, a replay, or a dry run; 409 not in the window; 412 another version
        stands; 422 not valid (a problem document that holds the summary too); 423 sealed.
        """
        principal = await authorized(request, "report:write")
        version, dry_run = version_of(request.headers.get("if-match")), flag(request, "dry_run")
        given = await read_body(request, ReportInput)
        check_reach(principal, unit=given.unit, plan=given.plan, form=given.form)

        async def action() -> StoredResponse:
            with as_problems():
                done = await submit.submit(given, by=principal.subject, named_version=version, dry_run=dry_run)
            if not dry_run:
                metrics.reports.labels(done.result).inc()
            answer = summary(done, given, dry_run=dry_run, public_url=public_url)
            if done.result == "rejected":
                raise rejection(answer)
            headers = {**etag(answer.version or 0), "Location": f"/v1/reports/{answer.report_id}", "content-type": JSON}
            created = done.result == "created" and not dry_run
            return StoredResponse(201 if created else 200, json_bytes(answer), headers)

        key = request.headers.get("idempotency-key")
        if dry_run or key is None:
            return (await action()).response()
        digest = request_hash("POST", f"{request.url.path} {version or ''}", await request.body())
        return (await idempotency.run(principal.subject, key, digest, action)).response()

    return routes


def report_routes(ask: AskLedger, review: ReviewReports) -> APIRouter:
    """`/v1/reports` to read and to review."""
    routes = APIRouter(prefix="/v1", tags=["reports"], route_class=KnownParameters)

    @routes.get("/reports", response_model=Listing[ReportState])
    async def listed(
        principal: Reader,
        *,
        plan: CodeFilter = None,
        form: CodeFilter = None,
        unit: CodeFilter = None,
        period: CodeFilter = None,
        phase: ReportPhase | None = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Response:
        """Reports that stand now. A page may be short before the end: follow `next_cursor` until it is null."""
        unit, plan = within_reach(principal, unit=unit, plan=plan)
        filters = {"has_report": True, "plan": plan, "form": form, "unit": unit, "period": period, "phase": phase}
        found, after = await ask.page(filters, limit=limit, cursor=cursor)
        items = [entry.report.state for entry in found if entry.report is not None]
        return json_answer(Listing[ReportState](items=items, next_cursor=after))

    @routes.get("/reports/{report}", response_model=ReportShown)
    async def one(report: IdInPath, principal: Reader) -> Response:
        """A report with all its versions; `ETag` is the version to name in `If-Match`."""
        entry, versions = await ask.report(report)
        check_reach(principal, unit=entry.obligation.unit, plan=entry.obligation.plan)
        return json_answer(shown(entry, versions), headers=etag(entry.version))

    @routes.post("/reports/{report}/approve", response_model=ReportState)
    async def approve(report: IdInPath, principal: Reviewer, version: NamedVersion) -> Response:
        """Approve what stands. Under `two_step` not by who submitted it. `If-Match` guards against a late amendment."""
        entry, _ = await ask.report(report)
        check_reach(principal, unit=entry.obligation.unit, plan=entry.obligation.plan, form=entry.obligation.form)
        done = await review.approve(report, by=principal.subject, named_version=version)
        return json_answer(done.report.state if done.report else None, headers=etag(done.version))

    @routes.post(
        "/reports/{report}/return",
        response_model=ReportState,
        openapi_extra=body_of(ReturnInput, example={"reason": "Thiếu minh chứng cho INF-01"}),
    )
    async def give_back(request: Request, report: IdInPath, principal: Reviewer, version: NamedVersion) -> Response:
        """Return what stands, with a reason: what is owed is open again."""
        reason = (await read_body(request, ReturnInput)).reason
        entry, _ = await ask.report(report)
        check_reach(principal, unit=entry.obligation.unit, plan=entry.obligation.plan, form=entry.obligation.form)
        done = await review.give_back(report, by=principal.subject, reason=reason, named_version=version)
        return json_answer(done.report.state if done.report else None, headers=etag(done.version))

    return routes
