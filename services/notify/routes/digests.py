"""Digest runs, read; and what a run said, as it was pinned."""

from __future__ import annotations

from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Depends, Query
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from services.notify.handlers.ports import DigestPages
from services.notify.routes.shapes import DigestShown
from shared.http.answers import json_answer
from shared.http.identity import require
from shared.http.language import current_language
from shared.http.paging import LIMIT_DEFAULT, Cursor, Limit, Listing
from shared.http.problems import Problem

MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def digest_routes(pages: DigestPages) -> APIRouter:
    routes = APIRouter(tags=["digests"], dependencies=[Depends(require("notify:read"))])

    @routes.get("/v1/digests")
    async def list_digests(limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None) -> Listing[DigestShown]:
        """Runs by moment, the latest first."""
        found, following = await pages.page(limit=limit, cursor=cursor)
        return Listing(items=[DigestShown.of(run) for run in found], next_cursor=following)

    @routes.get("/v1/digests/{digest}")
    async def read_digest(
        digest: str, format: Annotated[Literal["json", "html", "text"], Query()] = "json"
    ) -> Response:
        """One run; with `format` html or text its letter in the language of the request."""
        run = await pages.get(digest) if digest.startswith("digest-") else None
        if run is None:
            raise Problem(404)
        if format == "json":
            return json_answer(DigestShown.of(run))
        letter = orjson.loads(run.letters_json)[current_language()]
        if format == "text":
            return PlainTextResponse(letter["text"])
        return HTMLResponse(letter["html"], headers={"content-security-policy": MAIL_POLICY})

    return routes
