"""Sign in by link, sign out, and the page that says how to get in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.dashboard.pages.render import Renderer
from services.dashboard.routes.frame import SignInNeeded, language_of, preference, theme_of
from shared.http.identity import Authenticator, sign_in, sign_out

TOKEN_CHARACTERS_MAX = 4096
ADDRESS_CHARACTERS_MAX = 1000

Token = Annotated[str | None, Query(max_length=TOKEN_CHARACTERS_MAX)]


def session_routes(
    renderer: Renderer, authenticator: Authenticator, *, session_seconds_max: int, secure: bool
) -> APIRouter:
    """The session's routes. The cookie is the signed token itself: nothing is kept on the server."""
    routes = APIRouter(include_in_schema=False)

    async def enter(request: Request, token: str, onward: str = "/") -> Response:
        if await authenticator.authenticate(token) is None:
            return sign_in_page(renderer, request, refused=True, onward=onward)
        answer = RedirectResponse(onward, status_code=303)
        # Lax and not strict: people arrive by links in messages and expect to be signed in.
        sign_in(answer, token, max_age_seconds=session_seconds_max, secure=secure, same_site="lax")
        return answer

    @routes.get("/sign-in")
    async def by_link(request: Request, token: Token = None) -> Response:
        if token is None:
            return preference(request) or sign_in_page(renderer, request)
        return await enter(request, token)

    @routes.post("/sign-in")
    async def by_form(request: Request) -> Response:
        form = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=5)
        token = form.get("token", [""])[0].strip()[:TOKEN_CHARACTERS_MAX]
        return await enter(request, token, our_own(form.get("onward", ["/"])[0]))

    @routes.post("/sign-out")
    async def leave(request: Request) -> Response:
        answer = RedirectResponse("/sign-in", status_code=303)
        sign_out(answer)
        return answer

    return routes


def our_own(address: str) -> str:
    """The address if it is a page of ours, which begins with one slash; else the front page."""
    is_ours = address[:1] == "/" and address[1:2] not in ("/", "\\") and address.isascii() and address.isprintable()
    return address if is_ours and len(address) <= ADDRESS_CHARACTERS_MAX else "/"


def sign_in_page(
    renderer: Renderer, request: Request, *, refused: bool = False, scope: str | None = None, onward: str = ""
) -> Response:
    """How to get in: 401, or 403 for who is in but may not see this. `onward`: the page that was asked for."""
    if not onward and request.method == "GET" and request.url.path != "/sign-in":
        onward = our_own(f"{request.url.path}?{request.url.query}".removesuffix("?"))
    language = language_of(request)
    body = renderer.page(
        "sign_in.html",
        language,
        language=language,
        theme=theme_of(request),
        refused=refused,
        scope=scope,
        onward=onward,
    )
    headers = {"content-language": language, "www-authenticate": 'Bearer realm="tiendo"'}
    return HTMLResponse(body, status_code=403 if scope else 401, headers=headers)


def on_sign_in_needed(renderer: Renderer) -> Callable[[Request, Exception], Awaitable[Response]]:
    """The answer to `SignInNeeded`, for the application's exception handlers."""

    async def answer(request: Request, error: Exception) -> Response:
        scope = error.scope if isinstance(error, SignInNeeded) else None
        if scope is None and (redirect := preference(request)) is not None:
            return redirect
        return sign_in_page(renderer, request, scope=scope)

    return answer
