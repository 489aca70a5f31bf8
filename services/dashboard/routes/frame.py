"""What all pages' routes share: who reads, in which language and theme, about which plan and year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Protocol
from urllib.parse import urlencode

from fastapi import Depends, Path, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.dashboard.domain.asking import Reader
from services.dashboard.domain.facts import Setting
from services.dashboard.pages import chrome, told
from services.dashboard.pages.address import Address
from services.dashboard.pages.render import Renderer
from services.dashboard.pages.words import Words, words_for
from shared.http.identity import Identity, Principal, who

LANGUAGE_COOKIE = "tiendo_language"
THEME_COOKIE = "tiendo_theme"
LANGUAGES = ("vi", "en")
THEMES = ("light", "dark", "system")
PREFERENCE_SECONDS = 365 * 86_400
ZONE_BEFORE_FIRST_PLAN = "Asia/Ho_Chi_Minh"
CODE_CHARACTERS_MAX = 80
PASSING = frozenset({"fragment", "done", "n"})
"""Parts of an address that belong to one answer and are not carried to the next."""

PlanCode = Annotated[str | None, Query(max_length=CODE_CHARACTERS_MAX, description="Code of the plan.")]
Year = Annotated[str | None, Query(max_length=10, description="Year of the plan.")]
Peer = Annotated[str | None, Query(max_length=CODE_CHARACTERS_MAX, description="Code of a peer group.")]
Fragment = Annotated[str | None, Query(max_length=40, description="Answer with this region of the page alone.")]
Cursor = Annotated[str | None, Query(max_length=1000, description="Continue a list.")]


Id = Annotated[str, Path(max_length=200, pattern=r"^[\w.:@-]+$", description="Id of what the page is about.")]


class SignInNeeded(Exception):
    """Nobody is signed in, or who is may not see this page (`scope` names what is missing)."""

    def __init__(self, scope: str | None = None) -> None:
        super().__init__(scope)
        self.scope = scope


def reader(scope: str) -> Any:
    """Dependency: who reads, with this scope. People only: unit systems have no business here."""

    async def required(principal: Annotated[Principal | None, Depends(who)]) -> Principal:
        return _reading(principal, scope)

    return required


def everywhere(scope: str) -> Any:
    """Dependency: who reads, with this scope and not limited to one unit: for pages about all units."""

    async def required(principal: Annotated[Principal | None, Depends(who)]) -> Principal:
        found = _reading(principal, scope)
        if found.unit is not None:
            raise SignInNeeded(scope)
        return found

    return required


def check_plan(principal: Principal, plan: str, scope: str) -> None:
    """SignInNeeded for who is bound to another plan than that of the thing on the page."""
    if principal.plan not in (None, plan):
        raise SignInNeeded(scope)


def _reading(principal: Principal | None, scope: str) -> Principal:
    if principal is None:
        raise SignInNeeded
    if not principal.may(scope) or principal.kind == "unit_system":
        raise SignInNeeded(scope)
    return principal


class SettingFinder(Protocol):
    """The handler that knows plan, year, units, time and freshness."""

    async def find(self, plan: str | None, year: int | None) -> Setting: ...


@dataclass(frozen=True, slots=True)
class Frame:
    """Everything around one page."""

    setting: Setting
    words: Words
    address: Address
    chrome: chrome.Chrome
    message: told.Message | None = None

    @property
    def zone(self) -> str:
        """The plan's time zone."""
        return self.setting.choice.plan.time_zone if self.setting.choice else ZONE_BEFORE_FIRST_PLAN


@dataclass(frozen=True, slots=True)
class Framing:
    """Makes frames and renders pages in them."""

    settings: SettingFinder
    renderer: Renderer

    async def frame(self, request: Request, principal: Principal, plan: str | None, year: str | None) -> Frame:
        """The frame of the requested page. A principal limited to a plan sees that plan, whatever is asked."""
        asked_year = int(year) if year is not None and year.isascii() and year.isdigit() else None
        setting = await self.settings.find(principal.plan or plan, asked_year)
        if principal.plan is not None and setting.choice and setting.choice.state.plan != principal.plan:
            raise SignInNeeded("plan:read")
        zone = setting.choice.plan.time_zone if setting.choice else ZONE_BEFORE_FIRST_PLAN
        words = words_for(language_of(request), zone)
        query = request.query_params
        address = Address(request.url.path, {k: v for k, v in query.items() if k not in PASSING})
        around = chrome.compose(
            setting,
            theme=theme_of(request),
            subject=principal.subject,
            sees_all=principal.unit is None,
            words=words,
            address=address,
        )
        return Frame(setting, words, address, around, told.done(query.get("done"), query.get("n"), words))

    async def opened(
        self, request: Request, principal: Principal, plan: str | None, year: str | None, fragment: str | None
    ) -> Frame | Response:
        """The frame of a page that is read; or the answer at once: a preference is kept, freshness alone is asked."""
        if (redirect := preference(request)) is not None:
            return redirect
        frame = await self.frame(request, principal, plan, year)
        return self.fragment(fragment, frame) if fragment == "freshness" else frame

    def answer(self, template: str, frame: Frame, *, status: int = 200, **values: Any) -> Response:
        """The rendered page."""
        return self._html(template, frame, values, status)

    def fragment(self, name: str, frame: Frame, **values: Any) -> Response:
        """One region of a page, as the live channel asks for it."""
        return self._html(f"parts/{name}.html", frame, values, 200)

    def _html(self, template: str, frame: Frame, values: Mapping[str, Any], status: int) -> Response:
        language = frame.words.language
        said = {"message": frame.message, **values}
        body = self.renderer.page(template, language, chrome=frame.chrome, words=frame.words, **said)
        return HTMLResponse(body, status_code=status, headers={"content-language": language})


def asker(request: Request, principal: Principal) -> Reader:
    """Who asks notify: the reader, with the very token that they came with."""
    identity: Identity = request.app.state.identity
    return Reader(identity.bearer(request) or "", language_of(request), principal.subject)


def language_of(request: Request) -> str:
    """The language that the reader chose; Vietnamese without a choice."""
    kept = request.cookies.get(LANGUAGE_COOKIE, "")
    return kept if kept in LANGUAGES else LANGUAGES[0]


def theme_of(request: Request) -> str:
    """The theme that the reader chose; empty follows the system."""
    kept = request.cookies.get(THEME_COOKIE, "")
    return kept if kept in ("light", "dark") else ""


def preference(request: Request) -> Response | None:
    """`?lang=` and `?theme=` are kept in cookies, and the page is shown again at its plain address."""
    asked = dict(request.query_params)
    language, theme = asked.pop("lang", None), asked.pop("theme", None)
    if language is None and theme is None:
        return None
    query = urlencode(asked)
    answer = RedirectResponse(f"{request.url.path}?{query}" if query else request.url.path, status_code=303)
    for cookie, value, known in ((LANGUAGE_COOKIE, language, LANGUAGES), (THEME_COOKIE, theme, THEMES)):
        if value is not None and value in known:
            answer.set_cookie(cookie, value, max_age=PREFERENCE_SECONDS, httponly=True, samesite="lax")
    return answer
