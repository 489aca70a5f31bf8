"""Keys of unit systems: issue, list, revoke."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.intake.domain.keys import Key
from services.intake.domain.submission import Token
from services.intake.handlers.keys import UnitKeys
from services.intake.routes.access import check_reach, within_reach
from services.intake.routes.parameters import CodeFilter, IdInPath
from shared.clock import from_iso, iso
from shared.http.answers import body_of, json_answer, read_body
from shared.http.identity import Principal, require
from shared.http.language import Text
from shared.http.paging import LIMIT_DEFAULT, Cursor, Limit, Listing
from shared.http.problems import Problem

Keeper = Annotated[Principal, Depends(require("key:write"))]

_EXAMPLE = {"unit": "VCNTT", "label": "document management system", "expires_at": "2012-01-01T00:00:00+07:00"}


class KeyInput(BaseModel):
    """A key for one unit. Without `expires_at` (RFC 3339 with offset) it holds until it is revoked."""

    model_config = ConfigDict(extra="forbid", strict=True)

    unit: Token
    label: Annotated[str, Field(min_length=1, max_length=100)]
    expires_at: Annotated[str | None, Field(max_length=40)] = None


class KeyShown(BaseModel):
    """A key without its secret."""

    id: str
    unit: str
    label: str
    created_at: str
    created_by: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None = Field(description="Brought up to date at most once a minute.")


class KeyIssued(KeyShown):
    """A new key: `key` is shown this once and kept nowhere."""

    key: str


def key_routes(keys: UnitKeys) -> APIRouter:
    """`/v1/keys`."""
    routes = APIRouter(prefix="/v1/keys", tags=["keys"])

    @routes.post("", status_code=201, response_model=KeyIssued, openapi_extra=body_of(KeyInput, example=_EXAMPLE))
    async def issue(request: Request, principal: Keeper) -> Response:
        """A new key of a unit. Its secret (`tdo_...`) is in this answer only."""
        given = await read_body(request, KeyInput)
        check_reach(principal, unit=given.unit)
        expires_at_ms = _instant(given.expires_at) if given.expires_at else 0
        key, secret = await keys.issue(given.unit, label=given.label, expires_at_ms=expires_at_ms, by=principal.subject)
        return json_answer(KeyIssued(**_shown(key).model_dump(), key=secret), 201)

    @routes.get("", response_model=Listing[KeyShown])
    async def listed(
        principal: Keeper, unit: CodeFilter = None, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
    ) -> Response:
        """Keys, without their secrets."""
        unit, _ = within_reach(principal, unit=unit, plan=None)
        found, after = await keys.page(unit, limit=limit, cursor=cursor)
        return json_answer(Listing[KeyShown](items=[_shown(key) for key in found], next_cursor=after))

    @routes.delete("/{id}", status_code=204)
    async def revoke(id: IdInPath, principal: Keeper) -> Response:
        """Revoke the key at once. Again is harmless."""
        await keys.revoke(id, by=principal.subject)
        return Response(status_code=204)

    return routes


def _instant(text: str) -> int:
    try:
        return from_iso(text)
    except ValueError as error:
        detail = Text("Viết theo RFC 3339, ví dụ 2012-01-01T00:00:00+07:00.", str(error))
        raise Problem(422, detail=detail, pointer="/expires_at") from error


def _shown(key: Key) -> KeyShown:
    def when(at_ms: int) -> str | None:
        return iso(at_ms) if at_ms else None

    return KeyShown(
        id=key.id,
        unit=key.unit,
        label=key.label,
        created_at=iso(key.created_ms),
        created_by=key.created_by,
        expires_at=when(key.expires_at_ms),
        revoked_at=when(key.revoked_ms),
        last_used_at=when(key.last_used_ms),
    )
