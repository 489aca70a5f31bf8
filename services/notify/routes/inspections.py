"""Inspections: whom to inspect, propose, steps, findings, remedies; the random draw and its verification."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from services.notify.domain.inspections.machine import Found
from services.notify.handlers.draws import DrawDesk
from services.notify.handlers.inspections import InspectionDesk, StepGiven, Who
from services.notify.routes.inspection_answers import (
    AnnouncementInput,
    ClosureInput,
    DocumentInput,
    DrawShown,
    DrawVerdict,
    FindingInput,
    InspectionShown,
    ProposalInput,
    ProposalShown,
    ReasonInput,
    RemedyInput,
    SeedInput,
    StepInput,
)
from shared.events.inspection import InspectionPhase, InspectionState
from shared.http.answers import body_of, json_answer, read_body
from shared.http.identity import Principal, require, unauthorized, who
from shared.http.language import Text
from shared.http.paging import LIMIT_DEFAULT, Cursor, Limit, Listing
from shared.http.parameters import CODE, CodeFilter, IdInPath
from shared.http.problems import Problem
from shared.http.reach import check_reach
from shared.http.versions import NamedVersion, etag

PlanAsked = Annotated[str, Query(pattern=CODE, description="Code of the plan.")]
PhaseAsked = Annotated[InspectionPhase | None, Query(description="Only in this phase.")]
Reader = Annotated[Principal, Depends(require("inspection:read"))]
Inspector = Annotated[Principal, Depends(require("inspection:write"))]

_NO_DAY = Text("Ngày không tồn tại.", "There is no such day.")


def _or_unit(scope: str) -> Callable[..., Awaitable[Principal]]:
    """Whoever holds the scope, or speaks for a unit."""

    async def given(principal: Annotated[Principal | None, Depends(who)]) -> Principal:
        if principal is None:
            raise unauthorized()
        if principal.may("inspection:remedy") and principal.unit is not None:
            return principal
        return await require(scope)(principal)

    return given


ReaderOrUnit = Annotated[Principal, Depends(_or_unit("inspection:read"))]
InspectorOrUnit = Annotated[Principal, Depends(_or_unit("inspection:write"))]
"""An inspector, or somebody who speaks for a unit (and then for that unit only)."""

Judgement = Callable[..., Awaitable[InspectionState]]
"""What an inspector decides about a finding, once its `reason` is given."""

_DOCUMENT = {"kind": "document_number", "reference": "Quyết định 112/QĐ-TTTT"}
_PROPOSE = {"plan": "MIC-ITAPP-2011-2015", "unit": "CVT", "reason": "Theo đề nghị của Thanh tra Bộ"}
_STEP = {"step": "visit", "on": "2011-05-12", "document": {**_DOCUMENT, "reference": "Biên bản 07/BB-KT"}}
_FINDING = {
    "code": "KN-01",
    "severity": "high",
    "text": "Chưa sao lưu dữ liệu của hệ thống văn bản điều hành",
    "indicator": "INF-01",
}
_REMEDY = {"evidence": {"kind": "document_number", "reference": "Báo cáo khắc phục 33/BC-CVT"}}
_REASON = {"reason": "Biên bản khôi phục thử chưa có chữ ký"}
_CLOSE = {"on": "2011-08-01", "document": {**_DOCUMENT, "reference": "Thông báo kết thúc 140/TB-TTTT"}}
_ANNOUNCE = {
    "plan": "MIC-ITAPP-2011-2015",
    "year": 2011,
    "seed_source": "Kết quả giải đặc biệt xổ số kiến thiết miền Bắc ngày 15/02/2011",
    "seed_day": "2011-02-15",
}
_SEED = {"seed": "48291"}


def inspection_routes(desk: InspectionDesk[Any]) -> APIRouter:
    """`/v1/inspections` and `/v1/inspection-proposals`."""
    routes = APIRouter(tags=["inspections"])

    @routes.get("/v1/inspection-proposals", response_model=Listing[ProposalShown])
    async def proposals(principal: Reader, plan: PlanAsked) -> Response:
        """Whom to inspect and why: risk points, the random draw, nobody forgotten. Most risk points first."""
        check_reach(principal, plan=plan)
        found = await desk.proposals(plan)
        return json_answer(Listing[ProposalShown](items=[ProposalShown.of(one) for one in found]))

    @routes.get("/v1/inspections", response_model=Listing[InspectionShown])
    async def listed(
        principal: ReaderOrUnit,
        plan: PlanAsked,
        *,
        unit: CodeFilter = None,
        phase: PhaseAsked = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Response:
        """Inspections of a plan by last change, the latest first. A unit sees its own."""
        check_reach(principal, plan=plan)
        if not principal.may("inspection:read"):
            unit = unit or principal.unit
            check_reach(principal, unit=unit)
        found, following = await desk.page(plan, unit=unit, phase=phase, limit=limit, cursor=cursor)
        items = [InspectionShown.of(state) for state in found]
        return json_answer(Listing[InspectionShown](items=items, next_cursor=following))

    @routes.post(
        "/v1/inspections",
        status_code=201,
        response_model=InspectionShown,
        openapi_extra=body_of(ProposalInput, example=_PROPOSE),
    )
    async def propose(request: Request, principal: Inspector) -> Response:
        """Propose the inspection of a unit, with the causes that the list names.

        409 while one of it is under way; 403 for a member of the unit; 422 for a unit that is not on the list, without
        a reason.
        """
        given = await read_body(request, ProposalInput)
        check_reach(principal, plan=given.plan)
        return _shown(await desk.propose(given.plan, given.unit, reason=given.reason, who=_who(principal)), 201)

    @routes.get("/v1/inspections/{inspection}", response_model=InspectionShown)
    async def one(inspection: IdInPath, principal: ReaderOrUnit) -> Response:
        """One inspection with its steps and findings. A unit sees its own."""
        state = await desk.get(inspection)
        check_reach(principal, plan=state.plan)
        if not principal.may("inspection:read"):
            check_reach(principal, unit=state.unit)
        return _shown(state)

    async def take(inspection: str, taken: StepGiven, principal: Principal, named: int | None) -> Response:
        await _check_plan(desk, principal, inspection)
        return _shown(await desk.step(inspection, taken, named=named, who=_who(principal)))

    @routes.post(
        "/v1/inspections/{inspection}/steps",
        response_model=InspectionShown,
        openapi_extra=body_of(StepInput, example=_STEP),
    )
    async def step(request: Request, inspection: IdInPath, principal: Inspector, named: NamedVersion) -> Response:
        """Take a step: decision, visit with its minutes, conclusion with the findings, or cancellation.

        An illegal one is answered with 409 and what is needed, by name in `reason`. The conclusion gives each finding
        its last day.
        """
        given = await read_body(request, StepInput)
        taken = StepGiven(given.step, _day(given.on), _evidence(given.document), given.note)
        return await take(inspection, taken, principal, named)

    @routes.post(
        "/v1/inspections/{inspection}/close",
        response_model=InspectionShown,
        openapi_extra=body_of(ClosureInput, example=_CLOSE),
    )
    async def close(request: Request, inspection: IdInPath, principal: Inspector, named: NamedVersion) -> Response:
        """Close the inspection, with its document. 409 while the remedy of a finding is not accepted."""
        given = await read_body(request, ClosureInput)
        taken = StepGiven("closure", _day(given.on), _evidence(given.document), given.note)
        return await take(inspection, taken, principal, named)

    return routes


def finding_routes(desk: InspectionDesk[Any]) -> APIRouter:
    """`/v1/inspections/{inspection}/findings`."""
    routes = APIRouter(tags=["inspections"])

    @routes.post(
        "/v1/inspections/{inspection}/findings",
        response_model=InspectionShown,
        openapi_extra=body_of(FindingInput, example=_FINDING),
    )
    async def find(request: Request, inspection: IdInPath, principal: Inspector, named: NamedVersion) -> Response:
        """Write one more finding down, between the visit and the conclusion."""
        given = await read_body(request, FindingInput)
        await _check_plan(desk, principal, inspection)
        finding = Found(given.code, given.severity, given.text, given.indicator)
        return _shown(await desk.find(inspection, finding, named=named, who=_who(principal)))

    @routes.post(
        "/v1/inspections/{inspection}/findings/{finding}/remedy",
        response_model=InspectionShown,
        openapi_extra=body_of(RemedyInput, example=_REMEDY),
    )
    async def remedy(
        request: Request, inspection: IdInPath, finding: IdInPath, principal: InspectorOrUnit, named: NamedVersion
    ) -> Response:
        """The unit shows that a finding is remedied; the moment counts once an inspector has accepted it."""
        given = await read_body(request, RemedyInput)
        await _check_plan(desk, principal, inspection)
        for_unit = not principal.may("inspection:write")
        evidence, by = given.evidence.evidence(), _who(principal)
        changed = await desk.remedy(inspection, finding, evidence, named=named, speaks_for_unit=for_unit, who=by)
        return _shown(changed)

    @routes.post("/v1/inspections/{inspection}/findings/{finding}/accept", response_model=InspectionShown)
    async def accept(inspection: IdInPath, finding: IdInPath, principal: Inspector, named: NamedVersion) -> Response:
        """Accept a remedy. Not by a member of the unit, nor by who entered the remedy."""
        await _check_plan(desk, principal, inspection)
        return _shown(await desk.accept(inspection, finding, named=named, who=_who(principal)))

    async def judge(request: Request, inspection: str, principal: Principal, change: Judgement) -> Response:
        given = await read_body(request, ReasonInput)
        await _check_plan(desk, principal, inspection)
        return _shown(await change(reason=given.reason))

    @routes.post(
        "/v1/inspections/{inspection}/findings/{finding}/return",
        response_model=InspectionShown,
        openapi_extra=body_of(ReasonInput, example=_REASON),
    )
    async def give_back(
        request: Request, inspection: IdInPath, finding: IdInPath, principal: Inspector, named: NamedVersion
    ) -> Response:
        """A remedy is not enough: the finding is open again under the same deadline, and the unit is told."""
        change = partial(desk.give_back, inspection, finding, named=named, who=_who(principal))
        return await judge(request, inspection, principal, change)

    @routes.post(
        "/v1/inspections/{inspection}/findings/{finding}/withdraw",
        response_model=InspectionShown,
        openapi_extra=body_of(ReasonInput, example={"reason": "Kiến nghị trùng với KN-01"}),
    )
    async def withdraw(
        request: Request, inspection: IdInPath, finding: IdInPath, principal: Inspector, named: NamedVersion
    ) -> Response:
        """A finding does not stand: it counts nowhere any more."""
        change = partial(desk.withdraw, inspection, finding, named=named, who=_who(principal))
        return await judge(request, inspection, principal, change)

    return routes


async def _check_plan(desk: InspectionDesk[Any], principal: Principal, inspection: str) -> None:
    """403 for who is bound to another plan."""
    if principal.plan is not None:
        check_reach(principal, plan=(await desk.get(inspection)).plan)


def draw_routes(desk: DrawDesk) -> APIRouter:
    """`/v1/inspection-draws`."""
    routes = APIRouter(prefix="/v1/inspection-draws", tags=["inspection draws"])

    @routes.get("", response_model=Listing[DrawShown])
    async def listed(principal: Reader, plan: PlanAsked) -> Response:
        """The draws of a plan by year."""
        check_reach(principal, plan=plan)
        return json_answer(Listing[DrawShown](items=[DrawShown.of(held) for held in await desk.of_plan(plan)]))

    @routes.post(
        "",
        status_code=201,
        response_model=DrawShown,
        responses={200: {"model": DrawShown, "description": "This very draw was announced before"}},
        openapi_extra=body_of(AnnouncementInput, example=_ANNOUNCE),
    )
    async def announce(request: Request, principal: Inspector) -> Response:
        """Announce the draw of a year: the list is fixed, and its hash published, before the seed can be known.

        409 for another draw of the same year; 422 when the seed would be known today or earlier.
        """
        given = await read_body(request, AnnouncementInput)
        check_reach(principal, plan=given.plan)
        held, is_new = await desk.announce(
            given.plan,
            given.year,
            seed_source=given.seed_source,
            seed_day=_day(given.seed_day, "/seed_day"),
            percent=given.percent,
            by=principal.subject,
        )
        return json_answer(DrawShown.of(held), 201 if is_new else 200)

    @routes.get("/{draw}", response_model=DrawShown)
    async def one(draw: IdInPath, principal: Reader) -> Response:
        """One draw: list, commitment, seed, result."""
        held = await desk.get(draw)
        check_reach(principal, plan=held.plan)
        return json_answer(DrawShown.of(held))

    @routes.post("/{draw}/seed", response_model=DrawShown, openapi_extra=body_of(SeedInput, example=_SEED))
    async def seed(request: Request, draw: IdInPath, principal: Inspector) -> Response:
        """Enter the published seed; the draw follows. 409 before its day, and for a second seed."""
        given = await read_body(request, SeedInput)
        check_reach(principal, plan=(await desk.get(draw)).plan)
        return json_answer(DrawShown.of(await desk.enter_seed(draw, given.seed, by=principal.subject)))

    @routes.get("/{draw}/verify", response_model=DrawVerdict)
    async def verify(draw: IdInPath, principal: Reader) -> Response:
        """Repeat the draw: the commitment from the list, the result from the seed."""
        held, found = await desk.verify(draw)
        check_reach(principal, plan=held.plan)
        return json_answer(DrawVerdict.of(held, found))

    return routes


def _shown(state: InspectionState, status: int = 200) -> Response:
    return json_answer(InspectionShown.of(state), status, headers=etag(state.revision))


def _who(principal: Principal) -> Who:
    return Who(principal.subject, principal.unit)


def _day(text: str, pointer: str = "/on") -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as err:
        raise Problem(422, detail=_NO_DAY, pointer=pointer) from err


def _evidence(document: DocumentInput | None) -> Any:
    return None if document is None else document.evidence()
