"""Why a unit stands where it stands: its numbers explained, its moves, what it would take."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.scoring.handlers.explanations import Explanations
from services.scoring.routes.evaluations import PlanCode, Reader, UnitCode, Year, allowed, tagged
from services.scoring.routes.instants import AsOf, past_ms
from shared.clock import Clock

Since = Annotated[str, Query(max_length=40, description="A past instant, RFC 3339 or epoch ms.")]
OtherYear = Annotated[int, Query(alias="with", ge=1900, le=2200, description="The year to compare with.")]
Rank = Annotated[
    int | None, Query(ge=1, le=10_000_000, description="To this rank or better, in place of the next band.")
]


def explanation_routes(explanations: Explanations, clock: Clock) -> APIRouter:
    routes = APIRouter(prefix="/v1/evaluations/{plan}/{year}/units/{unit}", tags=["explanations"])

    @routes.get("", summary="Where the index of one unit comes from.")
    async def explanation(
        *, request: Request, reader: Reader, plan: PlanCode, year: Year, unit: UnitCode, as_of: AsOf = None
    ) -> Response:
        """Every number with its formula, inputs and words; contributions of the indicators sum to the index."""
        allowed(reader, plan)
        at_ms = past_ms(as_of, clock)
        if at_ms is not None:
            return tagged(request, await explanations.past(plan, year, unit, at_ms))
        return tagged(request, await explanations.explanation(plan, year, unit))

    @routes.get("/changes", summary="Why index and rank of one unit moved since an instant.")
    async def changes(
        *, request: Request, reader: Reader, plan: PlanCode, year: Year, unit: UnitCode, since: Since
    ) -> Response:
        """The move of the rank in four parts that sum to it: own results, peers', change of method, corrections."""
        allowed(reader, plan)
        since_ms = past_ms(since, clock, pointer="since")
        assert since_ms is not None
        return tagged(request, await explanations.changes(plan, year, unit, since_ms))

    @routes.get("/compare", summary="Why index and rank of one unit differ from another year's.")
    async def compare(
        *, request: Request, reader: Reader, plan: PlanCode, year: Year, unit: UnitCode, other: OtherYear
    ) -> Response:
        """By indicator into performance and weight; where the method changed, by the other year's numbers under it."""
        allowed(reader, plan)
        return tagged(request, await explanations.compare(plan, year, unit, other))

    @routes.get("/what-it-takes", summary="What would lift one unit to the next band, or to a rank.")
    async def needed(
        *, request: Request, reader: Reader, plan: PlanCode, year: Year, unit: UnitCode, rank: Rank = None
    ) -> Response:
        """For every indicator the change that alone would do, cheapest first; the others' numbers stay as they are."""
        allowed(reader, plan)
        return tagged(request, await explanations.what_it_takes(plan, year, unit, rank))

    return routes
