"""What a group of units reached together: indicators summed over units, by peer group, subtree, or as named."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.scoring.handlers.totals import Totals
from services.scoring.routes.evaluations import PlanCode, Reader, Year, allowed, tagged
from services.scoring.routes.instants import AsOf, past_ms
from shared.clock import Clock
from shared.http.language import Text
from shared.http.parameters import CodeFilter
from shared.http.problems import Problem

UNITS_MAX = 500
CODE_CHARACTERS_MAX = 100


def total_routes(totals: Totals, clock: Clock) -> APIRouter:
    routes = APIRouter(prefix="/v1/evaluations", tags=["evaluations"])

    @routes.get("/{plan}/{year}/aggregates", summary="Every indicator of a group of units, summed apart.")
    async def aggregates(
        *,
        request: Request,
        reader: Reader,
        plan: PlanCode,
        year: Year,
        peer_group: CodeFilter = None,
        subtree: CodeFilter = None,
        units: Annotated[str | None, Query(max_length=20_000, description="Codes, separated by commas.")] = None,
        as_of: AsOf = None,
    ) -> Response:
        """A quotient of a group is the sum of numerators over the sum of denominators.

        `subtree`: who stood in it in the unit's last period of the year.
        """
        allowed(reader, plan)
        at_ms, named = past_ms(as_of, clock), _codes(units)
        found = await totals.of(plan, year, peer_group=peer_group, subtree=subtree, units=named, as_of_ms=at_ms)
        return tagged(request, found)

    return routes


def _codes(given: str | None) -> tuple[str, ...]:
    codes = tuple(dict.fromkeys(code.strip() for code in given.split(",") if code.strip())) if given else ()
    if len(codes) > UNITS_MAX or any(len(code) > CODE_CHARACTERS_MAX for code in codes):
        detail = Text(f"Nhiều nhất {UNITS_MAX} mã đơn vị.", f"At most {UNITS_MAX} codes of units.")
        raise Problem(422, detail=detail, members={"parameter": "units"})
    return codes
