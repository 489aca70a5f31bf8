"""A report's versions and what differs between them; what waits for reviewers; an approval taken back."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from services.intake.domain.entry import Decision as Review
from services.intake.domain.entry import Entry, Report
from services.intake.domain.since import differences
from services.intake.handlers.ledger import AskLedger
from services.intake.handlers.reviews import ReviewReports
from services.intake.routes.relief import ReasonInput
from shared.clock import iso
from shared.events.report import ReportedValue, ReportState
from shared.http.answers import body_of, json_answer, read_body
from shared.http.identity import Principal, require
from shared.http.known_parameters import KnownParameters
from shared.http.paging import LIMIT_DEFAULT, Cursor, Limit, Listing
from shared.http.parameters import CodeFilter, IdInPath
from shared.http.reach import check_reach, within_reach
from shared.http.versions import NamedVersion, etag

VERSION_MAX = 999_999_999

Reader = Annotated[Principal, Depends(require("report:read"))]
Reviewer = Annotated[Principal, Depends(require("report:review"))]
VersionInPath = Annotated[int, Path(ge=1, le=VERSION_MAX)]


class VersionContent(BaseModel):
    """One version of a report, whole."""

    report: ReportState
    nil_reason: str | None
    explanations: dict[str, str]
    change_reason: str | None = Field(description="Why it replaced the version before.")
    reviews: list[Review] = Field(description="Decisions about this report up to this version.")
    current_version: int


class ChangeShown(BaseModel):
    """One indicator that differs, and the version that gave it its later value."""

    indicator: str
    was: ReportedValue | None
    now: ReportedValue | None
    version: int
    by: str
    at: str
    reason: str | None = Field(description="Why that version replaced another, as its sender said.")


class DiffShown(BaseModel):
    """How one version differs from another."""

    report_id: str
    from_version: int
    to_version: int
    nil: tuple[bool, bool] = Field(description="Whether each is a nil report: before, after.")
    changes: list[ChangeShown]
    explanations: dict[str, tuple[str | None, str | None]] = Field(description="Rule -> before, after; what differs.")


class Waiting(BaseModel):
    """A report that waits for reviewers."""

    report_id: str
    obligation_id: str
    plan: str
    form: str
    unit: str
    period: str
    version: int
    submitted_by: str
    submitted_at: str
    review_due_at: str | None = Field(description="Last instant that reviewers have; null without a limit.")


def history_routes(ask: AskLedger, review: ReviewReports) -> APIRouter:
    """`/v1/reports/{report}/versions`, `/diff`, `/unapprove`; `/v1/reviews`."""
    routes = APIRouter(prefix="/v1", tags=["reports"], route_class=KnownParameters)

    @routes.get("/reports/{report}/versions/{version}", response_model=VersionContent)
    async def one(report: IdInPath, version: VersionInPath, principal: Reader) -> Response:
        """One version of a report, as it was received."""
        entry, held = await ask.version(report, version)
        _check(principal, entry)
        return json_answer(_content(entry, held))

    @routes.get("/reports/{report}/diff", response_model=DiffShown)
    async def diff(
        report: IdInPath,
        principal: Reader,
        *,
        from_version: Annotated[int, Query(alias="from", ge=1, le=VERSION_MAX)],
        to_version: Annotated[int, Query(alias="to", ge=1, le=VERSION_MAX)],
    ) -> Response:
        """What differs from version `from` to version `to`, in either order: before, after, who and when."""
        entry, chain = await ask.between(report, from_version, to_version)
        _check(principal, entry)
        return json_answer(_diff(report, chain if from_version <= to_version else chain[::-1]))

    @routes.post(
        "/reports/{report}/unapprove",
        response_model=ReportState,
        openapi_extra=body_of(ReasonInput, example={"reason": "Duyệt nhầm, cần kiểm tra minh chứng"}),
    )
    async def unapprove(request: Request, report: IdInPath, principal: Reviewer, version: NamedVersion) -> Response:
        """Take an approval back, with a reason: the report is SUBMITTED and reviewed once more."""
        reason = (await read_body(request, ReasonInput)).reason
        entry, _ = await ask.report(report)
        _check(principal, entry)
        done = await review.unapprove(report, by=principal.subject, reason=reason, named_version=version)
        return json_answer(done.report.state if done.report else None, headers=etag(done.version))

    @routes.get("/reviews", response_model=Listing[Waiting])
    async def waiting(
        principal: Reader,
        *,
        state: Annotated[Literal["waiting", "overdue"], Query(description="`overdue`: past their limit.")] = "waiting",
        plan: CodeFilter = None,
        unit: CodeFilter = None,
        form: CodeFilter = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Response:
        """Reports that wait for reviewers, the most urgent first. A page may be short: follow `next_cursor`."""
        unit, plan = within_reach(principal, unit=unit, plan=plan)
        found, after = await review.waiting(
            overdue=state == "overdue", plan=plan, unit=unit, form=form, limit=limit, cursor=cursor
        )
        items = [_waiting(entry.report.state) for entry in found if entry.report is not None]
        return json_answer(Listing[Waiting](items=items, next_cursor=after))

    return routes


def _check(principal: Principal, entry: Entry) -> None:
    check_reach(principal, unit=entry.obligation.unit, plan=entry.obligation.plan)


def _content(entry: Entry, held: Report) -> VersionContent:
    return VersionContent(
        report=held.state,
        nil_reason=held.nil_reason,
        explanations=dict(held.explanations),
        change_reason=held.change_reason,
        reviews=[review for review in held.decisions if review.version <= held.state.version],
        current_version=entry.version,
    )


def _diff(report: str, chain: list[Report]) -> DiffShown:
    first, last = chain[0], chain[-1]
    before, after = dict(first.explanations), dict(last.explanations)
    said: dict[str, Any] = {
        code: (before.get(code), after.get(code))
        for code in sorted(before.keys() | after.keys())
        if before.get(code) != after.get(code)
    }
    return DiffShown(
        report_id=report,
        from_version=first.state.version,
        to_version=last.state.version,
        nil=(first.state.nil, last.state.nil),
        changes=[ChangeShown.model_validate(told.document()) for told in differences(chain)],
        explanations=said,
    )


def _waiting(state: ReportState) -> Waiting:
    return Waiting(
        report_id=state.report,
        obligation_id=state.obligation,
        plan=state.plan,
        form=state.form,
        unit=state.unit,
        period=state.period,
        version=state.version,
        submitted_by=state.submitted_by,
        submitted_at=iso(state.received_at_ms),
        review_due_at=iso(state.review_due_at_ms) if state.review_due_at_ms is not None else None,
    )
