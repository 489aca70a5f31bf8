"""Obligations and the rates that follow from them: read only."""

from __future__ import annotations

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Query
from pydantic import Field
from starlette.responses import Response

from services.intake.domain.entry import Line
from services.intake.domain.rates import Rates
from services.intake.handlers.ledger import AskLedger
from shared.clock import Clock
from shared.events.obligation import ObligationState, Outcome
from shared.http.answers import json_answer
from shared.http.identity import Principal, require
from shared.http.known_parameters import KnownParameters
from shared.http.paging import LIMIT_DEFAULT, Cursor, Limit, Listing
from shared.http.parameters import CODE, CodeFilter, IdInPath, YearFilter
from shared.http.reach import check_reach, within_reach
from shared.plan.calendar import ClockState, clock_state
from shared.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

Reader = Annotated[Principal, Depends(require("obligation:read"))]


class ObligationShown(ObligationState):
    """An obligation, and where its clock stands now."""

    state: ClockState


class OneObligation(ObligationShown):
    """An obligation with the decisions about it, oldest first."""

    history: tuple[Line, ...] = Field(description="Each with the outcome and the limits that held until then.")


class RatesShown(Rates):
    """Rates, and of what."""

    plan: str
    year: int
    form: str | None = None
    period: str | None = None
    peer_group: str | None = None
    parent: str | None = None
    subtree: str | None = None


def obligation_routes(ask: AskLedger, *, metrics: Metrics, clock: Clock, due_soon_ms: int) -> APIRouter:
    """`/v1/obligations`, `/v1/rates`."""
    routes = APIRouter(prefix="/v1", tags=["obligations"], route_class=KnownParameters)

    def shown(held: ObligationState) -> ObligationShown:
        state = clock_state(clock.now_ms(), held, due_soon_ms)
        return ObligationShown.model_construct(**dict(held), state=state)

    @routes.get("/obligations", response_model=Listing[ObligationShown])
    async def listed(
        principal: Reader,
        *,
        plan: CodeFilter = None,
        unit: CodeFilter = None,
        period: CodeFilter = None,
        form: CodeFilter = None,
        year: YearFilter = None,
        outcome: Outcome | None = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Response:
        """What is owed. A page may be short before the end: follow `next_cursor` until it is null."""
        unit, plan = within_reach(principal, unit=unit, plan=plan)
        filters = {"plan": plan, "unit": unit, "period": period, "form": form, "year": year, "outcome": outcome}
        found, after = await ask.page(filters, limit=limit, cursor=cursor)
        items = [shown(entry.obligation) for entry in found]
        return json_answer(Listing[ObligationShown].model_construct(items=items, next_cursor=after))

    @routes.get("/obligations/{obligation}", response_model=OneObligation)
    async def one(obligation: IdInPath, principal: Reader) -> Response:
        """One obligation with every decision about it: waived, extended, opened, reinstated, unsealed."""
        entry = await ask.obligation(obligation)
        check_reach(principal, unit=entry.obligation.unit, plan=entry.obligation.plan)
        return json_answer(OneObligation.model_construct(**dict(shown(entry.obligation)), history=entry.history))

    @routes.get("/rates", response_model=RatesShown)
    async def rates(
        principal: Reader,
        *,
        plan: Annotated[str, Query(pattern=CODE)],
        year: Annotated[int, Query(ge=1, le=9998)],
        form: CodeFilter = None,
        period: CodeFilter = None,
        peer_group: CodeFilter = None,
        parent: CodeFilter = None,
        subtree: CodeFilter = None,
    ) -> Response:
        """Completeness and timeliness of a plan's year: shares of what is expected, never capped.

        `parent` and `subtree` mean the tree on the last day of each period. `faults` names what cannot be, such as a
        rate over 100 %. The figures are there under DHIS2's names too.
        """
        check_reach(principal, plan=plan)
        part = {"form": form, "period": period, "peer_group": peer_group, "parent": parent, "subtree": subtree}
        found = await ask.rates(plan, year, **part)
        for fault in found.faults:
            metrics.ledger_faults.labels(fault).inc()
            log.error("ledger.fault", fault=fault, plan=plan, year=year, received=found.received, **part)
        return json_answer(RatesShown(**found.model_dump(), plan=plan, year=year, **part))

    return routes
