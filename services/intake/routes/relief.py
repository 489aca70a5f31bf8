"""Decisions about what is owed: waive, not applicable, extend, open again, reinstate."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import Response

from services.intake.domain.entry import Entry, Line
from services.intake.handlers.ledger import AskLedger
from services.intake.handlers.relief import GrantRelief, check_approver
from shared.events.obligation import ObligationState
from shared.http.answers import body_of, json_answer, read_body
from shared.http.identity import Principal, require
from shared.http.instants import Instant, instant_ms
from shared.http.known_parameters import KnownParameters
from shared.http.parameters import IdInPath
from shared.http.reach import check_reach
from shared.shape_faults import incoherent

Decider = Annotated[Principal, Depends(require("obligation:write"))]
Reason = Annotated[str, Field(min_length=1, max_length=2000)]


class ReasonInput(BaseModel):
    """Why; it is kept with who and when."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class ExtendInput(ReasonInput):
    """Due at the end of `due_day` in the unit's zone, or at the instant `due_at`; until `expires_at`, or for good."""

    due_day: Annotated[date | None, Field(ge=date(1970, 1, 1), le=date(9000, 12, 31))] = None
    due_at: Instant | None = None
    expires_at: Instant | None = None

    @model_validator(mode="after")
    def one_limit(self) -> ExtendInput:
        if (self.due_day is None) == (self.due_at is None):
            raise incoherent("one_limit", "Nêu một trong hai: due_day hoặc due_at", "give either due_day or due_at")
        return self


class ExceptionInput(ReasonInput):
    """Open in spite of the lock up to and including `expires_at`."""

    expires_at: Instant


class ObligationDecided(ObligationState):
    """The obligation after the decision, and all decisions about it, oldest first."""

    history: tuple[Line, ...] = Field(description="Each with the outcome and the limits that held until then.")


def shown_decided(entry: Entry) -> ObligationDecided:
    return ObligationDecided.model_construct(**dict(entry.obligation), history=entry.history)


_REASON = {"reason": "Đơn vị bị thiên tai, QĐ 12/QĐ-BTTTT"}
_EXTEND = {**_REASON, "due_day": "2011-03-31", "expires_at": "2011-04-15T17:00:00+07:00"}
_EXCEPTION = {**_REASON, "expires_at": "2011-09-30T17:00:00+07:00"}


def relief_routes(ask: AskLedger, grant: GrantRelief) -> APIRouter:
    """`/v1/obligations/{obligation}/...`."""
    routes = APIRouter(prefix="/v1/obligations/{obligation}", tags=["obligations"], route_class=KnownParameters)

    async def check(obligation: str, principal: Principal) -> None:
        held = (await ask.obligation(obligation)).obligation
        check_reach(principal, unit=held.unit, plan=held.plan, form=held.form)
        check_approver(principal.kind, principal.unit, held.unit)

    @routes.post("/waive", response_model=ObligationDecided, openapi_extra=body_of(ReasonInput, example=_REASON))
    async def waive(request: Request, obligation: IdInPath, principal: Decider) -> Response:
        """Waive the obligation: it leaves the rates and is no longer reminded of.

        The approver is who asks: a person, and not one bound to the unit that owes it. 409 when a report stands.
        """
        given = await read_body(request, ReasonInput)
        await check(obligation, principal)
        done = await grant.waive(obligation, by=principal.subject, reason=given.reason, outcome="WAIVED")
        return json_answer(shown_decided(done))

    @routes.post(
        "/not-applicable", response_model=ObligationDecided, openapi_extra=body_of(ReasonInput, example=_REASON)
    )
    async def not_applicable(request: Request, obligation: IdInPath, principal: Decider) -> Response:
        """Say that the report does not apply to this unit in this period. As a waiver, with another outcome."""
        given = await read_body(request, ReasonInput)
        await check(obligation, principal)
        done = await grant.waive(obligation, by=principal.subject, reason=given.reason, outcome="NOT_APPLICABLE")
        return json_answer(shown_decided(done))

    @routes.post("/extend", response_model=ObligationDecided, openapi_extra=body_of(ExtendInput, example=_EXTEND))
    async def extend(request: Request, obligation: IdInPath, principal: Decider) -> Response:
        """Move the due instant: grace, lock and reminders move along; a report by then is on time.

        Another extension replaces it. After `expires_at` what is still owed is due as planned again.
        """
        given = await read_body(request, ExtendInput)
        await check(obligation, principal)
        done = await grant.extend(
            obligation,
            by=principal.subject,
            reason=given.reason,
            due_day=given.due_day,
            due_at_ms=instant_ms(given.due_at, "/due_at"),
            expires_at_ms=instant_ms(given.expires_at, "/expires_at"),
        )
        return json_answer(shown_decided(done))

    @routes.post(
        "/exception", response_model=ObligationDecided, openapi_extra=body_of(ExceptionInput, example=_EXCEPTION)
    )
    async def exception(request: Request, obligation: IdInPath, principal: Decider) -> Response:
        """Open a locked period for this unit until `expires_at`. The due instant stays: late is late."""
        given = await read_body(request, ExceptionInput)
        await check(obligation, principal)
        expires_at_ms = instant_ms(given.expires_at, "/expires_at") or 0
        done = await grant.exception(obligation, by=principal.subject, reason=given.reason, expires_at_ms=expires_at_ms)
        return json_answer(shown_decided(done))

    @routes.post("/reinstate", response_model=ObligationDecided, openapi_extra=body_of(ReasonInput, example=_REASON))
    async def reinstate(request: Request, obligation: IdInPath, principal: Decider) -> Response:
        """Take a waiver back, or the extension and exception of something still owed: owed as planned."""
        given = await read_body(request, ReasonInput)
        await check(obligation, principal)
        return json_answer(shown_decided(await grant.reinstate(obligation, by=principal.subject, reason=given.reason)))

    return routes
