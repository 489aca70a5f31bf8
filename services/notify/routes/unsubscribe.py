"""Pages for recipients, reached by signed links in messages: no sign-in, no scripts, no redirects.

One-click unsubscribe is RFC 8058: a POST to the address in `List-Unsubscribe` switches the kind off; a GET only asks,
because mail programs and scanners open links by themselves.
"""

from __future__ import annotations

from typing import Annotated, Protocol
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from services.notify.domain.links import TOKEN_CHARACTERS_MAX, Claim
from services.notify.domain.preferences import KINDS, Preferences
from services.notify.handlers.preferences import Choice, PreferenceDesk, PreferencesNotValid
from shared.clock import Clock
from shared.http.language import current_language

FORM_BYTES_MAX = 4096
FIELDS_MAX = 40
GONE = 410
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
}

Token = Annotated[str, Query(max_length=TOKEN_CHARACTERS_MAX, description="From the link in a message.")]
PageLanguage = Annotated[str, Query(pattern="^(|vi|en)$", description="Language of the page.")]


class PageWriter(Protocol):
    """Writes the pages; words only."""

    def preferences(
        self, chosen: Preferences, *, token: str, language: str, saved: bool = False, faults: tuple[str, ...] = ()
    ) -> str: ...
    def unsubscribe(
        self, recipient: str, kind: str, *, token: str, preferences_token: str, language: str, done: bool
    ) -> str: ...
    def expired(self, language: str) -> str: ...


def unsubscribe_routes(desk: PreferenceDesk, pages: PageWriter, clock: Clock) -> APIRouter:
    routes = APIRouter(tags=["recipients"], default_response_class=HTMLResponse)

    def expired(language: str) -> HTMLResponse:
        return _page(pages.expired(language or current_language()), status=GONE)

    async def asked(token: str, language: str, claim: Claim, *, done: bool) -> HTMLResponse:
        chosen = await desk.of(claim.recipient)
        spoken = language or chosen.language or current_language()
        more = desk.preferences_token(claim)
        return _page(
            pages.unsubscribe(
                claim.recipient, claim.kind, token=token, preferences_token=more, language=spoken, done=done
            )
        )

    @routes.get("/v1/unsubscribe")
    async def ask(token: Token, language: PageLanguage = "") -> HTMLResponse:
        """Asks whether this kind is to be switched off. Changes nothing."""
        claim = desk.claim(token, "unsubscribe", clock.now_ms())
        return expired(language) if claim is None else await asked(token, language, claim, done=False)

    @routes.post("/v1/unsubscribe")
    async def unsubscribe(token: Token, language: PageLanguage = "") -> HTMLResponse:
        """Switches the kind off (RFC 8058: the token is the authority, whatever the body says)."""
        now_ms = clock.now_ms()
        claim = desk.claim(token, "unsubscribe", now_ms)
        if claim is None:
            return expired(language)
        await desk.unsubscribe(claim, now_ms=now_ms)
        return await asked(token, language, claim, done=True)

    @routes.get("/v1/preferences/mine")
    async def show(token: Token, language: PageLanguage = "") -> HTMLResponse:
        """What the recipient of the link receives."""
        claim = desk.claim(token, "preferences", clock.now_ms())
        if claim is None:
            return expired(language)
        chosen = await desk.of(claim.recipient)
        spoken = language or chosen.language or current_language()
        return _page(pages.preferences(chosen, token=token, language=spoken))

    @routes.post("/v1/preferences/mine")
    async def save(request: Request, token: Token, language: PageLanguage = "") -> HTMLResponse:
        """Keeps what the recipient chose. 422 with the page again where it cannot be kept."""
        now_ms = clock.now_ms()
        claim = desk.claim(token, "preferences", now_ms)
        if claim is None:
            return expired(language)
        faults: tuple[str, ...] = ()
        try:
            chosen = await desk.choose(claim, await _choice(request), now_ms=now_ms)
        except PreferencesNotValid as err:
            chosen, faults = await desk.of(claim.recipient), err.reasons
        # Whoever has just chosen a language reads on in it, whatever the link spoke.
        spoken = (chosen.language if not faults else "") or language or chosen.language or current_language()
        page = pages.preferences(chosen, token=token, language=spoken, saved=not faults, faults=faults)
        return _page(page, status=422 if faults else 200)

    return routes


async def _choice(request: Request) -> Choice:
    """The form. A kind that is not ticked is off; PreferencesNotValid for what is no form."""
    body = await request.body()
    try:
        if len(body) > FORM_BYTES_MAX:
            raise ValueError("too large")
        form = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError as err:
        raise PreferencesNotValid(["form_not_valid"]) from err
    ticked = form.get("on", [])
    return Choice(
        off=tuple(kind for kind in KINDS if kind not in ticked),
        language=form.get("language", [""])[0],
        order=tuple(dict.fromkeys(form.get("order", []))),
        quiet_begin=form.get("quiet_begin", [""])[0],
        quiet_end=form.get("quiet_end", [""])[0],
    )


def _page(html: str, *, status: int = 200) -> HTMLResponse:
    return HTMLResponse(html, status_code=status, headers=HEADERS)
