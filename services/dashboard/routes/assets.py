"""Static files, addressed by the hash of their content: kept for a year, never asked for twice."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.dashboard.pages.render import Asset
from shared.http.problems import Problem

FOR_EVER = "public, max-age=31536000, immutable"


def asset_routes(assets: Mapping[str, Asset]) -> APIRouter:
    """The files' route: another hash is another file, which we do not have."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/static/{digest}/{name}")
    async def show(request: Request, digest: str, name: str) -> Response:
        asset = assets.get(name)
        if asset is None or asset.address != f"/static/{digest}/{name}":
            raise Problem(404)
        headers = {"cache-control": FOR_EVER, "vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(
                asset.compressed, media_type=asset.media_type, headers={**headers, "content-encoding": "gzip"}
            )
        return Response(asset.body, media_type=asset.media_type, headers=headers)

    return routes
