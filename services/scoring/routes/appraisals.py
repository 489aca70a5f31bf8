"""The appraisal desk: a unit's criteria side by side, explanations, appraisals, confirmations, previews."""

from __future__ import annotations

from typing import Annotated, Self

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator
from starlette.responses import Response

from services.scoring.domain.round.appraising import Finding
from services.scoring.handlers.appraise import Appraise
from services.scoring.handlers.desk import Desk
from services.scoring.handlers.reading import NoteReading
from services.scoring.routes.desk_answers import ConfirmedShown, DeskShown, PreviewShown
from services.scoring.routes.parameters import (
    Appraiser,
    CriterionInPath,
    PlanInPath,
    ReaderOrUnit,
    UnitInPath,
    UnitVoice,
    YearInPath,
    check_speaks_for,
)
from services.scoring.routes.reading import noted
from shared.events.round import AppraisalOutcome, AppraisalState
from shared.http.answers import body_of, json_answer, read_body
from shared.http.identity import Principal
from shared.http.reach import check_reach
from shared.http.versions import NamedVersion, etag

Text = Annotated[str, Field(min_length=1, max_length=2000)]


class FindingInput(BaseModel):
    """What was found: `confirmed` as reported, another annual `value`, `not_applicable`, or `rejected`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    outcome: AppraisalOutcome
    value: FiniteFloat | None = Field(default=None, description="The annual value in the indicator's unit of measure.")
    numerator: FiniteFloat | None = None
    denominator: FiniteFloat | None = None

    @model_validator(mode="after")
    def both_or_none(self) -> Self:
        if (self.numerator is None) != (self.denominator is None):
            raise ValueError("give numerator and denominator, or neither")
        return self

    def finding(self, reason: str | None = None) -> Finding:
        return Finding(self.outcome, self.value, self.numerator, self.denominator, reason)


class AppraisalInput(FindingInput):
    """An appraisal; the reason is required where it differs from what the unit reported."""

    reason: Text | None = None


class ExplanationInput(BaseModel):
    """What the unit says about its own value."""

    model_config = ConfigDict(extra="forbid")

    text: Text


_APPRAISAL = {"outcome": "value", "value": 72.5, "reason": "Biên bản kiểm tra 07/BB ghi 29 trên 40 máy"}
_EXPLANATION = {"text": "Số liệu lấy từ hệ thống quản lý văn bản, xem Báo cáo 15/BC-VCNTT"}
_PREVIEW = {"outcome": "value", "value": 80.0}
_UNIT = "/{plan}/{year}/units/{unit}"
_CRITERION = f"{_UNIT}/criteria/{{indicator}}"


def appraisal_routes(appraise: Appraise, desk: Desk, reading: NoteReading) -> APIRouter:
    """`/v1/rounds/{plan}/{year}/units/{unit}`."""
    routes = APIRouter(prefix="/v1/rounds", tags=["appraisals"])

    @routes.get(_UNIT, response_model=DeskShown, dependencies=[noted(reading)])
    async def unit_desk(plan: PlanInPath, year: YearInPath, unit: UnitInPath, principal: ReaderOrUnit) -> Response:
        """Every criterion of the unit: self, appraised and final side by side, evidence, status, reason, appraiser.

        The unit itself sees what was appraised once the results are shared with it (from PROVISIONAL on).
        """
        as_the_unit = _as_the_unit(principal, plan, unit)
        return json_answer(await desk.unit(plan, year, unit, as_the_unit=as_the_unit))

    @routes.put(
        f"{_CRITERION}/explanation",
        response_model=AppraisalState,
        openapi_extra=body_of(ExplanationInput, example=_EXPLANATION),
    )
    async def explain(
        *,
        request: Request,
        place: CriterionInPath,
        principal: UnitVoice,
    ) -> Response:
        """The unit explains its value, within the window of self-scoring."""
        given = await read_body(request, ExplanationInput)
        check_reach(principal, plan=place.plan)
        check_speaks_for(principal, place.unit)
        state = await appraise.explain(place, given.text, by=principal.subject)
        return json_answer(state, headers=etag(state.revision))

    @routes.put(
        f"{_CRITERION}/appraisal",
        status_code=201,
        response_model=AppraisalState,
        responses={200: {"model": AppraisalState, "description": "This was written before"}},
        openapi_extra=body_of(AppraisalInput, example=_APPRAISAL),
    )
    async def put(
        *,
        request: Request,
        place: CriterionInPath,
        principal: Appraiser,
        named: NamedVersion,
    ) -> Response:
        """Appraise a criterion. `If-Match` names its revision (none: nothing was said about it yet); else 412.

        403 for the own unit or own report; 409 outside of the window, for what a machine computes, or when enough have
        spoken; 423 once the evaluation is sealed.
        """
        given = await read_body(request, AppraisalInput)
        check_reach(principal, plan=place.plan)
        finding = given.finding(given.reason)
        state, is_new = await appraise.appraise(
            place, finding, subject=principal.subject, unit=principal.unit, named_version=named
        )
        return json_answer(state, 201 if is_new else 200, headers=etag(state.revision))

    @routes.post(f"{_UNIT}/confirm-all", response_model=ConfirmedShown)
    async def confirm_all(plan: PlanInPath, year: YearInPath, unit: UnitInPath, principal: Appraiser) -> Response:
        """Confirm every criterion of the unit that waits for this appraiser; says which, and why others were left."""
        check_reach(principal, plan=plan)
        done = await appraise.confirm_all(plan, year, unit, subject=principal.subject, of=principal.unit)
        confirmed = [state.indicator for state in done.appraisals]
        return json_answer(ConfirmedShown(confirmed=confirmed, left=done.left))

    @routes.post(
        f"{_CRITERION}/preview",
        response_model=PreviewShown,
        dependencies=[noted(reading)],
        openapi_extra=body_of(FindingInput, example=_PREVIEW),
    )
    async def preview(
        *,
        request: Request,
        place: CriterionInPath,
        principal: Appraiser,
    ) -> Response:
        """Whose index, rank and band would move if the criterion were decided so. Nothing is written.

        The same for an appraisal and for an accepted clarification.
        """
        given = await read_body(request, FindingInput)
        check_reach(principal, plan=place.plan)
        moves = await desk.preview(place, given.finding(_PREVIEWED))
        return json_answer({"total": moves.total, "items": moves.items})

    return routes


_PREVIEWED = "preview"
"""A preview is asked without a reason; what it previews needs one."""


def _as_the_unit(principal: Principal, plan: str, unit: str) -> bool:
    """Whether who asks is the unit; 403 for another unit."""
    check_reach(principal, plan=plan)
    if principal.may("evaluation:read"):
        return False
    check_speaks_for(principal, unit)
    return True
