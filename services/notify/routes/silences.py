"""Silences and outages: declare, list, end."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from services.notify.domain.silences import Outage, Silence
from services.notify.handlers.silences import SilenceDesk, Span, WindowMoved, WindowOver, WindowRefused
from shared.clock import Clock, iso
from shared.events.notice import WindowStanding
from shared.http.identity import Principal, require
from shared.http.language import Text
from shared.http.paging import LIMIT_DEFAULT, Cursor, Limit, Listing
from shared.http.problems import Problem
from shared.http.reach import check_about, check_reach
from shared.http.versions import NamedVersion, etag

W = TypeVar("W", Silence, Outage)
Reader = Annotated[Principal, Depends(require("notify:read"))]
Writer = Annotated[Principal, Depends(require("notify:write"))]
PlanCode = Annotated[str, Query(max_length=40)]

_REFUSED: dict[str, tuple[str, Text]] = {
    "unknown_plan": ("/plan", Text("Không có kế hoạch này.", "There is no such plan.")),
    "unknown_alert": ("/alert", Text("Không có cảnh báo này trong kế hoạch.", "The plan has no such alert.")),
    "ends_too_early": ("/ends_at", Text("Thời điểm kết thúc phải ở sau lúc này.", "It must end in the future.")),
    "too_long": ("/ends_at", Text("Chỉ được kéo dài tối đa 90 ngày.", "It may last 90 days at most.")),
    "begins_too_late": ("/starts_at", Text("Phải bắt đầu trong vòng 366 ngày tới.", "Begin within the next 366 days.")),
    "too_many": ("", Text("Có quá nhiều khoảng đang hiệu lực; hãy kết thúc bớt.", "Too many are in force; end some.")),
}
_OVER = Text("Đã kết thúc từ trước.", "It has ended already.")
_MOVED = Text("Đã có người thay đổi; hãy đọc lại.", "Somebody changed it; read it again.")


class Declared(BaseModel):
    """For how long, and who answers for it."""

    model_config = ConfigDict(extra="forbid")

    owner: str = Field(min_length=1, max_length=200)
    reason: str = Field(min_length=3, max_length=500)
    starts_at: AwareDatetime | None = Field(default=None, description="RFC 3339; at once when left out.")
    ends_at: AwareDatetime = Field(description="RFC 3339, exclusive.")

    def span(self, by: str, now_ms: int) -> Span:
        starts_ms = now_ms if self.starts_at is None else _ms(self.starts_at)
        return Span(self.owner, self.reason, by, starts_ms, _ms(self.ends_at))


class NewSilence(Declared):
    """Mutes the alerts that fit everything given of `alert`, `unit`, `rule` and `form`; one of them is needed."""

    plan: str = Field(default="", max_length=40, description="May be left out beside `alert`.")
    alert: str = Field(default="", max_length=80)
    unit: str = Field(default="", max_length=64)
    rule: str = Field(default="", max_length=40)
    form: str = Field(default="", max_length=40)

    @model_validator(mode="after")
    def names_something(self) -> NewSilence:
        if not (self.alert or self.unit or self.rule or self.form):
            raise ValueError("name an alert, a unit, a rule or a form")
        if not (self.plan or self.alert):
            raise ValueError("name the plan")
        return self


class NewOutage(Declared):
    """A time in which a unit, or with no unit everybody under the plan, could not report."""

    plan: str = Field(min_length=1, max_length=40)
    unit: str = Field(default="", max_length=64)


class Ending(BaseModel):
    """Why it ends early."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: str = Field(min_length=3, max_length=500)


class OutageShown(BaseModel):
    """A window as it stands: pending, active or expired. `ended_by`: who ended it early; empty: it ran out."""

    id: str
    plan: str
    unit: str
    owner: str
    reason: str
    by: str
    standing: WindowStanding
    starts_at: str
    ends_at: str
    created_at: str
    ended_by: str
    ended_reason: str
    version: int


class SilenceShown(OutageShown):
    """A silence with what it mutes; what is empty fits all."""

    alert: str
    rule: str
    form: str


def silence_routes(desk: SilenceDesk, clock: Clock) -> APIRouter:
    routes = APIRouter(tags=["silences"])

    async def check(who: Principal, window: str) -> None:
        held = await desk.window(window)
        if held is None:
            raise Problem(404)
        unit, plan = await desk.about(held.plan, held.alert if isinstance(held, Silence) else "", held.unit)
        check_about(who, unit=unit or None, plan=plan)

    @routes.post("/v1/silences", status_code=201)
    async def silence(given: NewSilence, who: Writer, response: Response) -> SilenceShown:
        """Nobody is told of these alerts until the end; then they are looked at again. 90 days at most."""
        now_ms = clock.now_ms()
        try:
            unit, plan = await desk.about(given.plan, given.alert, given.unit)
            check_about(who, unit=unit or None, plan=plan)
            made = await desk.silence(
                given.plan,
                given.span(who.subject, now_ms),
                alert=given.alert,
                unit=given.unit,
                rule=given.rule,
                form=given.form,
                now_ms=now_ms,
            )
        except WindowRefused as err:
            raise _problem(err) from err
        return _silence(made, clock.now_ms(), response)

    @routes.get("/v1/silences")
    async def list_silences(
        plan: PlanCode, who: Reader, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
    ) -> Listing[SilenceShown]:
        """Silences of a plan by their end, the latest first; those that are over stay listed."""
        check_reach(who, plan=plan)
        found, following = await desk.silences(plan, limit=limit, cursor=cursor)
        return Listing(items=[_silence(held, clock.now_ms()) for held in found], next_cursor=following)

    @routes.post("/v1/silences/{silence}/end")
    async def end_silence(
        silence: str, given: Ending, named: NamedVersion, who: Writer, response: Response
    ) -> SilenceShown:
        """End it now; its alerts are looked at again at once."""
        await check(who, silence)
        ending = desk.end_silence(silence, by=who.subject, reason=given.reason, named=named, now_ms=clock.now_ms())
        return _silence(await _over(ending), clock.now_ms(), response)

    @routes.post("/v1/outages", status_code=201)
    async def outage(given: NewOutage, who: Writer, response: Response) -> OutageShown:
        """Alerts about what could not be reported are muted, and show why. 90 days at most."""
        check_about(who, unit=given.unit or None, plan=given.plan)
        now_ms = clock.now_ms()
        try:
            made = await desk.outage(given.plan, given.span(who.subject, now_ms), unit=given.unit, now_ms=now_ms)
        except WindowRefused as err:
            raise _problem(err) from err
        return _outage(made, clock.now_ms(), response)

    @routes.get("/v1/outages")
    async def list_outages(
        plan: PlanCode, who: Reader, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
    ) -> Listing[OutageShown]:
        """Outages of a plan by their end, the latest first; those that are over stay listed."""
        check_reach(who, plan=plan)
        found, following = await desk.outages(plan, limit=limit, cursor=cursor)
        return Listing(items=[_outage(held, clock.now_ms()) for held in found], next_cursor=following)

    @routes.post("/v1/outages/{outage}/end")
    async def end_outage(
        outage: str, given: Ending, named: NamedVersion, who: Writer, response: Response
    ) -> OutageShown:
        """End it now; the alerts that it muted are looked at again."""
        await check(who, outage)
        ending = desk.end_outage(outage, by=who.subject, reason=given.reason, named=named, now_ms=clock.now_ms())
        return _outage(await _over(ending), clock.now_ms(), response)

    return routes


def _problem(err: WindowRefused) -> Problem:
    pointer, says = _REFUSED[err.fault]
    return Problem(409, detail=says) if err.fault == "too_many" else Problem(422, detail=says, pointer=pointer)


async def _over(ending: Awaitable[W | None]) -> W:
    """What was ended; 404 where there is none, 409 where it was over, 412 where somebody was faster."""
    try:
        held = await ending
    except WindowOver as err:
        raise Problem(409, detail=_OVER) from err
    except WindowMoved as err:
        raise Problem(412, detail=_MOVED) from err
    if held is None:
        raise Problem(404)
    return held


def _outage(held: Outage, now_ms: int, response: Response | None = None) -> OutageShown:
    if response is not None:
        response.headers.update(etag(held.revision))
    return OutageShown(**_window(held, now_ms))


def _silence(held: Silence, now_ms: int, response: Response | None = None) -> SilenceShown:
    if response is not None:
        response.headers.update(etag(held.revision))
    return SilenceShown(**_window(held, now_ms), alert=held.alert, rule=held.rule, form=held.form)


def _window(held: Silence | Outage, now_ms: int) -> dict[str, Any]:
    return {
        "id": held.id,
        "plan": held.plan,
        "unit": held.unit,
        "owner": held.owner,
        "reason": held.reason,
        "by": held.by,
        "standing": held.standing(now_ms),
        "starts_at": iso(held.starts_at_ms),
        "ends_at": iso(held.ends_at_ms),
        "created_at": iso(held.created_at_ms),
        "ended_by": held.ended_by,
        "ended_reason": held.ended_reason,
        "version": held.revision,
    }


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
