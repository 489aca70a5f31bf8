"""Rounds: open one, look at it, take a step, move a window."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.scoring.domain.round.calendar import window
from services.scoring.domain.round.opening import Rules
from services.scoring.handlers.desk import Desk
from services.scoring.handlers.round import RunRound
from services.scoring.routes.parameters import PlanInPath, Reader, RoundKeeper, YearInPath
from services.scoring.routes.round_answers import RoundInFull, RoundShown, full, shown
from shared.events.round import Calendar, Window, WindowName
from shared.events.score import EvaluationPhase
from shared.http.answers import body_of, json_answer, read_body
from shared.http.instants import Instant, instant_ms
from shared.http.paging import LIMIT_DEFAULT, Cursor, Limit, Listing
from shared.http.parameters import CODE
from shared.http.reach import check_reach
from shared.http.versions import etag
from shared.refusal import Refusal

Reason = Annotated[str, Field(min_length=1, max_length=1000, description="Why; it is kept with who and when.")]


class Input(BaseModel):
    """A body: an unknown member is an error."""

    model_config = ConfigDict(extra="forbid")


class WindowInput(Input):
    """When it opens, and when it is closed."""

    opens_at: Instant
    closes_at: Instant


class CalendarInput(Input):
    """The three windows in order, and the last day whose evidence counts."""

    self_scoring: WindowInput
    appraisal: WindowInput
    clarification: WindowInput
    cut_off_day: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class RoundInput(Input):
    """A round to open. Two appraised values that differ by more than the threshold (share of the larger one) need a
    referee."""

    calendar: CalendarInput
    appraisals_needed: Literal[1, 2] = 1
    second_appraisal_threshold: Annotated[float, Field(ge=0, le=1)] = 0.0
    reason: Reason


class StepInput(Input):
    """A step. `closes_at`: with a step back, the new end of the window that it opens again."""

    to: EvaluationPhase
    reason: Reason
    closes_at: Instant | None = None


class WindowMove(Input):
    """A window's new end; its new beginning while it has not opened."""

    opens_at: Instant | None = None
    closes_at: Instant
    reason: Reason


_CALENDAR = {
    "self_scoring": {"opens_at": "2012-01-03T08:00:00+07:00", "closes_at": "2012-01-20T17:00:00+07:00"},
    "appraisal": {"opens_at": "2012-01-21T00:00:00+07:00", "closes_at": "2012-02-15T17:00:00+07:00"},
    "clarification": {"opens_at": "2012-02-20T08:00:00+07:00", "closes_at": "2012-03-02T17:00:00+07:00"},
    "cut_off_day": "2011-12-31",
}
_OPEN = {
    "calendar": _CALENDAR,
    "appraisals_needed": 2,
    "second_appraisal_threshold": 0.1,
    "reason": "Quyết định 12/QĐ-BTTTT",
}
_STEP = {
    "to": "CLARIFICATION",
    "reason": "Đơn vị bổ sung minh chứng theo Công văn 45",
    "closes_at": "2012-03-09T17:00:00+07:00",
}
_MOVE = {"closes_at": "2012-01-27T17:00:00+07:00", "reason": "Gia hạn theo đề nghị của 5 đơn vị"}


def round_routes(rounds: RunRound, desk: Desk) -> APIRouter:
    """`/v1/rounds`."""
    routes = APIRouter(prefix="/v1/rounds", tags=["rounds"])

    @routes.get("", response_model=Listing[RoundShown])
    async def listed(
        principal: Reader,
        plan: Annotated[str | None, Query(pattern=CODE, description="Only of this plan.")] = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Response:
        """Rounds by plan and year."""
        check_reach(principal, plan=plan)
        states, after = await rounds.page(plan=plan or principal.plan, limit=limit, cursor=cursor)
        items = [RoundShown(**shown(state)) for state in states]
        return json_answer(Listing[RoundShown](items=items, next_cursor=after))

    @routes.post(
        "/{plan}/{year}",
        status_code=201,
        response_model=RoundShown,
        responses={200: {"model": RoundShown, "description": "This round was opened before"}},
        openapi_extra=body_of(RoundInput, example=_OPEN),
    )
    async def opened(request: Request, plan: PlanInPath, year: YearInPath, principal: RoundKeeper) -> Response:
        """Open the round of a year with its calendar. The clock then takes its steps.

        409 where the year has one; 422 when the windows are not in order.
        """
        given = await read_body(request, RoundInput)
        check_reach(principal, plan=plan)
        rules = Rules(given.appraisals_needed, given.second_appraisal_threshold)
        by, calendar = principal.subject, _calendar(given.calendar)
        state, is_new = await rounds.open(plan, year, calendar, rules, by=by, reason=given.reason)
        return json_answer(RoundShown(**shown(state)), 201 if is_new else 200, headers=etag(state.revision))

    @routes.get("/{plan}/{year}", response_model=RoundInFull)
    async def one(plan: PlanInPath, year: YearInPath, principal: Reader) -> Response:
        """The round: phase, calendar, what each phase waits for, how many criteria stand where."""
        check_reach(principal, plan=plan)
        state, standing = await rounds.get(plan, year), await rounds.standing(plan, year)
        try:
            criteria = {str(status): count for status, count in (await desk.counts(plan, year)).items()}
        except Refusal:  # nothing is owed yet: there is nothing to count
            criteria = {}
        return json_answer(full(state, standing, criteria), headers=etag(state.revision))

    @routes.post("/{plan}/{year}/steps", response_model=RoundShown, openapi_extra=body_of(StepInput, example=_STEP))
    async def step(request: Request, plan: PlanInPath, year: YearInPath, principal: RoundKeeper) -> Response:
        """Take a step. An illegal one is answered with 409 and what is needed, by name in `reason`.

        Steps of time are taken by the clock; a person can take one that is due, end the appraisal when nothing is left
        to appraise, or go back (PROVISIONAL to APPRAISAL, FINAL_REVIEW to CLARIFICATION) with `closes_at`.
        """
        given = await read_body(request, StepInput)
        check_reach(principal, plan=plan)
        closes = instant_ms(given.closes_at, "/closes_at")
        by, why = principal.subject, given.reason
        state = await rounds.step(plan, year, given.to, by=by, reason=why, closes_at_ms=closes)
        return json_answer(RoundShown(**shown(state)), headers=etag(state.revision))

    @routes.post(
        "/{plan}/{year}/windows/{window_name}",
        response_model=RoundShown,
        openapi_extra=body_of(WindowMove, example=_MOVE),
    )
    async def move(
        request: Request, plan: PlanInPath, year: YearInPath, window_name: WindowName, principal: RoundKeeper
    ) -> Response:
        """Extend a window, or move one that is to come. A window that has opened is never cut short."""
        given = await read_body(request, WindowMove)
        check_reach(principal, plan=plan)
        held = window((await rounds.get(plan, year)).calendar, window_name)
        opens, closes = instant_ms(given.opens_at, "/opens_at"), instant_ms(given.closes_at, "/closes_at")
        to = Window(opens_at_ms=held.opens_at_ms if opens is None else opens, closes_at_ms=closes or 0)
        state = await rounds.reschedule(plan, year, window_name, to, by=principal.subject, reason=given.reason)
        return json_answer(RoundShown(**shown(state)), headers=etag(state.revision))

    return routes


def _calendar(given: CalendarInput) -> Calendar:
    return Calendar(
        self_scoring=_window(given.self_scoring, "/calendar/self_scoring"),
        appraisal=_window(given.appraisal, "/calendar/appraisal"),
        clarification=_window(given.clarification, "/calendar/clarification"),
        cut_off_day=given.cut_off_day,
    )


def _window(given: WindowInput, pointer: str) -> Window:
    opens = instant_ms(given.opens_at, f"{pointer}/opens_at")
    closes = instant_ms(given.closes_at, f"{pointer}/closes_at")
    return Window(opens_at_ms=opens or 0, closes_at_ms=closes or 0)
