from __future__ import annotations

import base64
import json

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from starlette.responses import Response

from shared.clock import FixedClock
from shared.http.identity import SESSION_COOKIE, Identity, Principal, sign_in, sign_out
from shared.http.roles import ALL_SCOPES, ROLE_SCOPES, scopes_of
from shared.http.tokens import TokenAuthenticator, issue_token
from tests.shared.http.apps import ORIGIN, app_for_tests, asking

pytestmark = pytest.mark.anyio

SECRET = "a secret of the tests, long enough to sign with"
NOW_MS = 1_300_000_000_000
HOUR_MS = 3_600_000


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW_MS)


def token(*, secret: str = SECRET, roles: tuple[str, ...] = ("administrator",), scopes: tuple[str, ...] = ()) -> str:
    return issue_token(
        secret,
        subject="lan@mic",
        roles=roles,
        unit="VCNTT",
        scopes=scopes,
        expires_at_ms=NOW_MS + HOUR_MS,
        now_ms=NOW_MS,
    )


def forged(algorithm: str = "HS256", secret: str = SECRET, **claims: object) -> str:
    held = {"iss": "tiendo", "aud": "tiendo", "sub": "x", "kind": "person", "exp": NOW_MS // 1000 + 60, **claims}
    return jwt.encode(
        {"alg": algorithm},
        {k: v for k, v in held.items() if v is not None},
        OctKey.import_key(secret),
        algorithms=[algorithm],
    )


def unsigned() -> str:
    def part(held: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(held).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part({'sub': 'x', 'aud': 'tiendo', 'exp': 2**40})}."


async def test_a_token_gives_back_its_principal(clock: FixedClock) -> None:
    found = await TokenAuthenticator(SECRET, clock).authenticate(token(roles=("auditor",), scopes=("key:write",)))
    assert found == Principal(
        subject="lan@mic",
        kind="person",
        roles=frozenset({"auditor"}),
        unit="VCNTT",
        scopes=ROLE_SCOPES["auditor"] | {"key:write"},
    )


async def test_a_forged_token_with_the_right_claims_and_secret_is_what_the_refusals_vary(clock: FixedClock) -> None:
    assert await TokenAuthenticator(SECRET, clock).authenticate(forged()) is not None


@pytest.mark.parametrize(
    "bearer",
    [
        forged(aud="elsewhere"),
        forged(aud=None),
        forged(iss="elsewhere"),
        forged(exp=NOW_MS // 1000 - 1),
        forged(exp=None),
        forged(sub=None),
        forged(kind="robot"),
        forged("HS384"),
        forged("HS512"),
        forged(secret="another secret of the same good length"),
        forged() + "x",
        unsigned(),
        "",
        "tdo_0123456789",
        "a.b.c",
        "é.è.ê",
        "a" * 5000,
    ],
)
async def test_what_is_not_a_valid_token_of_ours_is_nobody(clock: FixedClock, bearer: str) -> None:
    assert await TokenAuthenticator(SECRET, clock).authenticate(bearer) is None


async def test_a_token_ends_when_its_time_is_over(clock: FixedClock) -> None:
    authenticator = TokenAuthenticator(SECRET, clock)
    held = token()
    clock.advance(HOUR_MS - 1000)
    assert await authenticator.authenticate(held) is not None
    clock.advance(2000)
    assert await authenticator.authenticate(held) is None


def test_a_short_secret_is_refused(clock: FixedClock) -> None:
    with pytest.raises(ValueError, match="at least 32"):
        TokenAuthenticator("short", clock)


def test_the_table_of_roles_names_known_scopes_only_and_unknown_roles_allow_nothing() -> None:
    for scopes in ROLE_SCOPES.values():
        assert scopes <= ALL_SCOPES
    assert scopes_of(frozenset({"emperor"})) == frozenset()
    assert "plan:write" not in ROLE_SCOPES["auditor"]
    assert scopes_of(frozenset({"inspector", "appraiser"})) >= {"inspection:write", "evaluation:appraise"}


class UnitKeys:
    """A second authenticator, as intake has one."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def authenticate(self, bearer: str) -> Principal | None:
        self.asked.append(bearer)
        if bearer != "tdo_good":
            return None
        return Principal("key-1", "unit_system", unit="VCNTT", scopes=frozenset({"plan:write"}))


def identity(clock: FixedClock, keys: UnitKeys | None = None, *, cookie_allowed: bool = False) -> Identity:
    return Identity([TokenAuthenticator(SECRET, clock), keys or UnitKeys()], cookie_allowed=cookie_allowed)


async def test_a_stranger_gets_401_with_a_challenge(clock: FixedClock) -> None:
    async with asking(app_for_tests(identity=identity(clock))) as client:
        for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic YTpi"}):
            answer = await client.put("/v1/plans", headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == 'Bearer realm="tiendo"'
            assert answer.json()["type"] == "/problems/unauthorized"


async def test_a_missing_scope_is_named(clock: FixedClock) -> None:
    async with asking(app_for_tests(identity=identity(clock))) as client:
        answer = await client.put("/v1/plans", headers={"Authorization": f"Bearer {token(roles=('leader',))}"})
    assert answer.status_code == 403
    assert answer.json()["scope"] == "plan:write"
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


async def test_authenticators_are_asked_in_turn(clock: FixedClock) -> None:
    keys = UnitKeys()
    async with asking(app_for_tests(identity=identity(clock, keys))) as client:
        person = await client.put("/v1/plans", headers={"Authorization": f"Bearer {token()}"})
        machine = await client.put("/v1/plans", headers={"Authorization": "bearer tdo_good"})
    assert person.json() == {"subject": "lan@mic", "unit": "VCNTT"}
    assert machine.json() == {"subject": "key-1", "unit": "VCNTT"}
    assert keys.asked == ["tdo_good"]


async def test_the_cookie_counts_only_where_the_application_allows_it(clock: FixedClock) -> None:
    cookie = {"Cookie": f"{SESSION_COOKIE}={token()}"}
    async with asking(app_for_tests(identity=identity(clock))) as client:
        assert (await client.get("/v1/me", headers=cookie)).json() == {"subject": None}
    async with asking(app_for_tests(identity=identity(clock, cookie_allowed=True))) as client:
        assert (await client.get("/v1/me", headers=cookie)).json() == {"subject": "lan@mic"}


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": ORIGIN}, 200),
        ({}, 401),
        ({"Origin": "http://evil.test"}, 401),
        ({"Sec-Fetch-Site": "cross-site"}, 401),
        ({"Sec-Fetch-Site": "same-site", "Origin": ORIGIN}, 401),
    ],
)
async def test_a_write_by_cookie_must_come_from_our_own_pages(
    clock: FixedClock, sent: dict[str, str], status: int
) -> None:
    async with asking(app_for_tests(identity=identity(clock, cookie_allowed=True))) as client:
        answer = await client.put("/v1/plans", headers={"Cookie": f"{SESSION_COOKIE}={token()}", **sent})
    assert answer.status_code == status


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites() -> None:
    response = Response()
    sign_in(response, "held", max_age_seconds=60, secure=True)
    sign_out(response)
    kept, forgotten = (value.decode() for name, value in response.raw_headers if name == b"set-cookie")
    for part in (f"{SESSION_COOKIE}=held", "HttpOnly", "SameSite=strict", "Secure", "Max-Age=60"):
        assert part in kept
    assert "Max-Age=0" in forgotten
