"""`/digests`: the runs, and any digest for any moment in the browser; `/digests/{id}`: one run as it was sent.

What a digest says comes from notify and is shown in a frame without scripts, under a policy of its own: nothing in it
can run, fetch, or reach the page around it. Its links open in a tab of their own.
"""

from __future__ import annotations

from typing import Annotated, Literal, Protocol

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from services.dashboard.domain.asking import Reader
from services.dashboard.domain.days import moment
from services.dashboard.domain.facts import Listed
from services.dashboard.domain.told import Paper
from services.dashboard.handlers.digests import DigestFacts
from services.dashboard.pages import digests
from services.dashboard.pages.labels import AUDIENCES
from services.dashboard.routes.frame import (
    LANGUAGES,
    Cursor,
    Fragment,
    Frame,
    Framing,
    Id,
    PlanCode,
    Year,
    asker,
    check_plan,
    everywhere,
)
from services.dashboard.routes.papers import paper, paper_fault
from shared.events.notice import DigestState
from shared.http.identity import Principal

PAGE_SIZE = 30
Viewer = Annotated[Principal, Depends(everywhere("notify:read"))]
Format = Annotated[Literal["html", "text", "pdf"], Query()]
At = Annotated[str, Query(max_length=40, description="Local time in the plan's zone, such as 2011-12-15T08:00.")]


class Digests(Protocol):
    """The handler of digests."""

    async def page(self, plan: str, *, audience: str | None, limit: int, cursor: str | None) -> Listed[DigestState]: ...
    async def one(self, digest: str) -> DigestFacts | None: ...
    async def preview(
        self, plan: str, audience: str, *, at: str | None, language: str, format: str, reader: Reader
    ) -> Paper: ...
    async def content(self, digest: str, *, language: str, format: str, reader: Reader) -> Paper: ...


def digest_routes(framing: Framing, held: Digests) -> APIRouter:
    """The routes of digests."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/digests")
    async def show(
        request: Request,
        principal: Viewer,
        *,
        plan: PlanCode = None,
        year: Year = None,
        of: str = "",
        cursor: Cursor = None,
        fragment: Fragment = None,
    ) -> Response:
        frame = await framing.opened(request, principal, plan, year, fragment)
        if isinstance(frame, Response):
            return frame
        choice = frame.setting.choice
        if choice is None:
            return framing.answer("welcome.html", frame)
        audience = of if of in AUDIENCES else None
        listed = await held.page(choice.state.plan, audience=audience, limit=PAGE_SIZE, cursor=cursor)
        view = digests.compose(
            listed,
            _asked(request, frame),
            audience=audience,
            continued=cursor is not None,
            setting=frame.setting,
            words=frame.words,
            address=frame.address,
        )
        if fragment == "digests":
            return framing.fragment("digest_list", frame, view=view)
        return framing.answer("digests.html", frame, view=view)

    @routes.get("/digests/preview")
    async def preview(
        request: Request,
        principal: Viewer,
        *,
        audience: str = "",
        at: At = "",
        language: str = "",
        format: Format = "html",
        plan: PlanCode = None,
        year: Year = None,
    ) -> Response:
        frame = await framing.frame(request, principal, plan, year)
        choice = frame.setting.choice
        if choice is None or audience not in AUDIENCES:
            return paper_fault(framing, frame, frame.words.say("There is no such digest."), 404)
        moment_at = moment(at, frame.zone) if at else None
        if at and moment_at is None:
            return paper_fault(framing, frame, frame.words.say("This is not a moment: give day and time."), 422)
        asked = held.preview(
            choice.state.plan,
            audience,
            at=moment_at,
            language=_language(language, frame),
            format=format,
            reader=asker(request, principal),
        )
        return await paper(framing, frame, asked)

    @routes.get("/digests/{digest}")
    async def show_one(
        request: Request,
        principal: Viewer,
        digest: Id,
        *,
        plan: PlanCode = None,
        year: Year = None,
        language: str = "",
        fragment: Fragment = None,
    ) -> Response:
        frame = await framing.opened(request, principal, plan, year, fragment)
        if isinstance(frame, Response):
            return frame
        facts = await held.one(digest)
        if facts is None:
            return framing.answer("missing.html", frame, status=404, code=digest, what="digest")
        check_plan(principal, facts.state.plan, "notify:read")
        view = digests.one(
            facts,
            language=_language(language, frame),
            setting=frame.setting,
            words=frame.words,
            address=frame.address,
        )
        return framing.answer("digest.html", frame, view=view)

    @routes.get("/digests/{digest}/content")
    async def content(
        request: Request,
        principal: Viewer,
        digest: Id,
        language: str = "",
        format: Format = "html",
    ) -> Response:
        frame = await framing.frame(request, principal, None, None)
        spoken, reader = _language(language, frame), asker(request, principal)
        return await paper(framing, frame, held.content(digest, language=spoken, format=format, reader=reader))

    return routes


def _asked(request: Request, frame: Frame) -> digests.Asked:
    """The preview that the address asks for; what is not known falls back to the first choice."""
    query = request.query_params
    audience = query.get("audience", "")
    return digests.Asked(
        audience=audience if audience in AUDIENCES else next(iter(AUDIENCES)),
        at=query.get("at", "")[:40],
        language=_language(query.get("language", ""), frame),
        is_asked=audience in AUDIENCES,
    )


def _language(asked: str, frame: Frame) -> str:
    return asked if asked in LANGUAGES else frame.words.language
