"""Inspection alerts: read, acknowledge, resolve; and the inspection list."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from services.notify.domain.alerts import Alert
from services.notify.handlers.alerts import AlertClosed, AlertDesk, AlertMoved, PromiseInThePast, PromiseTooFar
from services.notify.handlers.ports import AlertPages
from services.notify.routes.shapes import (
    Acknowledgement,
    AlertShown,
    CandidateShown,
    Resolution,
    UnitAcknowledgement,
    UnitFilter,
)
from shared.clock import Clock
from shared.http.identity import Principal, require
from shared.http.language import Text
from shared.http.paging import LIMIT_DEFAULT, Cursor, Limit, Listing
from shared.http.problems import Problem
from shared.http.reach import check_about, check_reach, is_in_reach, only_unit
from shared.http.versions import NamedVersion, etag

PhaseFilter = Annotated[str | None, Query(max_length=40, description="OPEN, ACKNOWLEDGED, SILENCED or RESOLVED.")]
Reader = Annotated[Principal, Depends(require("notify:read"))]
Writer = Annotated[Principal, Depends(require("notify:write"))]

_CLOSED = Text("Cảnh báo đã được khắc phục.", "The alert is resolved already.")
_PAST = Text("Ngày cam kết đã qua.", "The promised day is over.")
_FAR = Text("Ngày cam kết phải trong vòng 366 ngày tới.", "Promise a day within the next 366 days.")
_NO_DAY = Text("Ngày không tồn tại.", "There is no such day.")
_MOVED_VI = 'Cảnh báo đã thay đổi; hãy đọc lại và gửi If-Match: "{0}".'
_MOVED_EN = 'The alert has changed; read it again and send If-Match: "{0}".'


def alert_routes(pages: AlertPages, desk: AlertDesk, clock: Clock) -> APIRouter:
    routes = APIRouter(tags=["alerts"])

    async def check(who: Principal, alert: str) -> None:
        held = await desk.get(alert)
        if held is None:
            raise Problem(404)
        check_about(who, unit=held.unit, plan=held.plan)

    @routes.get("/v1/alerts")
    async def list_alerts(
        who: Reader,
        unit: UnitFilter = None,
        phase: PhaseFilter = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Listing[AlertShown]:
        """Alerts by last change, the latest first. A page of somebody bound to a unit or a plan may be short."""
        check_reach(who, unit=unit)
        alerts, following = await pages.page(unit=unit or only_unit(who), phase=phase, limit=limit, cursor=cursor)
        shown = [AlertShown.of(alert) for alert in alerts if is_in_reach(who, unit=alert.unit, plan=alert.plan)]
        return Listing(items=shown, next_cursor=following)

    @routes.get("/v1/alerts/{alert}")
    async def read_alert(alert: str, who: Reader, response: Response) -> AlertShown:
        """One alert with its history; its `ETag` is the revision to name in `If-Match`."""
        await check(who, alert)
        return _shown(await desk.get(alert), response)

    @routes.post("/v1/alerts/{alert}/acknowledge")
    async def acknowledge(
        alert: str, given: Acknowledgement, named: NamedVersion, who: Writer, response: Response
    ) -> AlertShown:
        """Somebody takes care of it by a promised day. Missing it opens the alert again and tells the next level."""
        promise = _day(given.promise)
        await check(who, alert)
        with _Refusals():
            changed = await desk.acknowledge(
                alert, owner=given.owner, promise=promise, now_ms=clock.now_ms(), named=named, by=who.subject
            )
        return _shown(changed, response)

    @routes.post("/v1/acknowledgements")
    async def acknowledge_unit(given: UnitAcknowledgement, who: Writer) -> Listing[AlertShown]:
        """Promise a day for every open alert of a unit (500 at most in one request). Those that were acknowledged."""
        promise = _day(given.promise)
        check_reach(who, unit=given.unit, plan=given.plan)
        with _Refusals():
            done = await desk.acknowledge_all(
                given.plan,
                given.unit,
                rule=given.rule,
                owner=given.owner,
                promise=promise,
                now_ms=clock.now_ms(),
                by=who.subject,
            )
        return Listing(items=[AlertShown.of(alert) for alert in done])

    @routes.post("/v1/alerts/{alert}/resolve")
    async def resolve(
        alert: str, given: Resolution, named: NamedVersion, who: Writer, response: Response
    ) -> AlertShown:
        """Resolved by hand; it stays so until its source says something new."""
        await check(who, alert)
        with _Refusals():
            changed = await desk.resolve(alert, reason=given.reason, now_ms=clock.now_ms(), named=named, by=who.subject)
        return _shown(changed, response)

    @routes.get("/v1/inspection-list")
    async def list_candidates(plan: Annotated[str, Query(max_length=40)], who: Reader) -> Listing[CandidateShown]:
        """Where to look first: units by risk points over their open alerts."""
        check_reach(who, plan=plan)
        found = [one for one in await desk.inspection_list(plan) if is_in_reach(who, unit=one.unit, plan=plan)]
        return Listing(items=[CandidateShown.of(candidate) for candidate in found])

    return routes


class _Refusals:
    """What a desk refuses, as answers."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, err: BaseException | None, trace: object) -> None:
        match err:
            case PromiseInThePast():
                raise Problem(422, detail=_PAST, pointer="/promise") from err
            case PromiseTooFar():
                raise Problem(422, detail=_FAR, pointer="/promise") from err
            case AlertClosed():
                raise Problem(409, detail=_CLOSED) from err
            case AlertMoved():
                said = Text(_MOVED_VI.format(err.revision), _MOVED_EN.format(err.revision))
                raise Problem(412, detail=said, members={"current_version": err.revision}) from err


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as err:
        raise Problem(422, detail=_NO_DAY, pointer="/promise") from err


def _shown(alert: Alert | None, response: Response) -> AlertShown:
    if alert is None:
        raise Problem(404)
    response.headers.update(etag(alert.revision))
    return AlertShown.of(alert)
