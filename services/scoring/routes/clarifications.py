"""Requests for clarification, and the decisions on them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.scoring.handlers.clarify import Clarify, Verdict
from services.scoring.routes.appraisals import FindingInput
from services.scoring.routes.parameters import (
    Appraiser,
    CriterionInPath,
    PlanInPath,
    ReaderOrUnit,
    UnitVoice,
    YearInPath,
    check_speaks_for,
)
from shared.events.round import ClarificationState, ClarificationStatus, DatedEvidence
from shared.http.answers import body_of, json_answer, read_body
from shared.http.paging import LIMIT_DEFAULT, Cursor, Limit, Listing
from shared.http.parameters import CODE
from shared.http.reach import check_reach
from shared.http.versions import etag

EVIDENCE_MAX = 20


class EvidenceInput(BaseModel):
    """New evidence: a document's number, a link, or a file by its hash; with the day that it bears."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["document_number", "url", "file"]
    reference: Annotated[str, Field(min_length=1, max_length=500)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    dated: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]


class RequestInput(BaseModel):
    """What the unit asks, and on what evidence."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=4000)]
    evidence: Annotated[tuple[EvidenceInput, ...], Field(max_length=EVIDENCE_MAX)] = ()


class DecisionInput(BaseModel):
    """The decision. `finding` (accepted only): what the criterion counts as from now on."""

    model_config = ConfigDict(extra="forbid")

    accepted: bool
    reason: Annotated[str, Field(min_length=1, max_length=4000)]
    finding: FindingInput | None = None


_REQUEST = {
    "text": "Đề nghị tính thêm 6 máy chủ đã nghiệm thu trong năm",
    "evidence": [{"kind": "document_number", "reference": "Biên bản nghiệm thu 21/BB", "dated": "2011-12-20"}],
}
_DECISION = {
    "accepted": True,
    "reason": "Biên bản 21/BB hợp lệ, ký trước ngày chốt số liệu",
    "finding": {"outcome": "value", "value": 80.0},
}
_PATH = "/{plan}/{year}/units/{unit}/criteria/{indicator}/clarification"


def clarification_routes(clarify: Clarify) -> APIRouter:
    """`/v1/rounds/{plan}/{year}/clarifications`, and the one of each criterion."""
    routes = APIRouter(prefix="/v1/rounds", tags=["clarifications"])

    @routes.get("/{plan}/{year}/clarifications", response_model=Listing[ClarificationState])
    async def listed(
        plan: PlanInPath,
        year: YearInPath,
        principal: ReaderOrUnit,
        *,
        unit: Annotated[str | None, Query(pattern=CODE, description="Only of this unit.")] = None,
        status: Annotated[ClarificationStatus | None, Query(description="Only in this status.")] = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Response:
        """Requests of the round by unit and criterion. A unit sees its own."""
        check_reach(principal, plan=plan)
        if not principal.may("evaluation:read"):
            unit = unit or principal.unit or ""
            check_speaks_for(principal, unit)
        states, after = await clarify.page(plan, year, unit=unit, status=status, limit=limit, cursor=cursor)
        return json_answer(Listing[ClarificationState](items=states, next_cursor=after))

    @routes.post(
        _PATH,
        status_code=201,
        response_model=ClarificationState,
        responses={200: {"model": ClarificationState, "description": "This very request was made before"}},
        openapi_extra=body_of(RequestInput, example=_REQUEST),
    )
    async def ask(
        *,
        request: Request,
        place: CriterionInPath,
        principal: UnitVoice,
    ) -> Response:
        """The unit's one request about a criterion, within the window of clarification.

        409 outside of the window, and for a second request; 422 for evidence that is dated after the cut-off.
        """
        given = await read_body(request, RequestInput)
        check_reach(principal, plan=place.plan)
        check_speaks_for(principal, place.unit)
        evidence = [DatedEvidence(**one.model_dump()) for one in given.evidence]
        state, is_new = await clarify.request(place, given.text, evidence, by=principal.subject)
        return json_answer(state, 201 if is_new else 200, headers=etag(state.revision))

    @routes.post(
        f"{_PATH}/decision",
        response_model=ClarificationState,
        openapi_extra=body_of(DecisionInput, example=_DECISION),
    )
    async def decide(
        *,
        request: Request,
        place: CriterionInPath,
        principal: Appraiser,
    ) -> Response:
        """Accept or reject the request, with a reason; accepted, possibly with another result for the criterion.

        403 for a member of the unit and for who sent in its values; 409 when it is decided. See `preview` for whose
        rank would move.
        """
        given = await read_body(request, DecisionInput)
        check_reach(principal, plan=place.plan)
        verdict = Verdict(given.accepted, given.reason, given.finding.finding() if given.finding else None)
        state = await clarify.decide(place, verdict, subject=principal.subject, unit=principal.unit)
        return json_answer(state, headers=etag(state.revision))

    return routes
