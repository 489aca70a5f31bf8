"""Editions: what was sealed and published, what a correction changed, and the proof of it."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from services.scoring.handlers.ask_editions import AskEditions
from services.scoring.handlers.verify_editions import VerifyEditions
from shared.http.answers import JSON, json_answer, json_bytes
from shared.http.identity import Principal, require
from shared.http.paging import LIMIT_DEFAULT, Cursor, Limit
from shared.http.parameters import CODE, CodeInPath
from shared.http.reach import check_reach, within_reach

Reader = Annotated[Principal, Depends(require("evaluation:read"))]
Year = Annotated[int, Path(ge=1900, le=2200, description="Evaluation year.")]
Number = Annotated[int, Path(ge=1, le=9999, description="Edition of that year: 1, then one for each correction.")]
UnitInPath = Annotated[str, Path(max_length=100, description="Code of the unit.")]
Kind = Annotated[str, Path(pattern=r"^[a-z]{1,20}$", description="Such as `results`, `inputs`, `plan`, `reference`.")]
PlanFilter = Annotated[str | None, Query(pattern=CODE, description="Only of this plan.")]

ONE = "/{plan}/{year}/{number}"


def edition_routes(ask: AskEditions, verify: VerifyEditions) -> APIRouter:
    """`/v1/editions`: everything sealed may be read with `evaluation:read`."""
    routes = APIRouter(prefix="/v1/editions", tags=["editions"])
    _add_lists(routes, ask)
    _add_proofs(routes, ask, verify)
    return routes


def _add_lists(routes: APIRouter, ask: AskEditions) -> None:
    @routes.get("", summary="Sealed and published editions.")
    async def editions(
        request: Request, reader: Reader, plan: PlanFilter = None, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
    ) -> Response:
        """Without their results; `cursor` continues the list."""
        _, only = within_reach(reader, unit=None, plan=plan)
        return await _tagged(request, lambda: ask.page(plan=only, limit=limit, cursor=cursor))

    @routes.get(ONE, summary="One edition with its units by peer group, rank, code.")
    async def edition(
        *,
        request: Request,
        reader: Reader,
        plan: CodeInPath,
        year: Year,
        number: Number,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Response:
        """What was sealed, by whom, after which edition; it never changes again, except that it is published once."""
        check_reach(reader, plan=plan)
        return await _tagged(request, lambda: ask.whole(plan, year, number, limit=limit, cursor=cursor))

    @routes.get(f"{ONE}/units/{{unit}}", summary="One unit as it was sealed.")
    async def unit(
        *, request: Request, reader: Reader, plan: CodeInPath, year: Year, number: Number, unit: UnitInPath
    ) -> Response:
        """Its index, rank, band, and every group and indicator below it."""
        check_reach(reader, plan=plan)
        return await _tagged(request, lambda: ask.unit(plan, year, number, unit))

    @routes.get(f"{ONE}/diff", summary="Every number that a correction changed, before and after, and why.")
    async def diff(
        *,
        request: Request,
        reader: Reader,
        plan: CodeInPath,
        year: Year,
        number: Number,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Response:
        """Against the edition before, units whose index, rank or band moved first.

        `cause`: `own` where the unit's own inputs changed, `method` where the plan version did, `others` where it
        moved only because others did. Empty for a first edition.
        """
        check_reach(reader, plan=plan)
        return await _tagged(request, lambda: ask.diff(plan, year, number, limit=limit, cursor=cursor))

    @routes.get(f"{ONE}/statistics", summary="How far the provisional results were from the final one.")
    async def statistics(*, request: Request, reader: Reader, plan: CodeInPath, year: Year, number: Number) -> Response:
        """For each provisional round: mean change of index and rank, share of changed bands, largest movers."""
        check_reach(reader, plan=plan)
        return await _tagged(request, lambda: ask.statistics(plan, year, number))


def _add_proofs(routes: APIRouter, ask: AskEditions, verify: VerifyEditions) -> None:
    @routes.get(f"{ONE}/verify", summary="Recompute hashes, chain and results; say what was checked.")
    async def proof(reader: Reader, plan: CodeInPath, year: Year, number: Number) -> Response:
        """`verdict` is `wrong` when one check found something wrong; `checks` say what was looked at, and found.

        The results are computed once more from the inputs that were sealed, so it takes as long as an evaluation.
        """
        check_reach(reader, plan=plan)
        return json_answer(await verify.verify(plan, year, number), headers={"cache-control": "no-store"})

    @routes.get(f"{ONE}/entry", summary="The canonical JSON whose SHA-256 is the edition's.")
    async def entry(reader: Reader, plan: CodeInPath, year: Year, number: Number) -> Response:
        """{chain, seq, previous, at_ms, entry}: hash it yourself, and the files that it names."""
        check_reach(reader, plan=plan)
        return Response(await ask.entry(plan, year, number), media_type=JSON)

    @routes.get(
        f"{ONE}/files/{{kind}}", summary="A sealed file, byte for byte as it was hashed: one JSON value a line."
    )
    async def file(reader: Reader, plan: CodeInPath, year: Year, number: Number, kind: Kind) -> Response:
        """Its SHA-256 is the one that the edition names. 404 for a file that the edition does not have."""
        check_reach(reader, plan=plan)
        held, chunks = await ask.file(plan, year, number, kind)
        headers = {"etag": f'"{held.sha256}"', "content-length": str(held.bytes)}
        return StreamingResponse(chunks, headers=headers, media_type="application/x-ndjson")


async def _tagged(request: Request, ask: Callable[[], Awaitable[dict[str, Any]]]) -> Response:
    """The answer with an entity tag over its bytes; 304 to a client that has them."""
    body = json_bytes(await ask())
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    held = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if tag in held:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=JSON)
