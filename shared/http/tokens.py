"""Signed tokens (JWT, HS256) of people and services: issued and verified with one secret, see decision 0008."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from shared.clock import Clock
from shared.http.identity import Kind, Principal
from shared.http.roles import scopes_of

ALGORITHM = "HS256"
AUDIENCE = "tiendo"
ISSUER = "tiendo"
TOKEN_CHARACTERS_MAX = 4096
SECRET_CHARACTERS_MIN = 32

_KINDS: list[str] = list(get_args(Kind))


def issue_token(
    secret: str,
    *,
    subject: str,
    roles: Iterable[str] = (),
    unit: str | None = None,
    scopes: Iterable[str] = (),
    expires_at_ms: int,
    now_ms: int,
    kind: Kind = "person",
    plan: str | None = None,
) -> str:
    """A token that allows what the roles allow plus the named scopes, until `expires_at_ms` (epoch milliseconds)."""
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "iat": now_ms // 1000,
        "exp": expires_at_ms // 1000,
        "kind": kind,
        "roles": sorted(roles),
        "scopes": sorted(scopes),
    }
    if unit is not None:
        claims["unit"] = unit
    if plan is not None:
        claims["plan"] = plan
    return jwt.encode({"alg": ALGORITHM}, claims, _key(secret), algorithms=[ALGORITHM])


class TokenAuthenticator:
    """Accepts the tokens of `issue_token` made with the same secret. Anything else is None: not ours, or not valid."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self._key = _key(secret)
        self._clock = clock
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: clock.now_ms() // 1000,
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            sub={"essential": True},
            exp={"essential": True},
            kind={"essential": True, "values": _KINDS},
        )

    async def authenticate(self, bearer: str) -> Principal | None:
        """The principal of a valid token. The algorithm is fixed here, whatever the token's header says."""
        if len(bearer) > TOKEN_CHARACTERS_MAX or bearer.count(".") != 2:
            return None
        try:
            claims = jwt.decode(bearer, self._key, algorithms=[ALGORITHM]).claims
            self._claims.validate(claims)
        # Hostile input reaches base64, UTF-8 and JSON decoders, whose errors are ValueErrors.
        except (JoseError, ValueError, TypeError):
            return None
        return _principal(claims)


def _principal(claims: dict[str, Any]) -> Principal:
    roles = frozenset(str(role) for role in claims.get("roles", ()))
    return Principal(
        subject=str(claims["sub"]),
        kind=claims["kind"],
        roles=roles,
        unit=claims.get("unit"),
        scopes=scopes_of(roles) | frozenset(str(scope) for scope in claims.get("scopes", ())),
        plan=claims.get("plan"),
    )


def _key(secret: str) -> OctKey:
    if len(secret) < SECRET_CHARACTERS_MIN:
        raise ValueError(f"the token secret needs at least {SECRET_CHARACTERS_MIN} characters")
    return OctKey.import_key(secret)
