"""Who asks, and what they may: the principal of a request, and the dependency that demands a scope.

A bearer comes in `Authorization: Bearer ...`, or in the sign-in cookie where the application allows it. It is shown
to each authenticator in turn; the first that knows it answers. `tokens` has the one for signed tokens; a service adds
its own (intake: unit keys).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.responses import Response
from structlog.contextvars import bind_contextvars

from shared.http.language import Text
from shared.http.problems import Problem

Kind = Literal["unit_system", "person", "service"]

SESSION_COOKIE = "tiendo_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_bearer = HTTPBearer(auto_error=False, description="A signed token, or a unit's key (`tdo_...`) where it is accepted.")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `unit` limits a unit system (and people scoped by subtree); `plan` limits to one plan's code.

    `units` (with `unit`): everything that it reaches when that is more than `unit` itself; `forms`: the only forms.
    """

    subject: str
    kind: Kind
    roles: frozenset[str] = frozenset()
    unit: str | None = None
    scopes: frozenset[str] = frozenset()
    plan: str | None = None
    units: frozenset[str] | None = None
    forms: frozenset[str] | None = None

    def reaches(self, unit: str) -> bool:
        """Whether what concerns this unit is within reach."""
        return unit in self.units if self.units is not None else self.unit in (None, unit)

    def may(self, scope: str) -> bool:
        return scope in self.scopes


class Gate(Protocol):
    """Is told of every request whose principal is known, and may refuse it: limits of how often."""

    async def enter(self, request: Request, principal: Principal) -> None:
        """Return to let the request in; Problem (429) to refuse it."""
        ...


class Authenticator(Protocol):
    """Knows one kind of bearer."""

    async def authenticate(self, bearer: str) -> Principal | None:
        """The principal of a bearer that it knows and that is valid now; None otherwise.

        May raise Transient, and Problem (401, 403) to say why a bearer that it knows is not accepted.
        """
        ...


@dataclass(frozen=True, slots=True)
class Identity:
    """How an application finds out who asks."""

    authenticators: Sequence[Authenticator] = ()
    cookie_allowed: bool = False
    gate: Gate | None = None

    async def principal(self, request: Request) -> Principal | None:
        """The principal of the request; None without a bearer or with one that nobody knows. Asked once a request."""
        if not hasattr(request.state, "principal"):
            found = request.state.principal = await self._find(self.bearer(request))
            if found is not None:
                bind_contextvars(subject=found.subject)
                if self.gate is not None:
                    await self.gate.enter(request, found)
        known: Principal | None = request.state.principal
        return known

    def bearer(self, request: Request) -> str | None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and given.strip():
            return given.strip()
        if self.cookie_allowed and _from_our_pages(request):
            return request.cookies.get(SESSION_COOKIE)
        return None

    async def _find(self, bearer: str | None) -> Principal | None:
        if not bearer:
            return None
        for authenticator in self.authenticators:
            principal = await authenticator.authenticate(bearer)
            if principal is not None:
                return principal
        return None


async def who(
    request: Request, _shown_in_docs: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Principal | None:
    """Dependency: the principal, or None; for pages that also greet strangers."""
    identity: Identity = request.app.state.identity
    return await identity.principal(request)


def require(scope: str) -> Callable[..., Awaitable[Principal]]:
    """Dependency: the principal, who must hold the scope. 401 for a stranger, 403 names the scope that is missing."""

    async def required(principal: Annotated[Principal | None, Depends(who)]) -> Principal:
        return _holding(principal, scope)

    return required


async def authorized(request: Request, scope: str) -> Principal:
    """What `require` gives, asked by a route that takes no dependencies because it is called so often.

    Such a route documents `SECURITY` in its `openapi_extra`.
    """
    identity: Identity = request.app.state.identity
    return _holding(await identity.principal(request), scope)


SECURITY: dict[str, Any] = {"security": [{_bearer.scheme_name: []}]}


def _holding(principal: Principal | None, scope: str) -> Principal:
    if principal is None:
        raise unauthorized()
    if not principal.may(scope):
        raise _forbidden(scope)
    return principal


def unauthorized() -> Problem:
    """401: who asks is not known."""
    detail = Text("Gửi kèm Authorization: Bearer <token> còn hạn.", "Send Authorization: Bearer <token>, not expired.")
    return Problem(401, detail=detail, headers={"WWW-Authenticate": 'Bearer realm="tiendo"'})


def _forbidden(scope: str) -> Problem:
    detail = Text(f"Cần quyền {scope}.", f"This needs the scope {scope}.")
    challenge = f'Bearer realm="tiendo", error="insufficient_scope", scope="{scope}"'
    return Problem(403, detail=detail, members={"scope": scope}, headers={"WWW-Authenticate": challenge})


def sign_in(
    response: Response,
    token: str,
    *,
    max_age_seconds: int,
    secure: bool,
    same_site: Literal["strict", "lax"] = "strict",
) -> None:
    """Keep the token in the session cookie: not readable by scripts, not sent along by other sites.

    `lax` lets it come along when a person follows a link from elsewhere; writes still need our own pages.
    """
    response.set_cookie(
        SESSION_COOKIE, token, max_age=max_age_seconds, httponly=True, samesite=same_site, secure=secure, path="/"
    )


def sign_out(response: Response) -> None:
    """Forget the session cookie."""
    response.delete_cookie(SESSION_COOKIE, path="/")


def _from_our_pages(request: Request) -> bool:
    """Whether a cookie may speak for this request: a browser says for every write which site it comes from."""
    if request.method in SAFE_METHODS:
        return True
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host")
