"""Units: register, list, read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from services.intake.handlers.units import RegisterUnits
from shared.events.unit import UnitState
from shared.http.answers import body_of, json_answer, read_body
from shared.http.identity import Principal, require
from shared.http.known_parameters import KnownParameters
from shared.http.paging import LIMIT_DEFAULT, Cursor, Limit, Listing
from shared.http.parameters import CodeFilter, CodeInPath, DayFilter
from shared.http.reach import check_reach
from shared.http.versions import NOT_MODIFIED, KnownTag, NamedVersion, etag, unless_known
from shared.plan.units import UnitInput

_EXAMPLE = {
    "code": "VCNTT",
    "names": {"vi": "Vụ Công nghệ thông tin", "en": "Information Technology Department"},
    "kind": "VU",
    "peer_group": "VU",
    "valid_from": "2007-12-25",
    "headcount": 56,
    "contacts": [{"role": "report_officer", "email": "officer@vcntt.example", "language": "vi"}],
}


def unit_routes(units: RegisterUnits) -> APIRouter:
    """`/v1/units`."""
    routes = APIRouter(prefix="/v1/units", tags=["units"], route_class=KnownParameters)

    @routes.put(
        "/{unit}", status_code=201, response_model=UnitState, openapi_extra=body_of(UnitInput, example=_EXAMPLE)
    )
    async def register(
        request: Request,
        unit: CodeInPath,
        principal: Annotated[Principal, Depends(require("unit:write"))],
        version: NamedVersion,
        dry_run: Annotated[bool, Query(description="Say what would become of the unit and write nothing.")] = False,
    ) -> Response:
        """Register a unit (201) or change it (200). Unchanged content writes nothing (200).

        With `If-Match` only what is still at that revision is changed, else 412.
        """
        check_reach(principal, unit=unit)
        given = await read_body(request, UnitInput)
        done = await units.register(given, unit=unit, by=principal.subject, named_revision=version, dry_run=dry_run)
        return json_answer(done.state, 201 if done.result == "created" else 200, headers=etag(done.state.revision))

    @routes.get("", response_model=Listing[UnitState], dependencies=[Depends(require("unit:read"))])
    async def listed(
        *,
        as_of: DayFilter = None,
        parent: CodeFilter = None,
        subtree: CodeFilter = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Response:
        """Units by code. With `as_of`, those that existed on that day, with the names and the parent of that day.

        `parent`: directly below that unit; `subtree`: that unit and all below it, on that day (today without one).
        """
        if as_of is None and parent is None and subtree is None:
            found, after = await units.page(limit=limit, cursor=cursor)
        else:
            found, after = await units.tree(as_of=as_of, parent=parent, subtree=subtree, limit=limit, cursor=cursor)
        return json_answer(Listing[UnitState](items=found, next_cursor=after))

    @routes.get(
        "/{unit}",
        response_model=UnitState,
        responses=NOT_MODIFIED,
        dependencies=[Depends(require("unit:read"))],
    )
    async def one(unit: CodeInPath, known: KnownTag = None) -> Response:
        """One unit."""
        state = await units.get(unit)
        return unless_known(known, json_answer(state, headers=etag(state.revision)))

    return routes
