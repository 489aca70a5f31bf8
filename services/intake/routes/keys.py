"""Keys of unit systems: issue, list, rotate, revoke."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.intake.domain.keys import GRANTABLE, SCOPES, Key, is_network
from services.intake.domain.submission import Token
from services.intake.handlers.keys import UnitKeys, Wish
from shared.clock import from_iso, iso
from shared.http.answers import body_of, json_answer, read_body
from shared.http.api_docs import problems
from shared.http.identity import Principal, require
from shared.http.known_parameters import KnownParameters
from shared.http.language import Text
from shared.http.paging import LIMIT_DEFAULT, Cursor, Limit, Listing
from shared.http.parameters import CodeFilter, IdInPath
from shared.http.problems import Problem
from shared.http.reach import check_reach, within_reach

Keeper = Annotated[Principal, Depends(require("key:write"))]
Instant = Annotated[str | None, Field(max_length=40, description="RFC 3339 with offset.")]

FORMS_MAX = 50
NETWORKS_MAX = 20
OVERLAP_SECONDS_MAX = 30 * 86_400

_EXAMPLE = {
    "unit": "VCNTT",
    "label": "document management system",
    "subtree": False,
    "scopes": ["report:write", "report:read", "obligation:read"],
    "forms": ["QUARTERLY"],
    "networks": ["203.0.113.0/24"],
    "expires_at": "2012-01-01T00:00:00+07:00",
}


class KeyInput(BaseModel):
    """A key for one unit, or for it and all units below. What is left out is not limited."""

    model_config = ConfigDict(extra="forbid", strict=True)

    unit: Token
    label: Annotated[str, Field(min_length=1, max_length=100)]
    subtree: bool = Field(default=False, description="Also for every unit below.")
    scopes: Annotated[list[str] | None, Field(min_length=1, max_length=len(GRANTABLE))] = Field(
        default=None, description=f"Of {', '.join(sorted(GRANTABLE))}; without it {', '.join(sorted(SCOPES))}."
    )
    forms: Annotated[list[Token], Field(max_length=FORMS_MAX)] = Field(
        default_factory=list, description="The only forms that may be reported; all when empty."
    )
    networks: Annotated[list[Annotated[str, Field(max_length=50)]], Field(max_length=NETWORKS_MAX)] = Field(
        default_factory=list, description="The only addresses (CIDR) that it is accepted from; all when empty."
    )
    expires_at: Instant = None


class RotationInput(BaseModel):
    """How long the old key stays valid beside the new one."""

    model_config = ConfigDict(extra="forbid", strict=True)

    overlap_seconds: Annotated[int, Field(ge=0, le=OVERLAP_SECONDS_MAX)] = 86_400
    expires_at: Instant = None


class KeyShown(BaseModel):
    """A key without its secret."""

    id: str
    unit: str
    label: str
    subtree: bool
    scopes: list[str]
    forms: list[str]
    networks: list[str]
    created_at: str
    created_by: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None = Field(description="Brought up to date at most once a minute.")
    last_used_from: str | None = Field(description="The address of that use.")
    replaces: str | None = Field(description="The key that this one was made from by a rotation.")
    replaced_by: str | None


class KeyIssued(KeyShown):
    """A new key: `key` is shown this once and kept nowhere."""

    key: str


def key_routes(keys: UnitKeys) -> APIRouter:
    """`/v1/keys`."""
    routes = APIRouter(prefix="/v1/keys", tags=["keys"], route_class=KnownParameters)

    @routes.post(
        "",
        status_code=201,
        response_model=KeyIssued,
        responses=problems(404),
        openapi_extra=body_of(KeyInput, example=_EXAMPLE),
    )
    async def issue(request: Request, principal: Keeper) -> Response:
        """A new key of a unit. Its secret (`tdo_...`) is in this answer only; you can grant only what you may do."""
        given = await read_body(request, KeyInput)
        check_reach(principal, unit=given.unit)
        key, secret = await keys.issue(_wish(given, principal), by=principal.subject)
        return json_answer(KeyIssued(**_shown(key).model_dump(), key=secret), 201)

    @routes.get("", response_model=Listing[KeyShown])
    async def listed(
        principal: Keeper, unit: CodeFilter = None, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
    ) -> Response:
        """Keys, without their secrets."""
        unit, _ = within_reach(principal, unit=unit, plan=None)
        found, after = await keys.page(unit, limit=limit, cursor=cursor)
        return json_answer(Listing[KeyShown](items=[_shown(key) for key in found], next_cursor=after))

    @routes.post(
        "/{id}/rotate",
        status_code=201,
        response_model=KeyIssued,
        responses=problems(409),
        openapi_extra=body_of(RotationInput, example={"overlap_seconds": 86_400}),
    )
    async def rotate(request: Request, id: IdInPath, principal: Keeper) -> Response:
        """A new key like this one; the old one ends after the overlap. The new secret is in this answer only."""
        given = await read_body(request, RotationInput)
        check_reach(principal, unit=(await keys.get(id)).unit)
        expires_at_ms = _instant(given.expires_at) if given.expires_at else 0
        key, secret = await keys.rotate(
            id, overlap_seconds=given.overlap_seconds, expires_at_ms=expires_at_ms, by=principal.subject
        )
        return json_answer(KeyIssued(**_shown(key).model_dump(), key=secret), 201)

    @routes.delete("/{id}", status_code=204)
    async def revoke(id: IdInPath, principal: Keeper) -> Response:
        """Revoke the key at once. Again is harmless."""
        check_reach(principal, unit=(await keys.get(id)).unit)
        await keys.revoke(id, by=principal.subject)
        return Response(status_code=204)

    return routes


def _wish(given: KeyInput, principal: Principal) -> Wish:
    scopes = frozenset(given.scopes) if given.scopes is not None else SCOPES
    for place, scope in enumerate(given.scopes or ()):
        if scope not in GRANTABLE:
            held = ", ".join(sorted(GRANTABLE))
            detail = Text(f"Khóa chỉ có thể có các quyền: {held}.", f"A key can have: {held}.")
            raise Problem(422, detail=detail, pointer=f"/scopes/{place}")
    for place, network in enumerate(given.networks):
        if not is_network(network):
            detail = Text("Ghi mạng dạng 203.0.113.0/24.", "Write a network such as 203.0.113.0/24.")
            raise Problem(422, detail=detail, pointer=f"/networks/{place}")
    if missing := sorted(scopes - principal.scopes):
        text = ", ".join(missing)
        detail = Text(f"Không thể trao quyền mà mình không có: {text}.", f"You cannot grant what you lack: {text}.")
        raise Problem(403, detail=detail, pointer="/scopes")
    return Wish(
        unit=given.unit,
        label=given.label,
        expires_at_ms=_instant(given.expires_at) if given.expires_at else 0,
        subtree=given.subtree,
        scopes=tuple(sorted(scopes)),
        forms=tuple(dict.fromkeys(given.forms)),
        networks=tuple(dict.fromkeys(given.networks)),
    )


def _instant(text: str) -> int:
    try:
        return from_iso(text)
    except ValueError as error:
        detail = Text(
            "Thời điểm ghi theo RFC 3339 kèm múi giờ, ví dụ 2012-01-01T00:00:00+07:00.",
            "Write an instant as RFC 3339 with an offset, such as 2012-01-01T00:00:00+07:00.",
        )
        raise Problem(422, detail=detail, pointer="/expires_at") from error


def _shown(key: Key) -> KeyShown:
    def when(at_ms: int) -> str | None:
        return iso(at_ms) if at_ms else None

    return KeyShown(
        id=key.id,
        unit=key.unit,
        label=key.label,
        subtree=key.subtree,
        scopes=list(key.scopes),
        forms=list(key.forms),
        networks=list(key.networks),
        created_at=iso(key.created_ms),
        created_by=key.created_by,
        expires_at=when(key.expires_at_ms),
        revoked_at=when(key.revoked_ms),
        last_used_at=when(key.last_used_ms),
        last_used_from=key.last_used_from or None,
        replaces=key.replaces or None,
        replaced_by=key.replaced_by or None,
    )
