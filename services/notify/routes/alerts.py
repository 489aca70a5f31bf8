"""Inspection alerts: read, acknowledge, resolve; and the inspection list."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from services.notify.domain.alerts import Alert
from services.notify.handlers.alerts import AlertClosed, AlertDesk, PromiseInThePast
from services.notify.handlers.ports import AlertPages
from services.notify.routes.shapes import Acknowledgement, AlertShown, CandidateShown, Resolution, UnitFilter
from shared.clock import Clock
from shared.http.identity import require
from shared.http.language import Text
from shared.http.paging import LIMIT_DEFAULT, Cursor, Limit, Listing
from shared.http.problems import Problem

PhaseFilter = Annotated[str | None, Query(max_length=40, description="OPEN, ACKNOWLEDGED or RESOLVED.")]

_CLOSED = Text("Cảnh báo đã được khắc phục.", "The alert is resolved already.")
_PAST = Text("Ngày cam kết đã qua.", "The promised day is over.")
_NO_DAY = Text("Ngày không tồn tại.", "There is no such day.")


def alert_routes(pages: AlertPages, desk: AlertDesk, clock: Clock) -> APIRouter:
    routes = APIRouter(tags=["alerts"])
    may_read, may_write = Depends(require("notify:read")), Depends(require("notify:write"))

    @routes.get("/v1/alerts", dependencies=[may_read])
    async def list_alerts(
        unit: UnitFilter = None, phase: PhaseFilter = None, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
    ) -> Listing[AlertShown]:
        """Alerts by last change, the latest first."""
        alerts, following = await pages.page(unit=unit, phase=phase, limit=limit, cursor=cursor)
        return Listing(items=[AlertShown.of(alert) for alert in alerts], next_cursor=following)

    @routes.post("/v1/alerts/{alert}/acknowledge", dependencies=[may_write])
    async def acknowledge(alert: str, given: Acknowledgement) -> AlertShown:
        """Somebody takes care of it by a promised day."""
        promise = _day(given.promise)
        try:
            changed = await desk.acknowledge(alert, owner=given.owner, promise=promise, now_ms=clock.now_ms())
        except PromiseInThePast as err:
            raise Problem(422, detail=_PAST, pointer="/promise") from err
        except AlertClosed as err:
            raise Problem(409, detail=_CLOSED) from err
        return _shown(changed)

    @routes.post("/v1/alerts/{alert}/resolve", dependencies=[may_write])
    async def resolve(alert: str, given: Resolution) -> AlertShown:
        """Resolved by hand; it stays so until its source says something new."""
        try:
            changed = await desk.resolve(alert, reason=given.reason, now_ms=clock.now_ms())
        except AlertClosed as err:
            raise Problem(409, detail=_CLOSED) from err
        return _shown(changed)

    @routes.get("/v1/inspection-list", dependencies=[may_read])
    async def list_candidates(plan: Annotated[str, Query(max_length=40)]) -> Listing[CandidateShown]:
        """Where to look first: units by risk points over their open alerts."""
        found = await desk.inspection_list(plan)
        return Listing(items=[CandidateShown.of(candidate) for candidate in found])

    return routes


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as err:
        raise Problem(422, detail=_NO_DAY, pointer="/promise") from err


def _shown(alert: Alert | None) -> AlertShown:
    if alert is None:
        raise Problem(404)
    return AlertShown.of(alert)
