"""Calendar feeds: created, listed and revoked by operators; read by whoever holds the secret address.

The address is the only credential, as calendar programs know no other: it is random, told once, stored hashed, left
out of the log, and how often it is asked for is bounded. A revoked address and an unknown one look the same: 404, as
a page for who opens it in a browser.
"""

from __future__ import annotations

import math
import time
from typing import Annotated, Literal, Protocol

from fastapi import APIRouter, Depends, Header, Path, Query
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, Response

from services.notify.domain.calendar_feed import Feed
from services.notify.domain.contacts import is_address, shortened
from services.notify.handlers.feeds import FeedDesk
from services.notify.routes.shapes import Shown
from services.notify.routes.unsubscribe import HEADERS
from shared.clock import Clock, iso
from shared.http.identity import Principal, require
from shared.http.language import Text, current_language
from shared.http.paging import LIMIT_DEFAULT, Cursor, Limit, Listing
from shared.http.problems import Problem
from shared.http.reach import check_unbound

PER_MINUTE_MAX = 30
UNKNOWN_PER_MINUTE_MAX = 300
"""Requests per minute and process: of one feed, and with secrets that are nobody's."""

CACHE = "private, max-age=900"

_NOT_AN_ADDRESS = Text("Địa chỉ thư không hợp lệ.", "This is not a mail address.")
_NO_CALENDAR = Text(
    "Địa chỉ lịch này không có hoặc đã bị thu hồi; hãy đề nghị cơ quan thường trực cấp địa chỉ mới.",
    "There is no calendar at this address, or it was revoked; ask the standing body for a new one.",
)
_TOO_OFTEN = Text("Lịch được tải quá thường xuyên.", "This calendar is asked for too often.")

Reader = Annotated[Principal, Depends(require("notify:read"))]
Writer = Annotated[Principal, Depends(require("notify:write"))]
Secret = Annotated[str, Path(max_length=200, description="The secret part of the address, as it was told.")]


class FeedAsked(BaseModel):
    """Whose calendar, and in which language; without one, the one in which the recipient is written to."""

    model_config = ConfigDict(extra="forbid", strict=True)

    recipient: str = Field(min_length=3, max_length=254)
    language: Literal["vi", "en"] | None = None


class FeedShown(Shown):
    """One feed; its secret is not known here any more."""

    feed: str
    recipient: str = Field(description="Address with its local part shortened.")
    language: str
    created_at: str
    created_by: str
    revoked_at: str | None

    @classmethod
    def of(cls, feed: Feed) -> FeedShown:
        return cls(
            feed=feed.id,
            recipient=shortened(feed.recipient),
            language=feed.language,
            created_at=iso(feed.created_at_ms),
            created_by=feed.created_by,
            revoked_at=iso(feed.revoked_at_ms) if feed.revoked_at_ms else None,
        )


class FeedCreated(FeedShown):
    """A new feed with its address, which is shown this once."""

    url: str


class PageWriter(Protocol):
    """Writes the page for who opens an address that is none (any more)."""

    def no_calendar(self, language: str) -> str: ...


def feed_routes(desk: FeedDesk, clock: Clock, *, public_url: str, pages: PageWriter) -> APIRouter:
    routes = APIRouter(tags=["feeds"])
    bound = _Bound()

    @routes.post("/v1/feeds", status_code=201)
    async def create(asked: FeedAsked, principal: Writer) -> FeedCreated:
        """A new secret address for a recipient. Earlier ones stay as they are."""
        check_unbound(principal)
        if not is_address(asked.recipient):
            raise Problem(422, detail=_NOT_AN_ADDRESS, pointer="/recipient")
        feed, secret = await desk.create(
            recipient=asked.recipient, language=asked.language, by=principal.subject, now_ms=clock.now_ms()
        )
        url = f"{public_url.rstrip('/')}/v1/feeds/{secret}.ics"
        return FeedCreated(**dict(FeedShown.of(feed)), url=url)

    @routes.get("/v1/feeds")
    async def list_feeds(
        principal: Reader,
        recipient: Annotated[str | None, Query(max_length=254)] = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Listing[FeedShown]:
        """Feeds by creation, the latest first."""
        check_unbound(principal)
        address = recipient.strip().lower() if recipient else None
        found, following = await desk.page(recipient=address, limit=limit, cursor=cursor)
        return Listing(items=[FeedShown.of(feed) for feed in found], next_cursor=following)

    @routes.delete("/v1/feeds/{feed}", status_code=204)
    async def revoke(
        feed: Annotated[str, Path(pattern=r"^feed-[0-9a-f]{64}$")],
        principal: Writer,
    ) -> Response:
        """End a feed for good: whoever has its address gets 404 from now on."""
        check_unbound(principal)
        if not await desk.revoke(feed, by=principal.subject, now_ms=clock.now_ms()):
            raise Problem(404)
        return Response(status_code=204)

    @routes.get("/v1/feeds/{secret}.ics", responses={200: {"content": {"text/calendar": {}}}, 304: {}})
    async def read(
        secret: Secret,
        entries: Annotated[Literal["event", "todo"], Query(alias="as")] = "event",
        if_none_match: Annotated[str | None, Header(max_length=200)] = None,
        accept: Annotated[str, Header(max_length=1000)] = "",
    ) -> Response:
        """What the recipient of this address owes, as iCalendar. `as=todo` gives tasks instead of events."""
        feed = await desk.find(secret)
        if feed is None:
            await bound.hit("unknown", UNKNOWN_PER_MINUTE_MAX)
            if "text/html" in accept:
                return HTMLResponse(pages.no_calendar(current_language()), status_code=404, headers=HEADERS)
            raise Problem(404, detail=_NO_CALENDAR)
        await bound.hit(feed.id, PER_MINUTE_MAX)
        served = await desk.serve(feed, form=entries, now_ms=clock.now_ms())
        headers = {"etag": served.etag, "cache-control": CACHE}
        if _matches(if_none_match, served.etag):
            return Response(status_code=304, headers=headers)
        return Response(served.body, media_type="text/calendar", headers=headers)

    return routes


class _Bound:
    """Counts requests by fixed windows of a minute, in this process."""

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def hit(self, key: str, most: int) -> None:
        """Count one; Problem 429 when it is one too many."""
        rate = RateLimitItemPerMinute(most)
        if not await self._limiter.hit(rate, key):
            left = await self._limiter.get_window_stats(rate, key)
            seconds = max(1, math.ceil(left.reset_time - time.time()))
            raise Problem(429, detail=_TOO_OFTEN, headers={"Retry-After": str(seconds)})


def _matches(given: str | None, etag: str) -> bool:
    """Whether `If-None-Match` names this entity tag, weakly compared as RFC 9110 asks."""
    tags = [tag.strip().removeprefix("W/") for tag in (given or "").split(",")]
    return etag in tags or tags == ["*"]
