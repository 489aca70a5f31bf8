"""Seals: close a plan's year, look at its seal, unseal one obligation for a correction."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from services.intake.domain.sealing import Seal
from services.intake.handlers.ledger import AskLedger
from services.intake.handlers.sealing import SealYears
from services.intake.routes.relief import ObligationDecided, ReasonInput, shown_decided
from shared.clock import iso
from shared.http.answers import body_of, json_answer, read_body
from shared.http.identity import Principal, require
from shared.http.known_parameters import KnownParameters
from shared.http.parameters import CodeInPath, IdInPath
from shared.http.reach import check_reach

Sealer = Annotated[Principal, Depends(require("report:seal"))]
Reader = Annotated[Principal, Depends(require("obligation:read"))]
Year = Annotated[int, Path(ge=1, le=9998)]


class SealShown(BaseModel):
    """The seal of a plan's year."""

    plan: str
    year: int
    state: str = Field(description="`sealing` while obligations are being closed, then `sealed`.")
    sealed_by: str
    sealed_at: str
    round: int = Field(description="1 for the first sealing; grows when corrections are sealed again.")


class SealDone(SealShown):
    """What the call did."""

    result: str = Field(description="`sealed`, or `unchanged` when everything was closed already.")
    obligations_closed: int
    reports_sealed: int


def seal_routes(ask: AskLedger, seals: SealYears) -> APIRouter:
    """`/v1/plans/{plan}/years/{year}/seal`, `/v1/obligations/{obligation}/unseal`."""
    routes = APIRouter(prefix="/v1", tags=["seals"], route_class=KnownParameters)

    @routes.post("/plans/{plan}/years/{year}/seal", response_model=SealDone)
    async def seal(plan: CodeInPath, year: Year, principal: Sealer) -> Response:
        """Seal the year: approved reports become SEALED, and every later write to it is answered with 423.

        409 while a period of the year is not over. Again closes what was unsealed since.
        """
        check_reach(principal, plan=plan)
        done = await seals.seal(plan, year, by=principal.subject)
        told = _shown(done.seal).model_dump()
        answer = SealDone(**told, result=done.result, obligations_closed=done.closed, reports_sealed=done.reports)
        return json_answer(answer)

    @routes.get("/plans/{plan}/years/{year}/seal", response_model=SealShown)
    async def one(plan: CodeInPath, year: Year, principal: Reader) -> Response:
        """The seal of a year; 404 while it is not sealed."""
        check_reach(principal, plan=plan)
        return json_answer(_shown(await seals.get(plan, year)))

    @routes.post(
        "/obligations/{obligation}/unseal",
        response_model=ObligationDecided,
        openapi_extra=body_of(ReasonInput, example={"reason": "Đính chính INF-01 theo biên bản thanh tra 07/TTr"}),
    )
    async def unseal(request: Request, obligation: IdInPath, principal: Sealer) -> Response:
        """Unseal one obligation for a correction, with a reason. Seal the year again afterwards."""
        given = await read_body(request, ReasonInput)
        check_reach(principal, plan=(await ask.obligation(obligation)).obligation.plan)
        return json_answer(shown_decided(await seals.unseal(obligation, by=principal.subject, reason=given.reason)))

    return routes


def _shown(seal: Seal) -> SealShown:
    return SealShown(
        plan=seal.plan,
        year=seal.year,
        state=seal.state,
        sealed_by=seal.by,
        sealed_at=iso(seal.at_ms),
        round=seal.round,
    )
