"""What the routes of alerts share: their pages, and the changes that their forms ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from fastapi import Request
from starlette.responses import Response

from services.dashboard.domain.alert_choice import GROUPINGS, AlertChoice
from services.dashboard.domain.asking import Reader, Refused
from services.dashboard.domain.facts import Listed
from services.dashboard.domain.told import Windows
from services.dashboard.handlers.alert_desk import AlertFacts
from services.dashboard.handlers.ask import Outcome
from services.dashboard.pages import alert, alerts, choices, windows
from services.dashboard.routes.alert_forms import choice_of, window_of
from services.dashboard.routes.forms import (
    OWNER_MAX,
    Form,
    Incomplete,
    day_of,
    needed,
    reason_of,
    selected,
    version_of,
)
from services.dashboard.routes.frame import CODE_CHARACTERS_MAX, Frame, Framing, SignInNeeded, asker, check_plan
from shared.events.notice import AlertState
from shared.http.identity import Principal

PAGE_SIZE = 100
WRITE = "notify:write"


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
        asked, by = choice_of(query), query.get("group", "")
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
        if facts is not None:
            check_plan(principal, facts.state.plan, "inspection:read")
        return facts

    async def change(self, form: Form, frame: Frame, reader: Reader, *, only: str = "") -> tuple[str, Outcome]:
        """Carry out what a form asks for: (what was done, what became of it). Incomplete.

        `only`: the alert of the page; its forms carry the revision that the reader saw.
        """
        code, id = form.action()
        version = version_of(form) if only else None
        if code == "acknowledge":
            ids = selected(form, "alert", only or id)
            owner = needed(form.text("owner", OWNER_MAX), "owner_needed")
            promise = day_of(form.text("promise"))
            return "acknowledged", await self.desk.acknowledge(
                ids, owner=owner, promise=promise, version=version, reader=reader
            )
        if code == "resolve":
            ids, reason = selected(form, "alert", only or id), reason_of(form)
            return "resolved", await self.desk.resolve(ids, reason=reason, version=version, reader=reader)
        if code == "silence":
            ids, window = selected(form, "alert", only or id), window_of(form, frame)
            return "silenced", await self.held.silence(ids, **window, reader=reader)
        return await self._change_window(code, id, form, frame, reader)

    async def _change_window(self, code: str, id: str, form: Form, frame: Frame, reader: Reader) -> tuple[str, Outcome]:
        plan = frame.setting.choice.state.plan if frame.setting.choice else ""
        unit, rule = form.text("unit", CODE_CHARACTERS_MAX), form.text("rule", CODE_CHARACTERS_MAX)
        match code:
            case "end-silences" | "end-outages":
                return "ended", await self.held.end(code[4:], id, reason=reason_of(form), reader=reader)
            case "declare-silence":
                if not unit and not rule:
                    raise Incomplete("target_needed")
                window = {"plan": plan, "unit": unit, "rule": rule, **window_of(form, frame)}
                return "silence", await self.held.declare("silences", window, reader)
            case "declare-outage":
                window = {"plan": plan, "unit": unit, **window_of(form, frame)}
                return "outage", await self.held.declare("outages", window, reader)
        raise Incomplete("no_action")
