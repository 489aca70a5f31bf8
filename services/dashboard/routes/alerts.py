"""`/alerts`: alerts in groups, with filters; acknowledge, resolve, silence; silences and outages in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from services.dashboard.domain.alert_choice import GROUPINGS, PHASES, AlertChoice
from services.dashboard.domain.asking import Reader, Refused
from services.dashboard.domain.days import end_of_day, is_day
from services.dashboard.domain.facts import Listed
from services.dashboard.domain.told import Windows
from services.dashboard.handlers.alert_desk import AlertFacts
from services.dashboard.handlers.ask import Outcome
from services.dashboard.pages import alert, alerts, choices, windows
from services.dashboard.routes.forms import (
    OWNER_MAX,
    REASON_MIN,
    Form,
    Incomplete,
    carried_out,
    form_of,
    needed,
    selected,
)
from services.dashboard.routes.frame import (
    CODE_CHARACTERS_MAX,
    Cursor,
    Fragment,
    Frame,
    Framing,
    Id,
    PlanCode,
    SignInNeeded,
    Year,
    asker,
    everywhere,
)
from shared.events.notice import AlertState
from shared.http.identity import Principal

PAGE_SIZE = 100
SEVERITIES = ("high", "medium", "low")
WRITE = "notify:write"
Filter = Annotated[str, Query(max_length=CODE_CHARACTERS_MAX)]
Viewer = Annotated[Principal, Depends(everywhere("inspection:read"))]


class Alerts(Protocol):
    """The handler of alerts."""

    async def page(self, plan: str, choice: AlertChoice, *, limit: int, cursor: str | None) -> Listed[AlertState]: ...
    async def counts(self, plan: str) -> dict[str, int]: ...
    async def one(self, alert: str, reader: Reader) -> AlertFacts | None: ...
    async def acknowledge(
        self, alerts: Sequence[str], *, owner: str, promise: str, version: int | None = None, reader: Reader
    ) -> Outcome: ...
    async def resolve(
        self, alerts: Sequence[str], *, reason: str, version: int | None = None, reader: Reader
    ) -> Outcome: ...


class WindowsHeld(Protocol):
    """The handler of silences and outages."""

    async def in_force(self, plan: str) -> Windows: ...
    async def silence(
        self, alerts: Sequence[str], *, owner: str, reason: str, ends_at: str, reader: Reader
    ) -> Outcome: ...
    async def declare(self, noun: str, window: Mapping[str, str], reader: Reader) -> Outcome: ...
    async def end(self, noun: str, window: str, *, reason: str, reader: Reader) -> Outcome: ...


class AlertEdge:
    """What the routes of alerts share."""

    def __init__(self, framing: Framing, desk: Alerts, held: WindowsHeld) -> None:
        self.framing = framing
        self.desk = desk
        self.held = held

    async def list_page(
        self, request: Request, principal: Principal, frame: Frame, given: choices.Given, *, status: int = 200
    ) -> Response:
        """The list as the address asks for it. The frame has a plan."""
        choice = frame.setting.choice
        assert choice is not None
        plan, query = choice.state.plan, request.query_params
        asked, by = _asked(query), query.get("group", "")
        by = by if by in GROUPINGS else ""
        listed = await self.desk.page(plan, asked, limit=PAGE_SIZE, cursor=query.get("cursor"))
        view = alerts.compose(
            listed,
            await self.desk.counts(plan),
            asked=asked,
            by=by,
            continued="cursor" in query,
            may_write=principal.may(WRITE),
            given=given,
            setting=frame.setting,
            words=frame.words,
            address=frame.address,
        )
        if query.get("fragment") == "alerts":
            return self.framing.fragment("alert_list", frame, view=view)
        found = await self.held.in_force(plan)
        shown = windows.compose(found, setting=frame.setting, words=frame.words, address=frame.address)
        if query.get("fragment") == "windows":
            return self.framing.fragment("windows", frame, view=view, windows=shown)
        return self.framing.answer("alerts.html", frame, status=status, view=view, windows=shown)

    async def one_page(
        self,
        request: Request,
        principal: Principal,
        frame: Frame,
        id: str,
        given: choices.Given,
        *,
        status: int = 200,
    ) -> Response:
        """The page of one alert; 404 when no event told of it."""
        facts = await self.known(request, principal, id)
        if facts is None:
            return self.framing.answer("missing.html", frame, status=404, code=id, what="alert")
        view = alert.compose(
            facts.state,
            facts.told,
            may_write=principal.may(WRITE),
            given=given,
            setting=frame.setting,
            words=frame.words,
            address=frame.address,
        )
        if request.query_params.get("fragment") == "alert":
            return self.framing.fragment("alert", frame, view=view)
        return self.framing.answer("alert.html", frame, status=status, view=view)

    async def known(self, request: Request, principal: Principal, id: str) -> AlertFacts | None:
        """One alert of a plan within the reader's reach."""
        try:
            facts = await self.desk.one(id, asker(request, principal))
        except Refused as refusal:
            raise SignInNeeded("notify:read") from refusal
        if facts is not None and principal.plan not in (None, facts.state.plan):
            raise SignInNeeded("inspection:read")
        return facts

    async def change(self, form: Form, frame: Frame, reader: Reader, *, only: str = "") -> tuple[str, Outcome]:
        """Carry out what a form asks for: (what was done, what became of it). Incomplete.

        `only`: the alert of the page; its forms carry the revision that the reader saw.
        """
        code, id = form.action()
        named = form.text("version", 9)
        version = int(named) if only and named.isascii() and named.isdigit() else None
        if code == "acknowledge":
            ids = selected(form, "alert", only or id)
            owner = needed(form.text("owner", OWNER_MAX), "owner_needed")
            promise = _day(form.text("promise"))
            return "acknowledged", await self.desk.acknowledge(
                ids, owner=owner, promise=promise, version=version, reader=reader
            )
        if code == "resolve":
            ids, reason = selected(form, "alert", only or id), _reason(form)
            return "resolved", await self.desk.resolve(ids, reason=reason, version=version, reader=reader)
        if code == "silence":
            ids, window = selected(form, "alert", only or id), _window(form, frame)
            return "silenced", await self.held.silence(ids, **window, reader=reader)
        return await self._change_window(code, id, form, frame, reader)

    async def _change_window(self, code: str, id: str, form: Form, frame: Frame, reader: Reader) -> tuple[str, Outcome]:
        plan = frame.setting.choice.state.plan if frame.setting.choice else ""
        unit, rule = form.text("unit", CODE_CHARACTERS_MAX), form.text("rule", CODE_CHARACTERS_MAX)
        match code:
            case "end-silences" | "end-outages":
                return "ended", await self.held.end(code[4:], id, reason=_reason(form), reader=reader)
            case "declare-silence":
                if not unit and not rule:
                    raise Incomplete("target_needed")
                window = {"plan": plan, "unit": unit, "rule": rule, **_window(form, frame)}
                return "silence", await self.held.declare("silences", window, reader)
            case "declare-outage":
                window = {"plan": plan, "unit": unit, **_window(form, frame)}
                return "outage", await self.held.declare("outages", window, reader)
        raise Incomplete("no_action")


def alert_routes(framing: Framing, desk: Alerts, held: WindowsHeld) -> APIRouter:
    """The routes of alerts."""
    routes = APIRouter(include_in_schema=False)
    edge = AlertEdge(framing, desk, held)

    @routes.get("/alerts")
    async def show(
        request: Request,
        principal: Viewer,
        *,
        plan: PlanCode = None,
        year: Year = None,
        cursor: Cursor = None,
        fragment: Fragment = None,
        unit: Filter = "",
        rule: Filter = "",
    ) -> Response:
        frame = await framing.opened(request, principal, plan, year, fragment)
        if isinstance(frame, Response):
            return frame
        if frame.setting.choice is None:
            return framing.answer("welcome.html", frame)
        return await edge.list_page(request, principal, frame, _first(frame, principal))

    @routes.post("/alerts")
    async def act(request: Request, principal: Viewer, plan: PlanCode = None, year: Year = None) -> Response:
        frame = await framing.frame(request, principal, plan, year)
        if frame.setting.choice is None:
            return framing.answer("welcome.html", frame, status=409)
        form = await form_of(request)
        change = edge.change(form, frame, asker(request, principal))
        answer = await carried_out(request, frame.words, change)
        if isinstance(answer, Response):
            return answer
        message, status = answer
        kept = _kept(form, frame, principal)
        return await edge.list_page(request, principal, replace(frame, message=message), kept, status=status)

    @routes.get("/alerts/{alert}")
    async def show_one(
        request: Request,
        principal: Viewer,
        alert: Id,
        *,
        plan: PlanCode = None,
        year: Year = None,
        fragment: Fragment = None,
    ) -> Response:
        frame = await framing.opened(request, principal, plan, year, fragment)
        if isinstance(frame, Response):
            return frame
        return await edge.one_page(request, principal, frame, alert, _first(frame, principal))

    @routes.post("/alerts/{alert}")
    async def act_on_one(
        request: Request, principal: Viewer, alert: Id, plan: PlanCode = None, year: Year = None
    ) -> Response:
        frame = await framing.frame(request, principal, plan, year)
        if await edge.known(request, principal, alert) is None:
            return framing.answer("missing.html", frame, status=404, code=alert, what="alert")
        form = await form_of(request)
        change = edge.change(form, frame, asker(request, principal), only=alert)
        answer = await carried_out(request, frame.words, change)
        if isinstance(answer, Response):
            return answer
        message, status = answer
        kept = _kept(form, frame, principal)
        return await edge.one_page(request, principal, replace(frame, message=message), alert, kept, status=status)

    return routes


def _asked(query: Mapping[str, str]) -> AlertChoice:
    """The filters of an address; what is not known is left out."""
    state = query.get("state", "")
    severity = query.get("severity", "")
    return AlertChoice(
        unit=query.get("unit", ""),
        rule=query.get("rule", ""),
        severity=severity if severity in SEVERITIES else "",
        phase=state if state in PHASES else "",
        every=state == "ALL" or "all" in query,
    )


def _first(frame: Frame, principal: Principal) -> choices.Given:
    return choices.given_first(frame.setting, frame.zone, principal.subject)


def _kept(form: Form, frame: Frame, principal: Principal) -> choices.Given:
    """What was sent, to be mended and sent again."""
    first = _first(frame, principal)
    return replace(
        first,
        owner=form.text("owner", OWNER_MAX) or first.owner,
        silence_owner=form.text("silence_owner", OWNER_MAX) or first.silence_owner,
        silence_reason=form.text("silence_reason"),
        promise=form.text("promise", 10) or first.promise,
        until=form.text("until", 10) or first.until,
        reason=form.text("reason"),
        selected=frozenset(form.many("alert")),
    )


def _day(text: str) -> str:
    if not is_day(text):
        raise Incomplete("day_needed")
    return text


def _reason(form: Form) -> str:
    return needed(form.text("reason"), "reason_needed", least=REASON_MIN)


def _window(form: Form, frame: Frame) -> dict[str, Any]:
    ends_at = end_of_day(form.text("until", 10), frame.zone)
    if ends_at is None:
        raise Incomplete("end_needed")
    owner = needed(form.text("silence_owner", OWNER_MAX) or form.text("owner", OWNER_MAX), "owner_needed")
    reason = needed(form.text("silence_reason") or form.text("reason"), "reason_needed", least=REASON_MIN)
    return {"owner": owner, "reason": reason, "ends_at": ends_at}
