"""Digest runs, read; what a run said, as it was pinned; and what a digest would say, computed for the one who asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from services.notify.domain.deliveries import Letter
from services.notify.domain.enclosures import Enclosure
from services.notify.handlers.digest_pinned import PinnedDigests
from services.notify.handlers.digest_ports import DigestPages
from services.notify.handlers.digest_preview import PreviewDigest
from services.notify.handlers.reading import NoteReading
from services.notify.routes.papers import MAIL_POLICY, with_images
from services.notify.routes.shapes import DigestShown
from shared.clock import Clock
from shared.http.downloads import PDF
from shared.http.identity import Principal, require
from shared.http.instants import instant_ms
from shared.http.language import Language, Text, current_language
from shared.http.paging import LIMIT_DEFAULT, Cursor, Limit, Listing
from shared.http.parameters import CODE
from shared.http.problems import Problem
from shared.http.reach import check_reach

SCOPE = "notify:read"

Reader = Annotated[Principal, Depends(require(SCOPE))]
Format = Annotated[Literal["html", "text", "pdf"], Query(description="The letter, its plain text, or the document.")]
InLanguage = Annotated[Language | None, Query(description="vi or en; else as the request's Accept-Language prefers.")]
Audience = Annotated[Literal["operations", "standing_body", "leadership"], Query()]
At = Annotated[str | None, Query(max_length=40, description="RFC 3339 with an offset; now when left out or to come.")]

_NO_DOCUMENT = Text("Bản tin này không có tệp PDF.", "This digest has no PDF document.")


def digest_routes(
    pages: DigestPages, pinned: PinnedDigests, preview: PreviewDigest, reads: NoteReading, clock: Clock
) -> APIRouter:
    """`notify:read` reads runs and computes previews, which store nothing; who is bound to a unit reads neither."""
    routes = APIRouter(tags=["digests"])

    @routes.get("/v1/digests", dependencies=[Depends(require(SCOPE))])
    async def list_digests(limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None) -> Listing[DigestShown]:
        """Runs by moment, the latest first."""
        found, following = await pages.page(limit=limit, cursor=cursor)
        return Listing(items=[DigestShown.of(run) for run in found], next_cursor=following)

    @routes.get("/v1/digests/preview", response_class=HTMLResponse)
    async def preview_digest(
        principal: Reader,
        plan: Annotated[str, Query(pattern=CODE)],
        audience: Audience,
        *,
        at: At = None,
        language: InLanguage = None,
        format: Format = "html",
    ) -> Response:
        """The digest of an audience as it would be at a moment. Nothing is stored and nobody is written to."""
        _check_whole_plan(principal, plan)
        now_ms = clock.now_ms()
        at_ms = instant_ms(at, "/at")
        chosen, moment_ms = language or current_language(), now_ms if at_ms is None else at_ms
        printed = await preview.at(plan, audience, moment_ms, language=chosen, now_ms=now_ms)
        if printed is None:
            raise Problem(404)
        await reads.read(plan, f"preview-{audience}-{moment_ms}", by=principal.subject)
        return _answer(printed.letter, printed.files, format)

    @routes.get("/v1/digests/{digest}", dependencies=[Depends(require(SCOPE))])
    async def read_digest(digest: str) -> DigestShown:
        """One run. What it said is under `/content`."""
        run = await pages.get(digest) if digest.startswith("digest-") else None
        if run is None:
            raise Problem(404)
        return DigestShown.of(run)

    @routes.get("/v1/digests/{digest}/content", response_class=HTMLResponse)
    async def read_content(
        principal: Reader,
        digest: str,
        language: InLanguage = None,
        format: Format = "html",
    ) -> Response:
        """What a run said, as it was pinned and sent."""
        found = await pinned.read(digest, language or current_language()) if digest.startswith("digest-") else None
        if found is None:
            raise Problem(404)
        _check_whole_plan(principal, found.plan)
        await reads.read(found.plan, digest, by=principal.subject)
        return _answer(found.letter, found.files, format)

    return routes


def _check_whole_plan(principal: Principal, plan: str) -> None:
    """A digest tells of every unit: who is bound to some of them reads it nowhere."""
    check_reach(principal, plan=plan)
    if principal.unit is not None:
        raise Problem(403, detail=Text("Bản tin dành cho người theo dõi toàn kế hoạch.", "A digest is of all units."))


def _answer(letter: Letter, files: Sequence[Enclosure], format: str) -> Response:
    if format == "text":
        return PlainTextResponse(letter.text)
    if format == "html":
        return HTMLResponse(with_images(letter.html, files), headers={"content-security-policy": MAIL_POLICY})
    document = next((file for file in files if file.media_type == PDF), None)
    if document is None:
        raise Problem(404, detail=_NO_DOCUMENT)
    shown = {"content-disposition": f'inline; filename="{document.name}"'}
    return Response(document.body, media_type=PDF, headers=shown)
