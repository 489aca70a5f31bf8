"""Deliveries: read, sent again, cancelled; bounces taken in; and why something was or was not sent."""

from __future__ import annotations

from typing import Annotated, Literal, Protocol

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from services.notify.domain.deliveries import Delivery
from services.notify.domain.enclosures import Enclosure
from services.notify.handlers.bounces import NotABounce, TakeBounces
from services.notify.handlers.desk import DeliveryDesk, NotCancellable, NotResendable
from services.notify.handlers.ports import DeliveryPages
from services.notify.handlers.reading import NoteReading
from services.notify.handlers.why import Why
from services.notify.routes.papers import MAIL_POLICY, with_images
from services.notify.routes.shapes import DeliveryShown, ReasonShown, StatusFilter, UnitFilter
from shared.clock import Clock
from shared.http.identity import Principal, require
from shared.http.language import Text
from shared.http.paging import LIMIT_DEFAULT, Cursor, Limit, Listing
from shared.http.parameters import IdInPath
from shared.http.problems import Problem
from shared.http.reach import check_about, check_unbound, is_in_reach

BOUNCE_TYPES = ("message/rfc822", "multipart/report", "application/octet-stream", "text/plain")
KindFilter = Annotated[str | None, Query(max_length=20, description="reminder, alert, digest or inspection.")]
SubjectFilter = Annotated[
    str | None,
    Query(
        max_length=254,
        description="An obligation, alert, silence, outage, inspection, finding, digest or delivery; or an address.",
    ),
]
RecipientFilter = Annotated[str | None, Query(max_length=254, description="A mail address.")]
ReturnAddress = Annotated[
    str | None, Query(max_length=320, description="Envelope recipient of the bounce: the return address it came to.")
]
Reader = Annotated[Principal, Depends(require("notify:read"))]
Operator = Annotated[Principal, Depends(require("notify:write"))]

_ASK = Text("Nêu recipient, unit hoặc subject.", "Name a recipient, a unit or a subject.")
_LEFT = Text("Thông báo đã gửi hoặc đã kết thúc; không hủy được.", "It has left or was ended; it cannot be cancelled.")
_WAITS = Text(
    "Thông báo đang chờ gửi hoặc đã gửi lại quá nhiều lần.", "It still waits to be sent, or was sent again too often."
)
_NO_BOUNCE = Text(
    "Gửi nguyên văn thư trả lại có phần message/delivery-status (RFC 3464).",
    "Send the whole bounce message with its message/delivery-status part (RFC 3464).",
)
_TYPE = Text("Gửi nội dung dạng message/rfc822.", "Send the body as message/rfc822.")


Format = Annotated[Literal["html", "text"], Query(description="HTML as mail programs show it, or plain text.")]


class Enclosing(Protocol):
    """Finds what goes with a delivery."""

    async def of(self, delivery: Delivery) -> tuple[Enclosure, ...]: ...


class Wish(BaseModel):
    """Why an operator does it; kept with the delivery and in the audit log."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: str = Field(min_length=3, max_length=500)


def delivery_routes(
    pages: DeliveryPages,
    why: Why,
    desk: DeliveryDesk,
    bounces: TakeBounces,
    clock: Clock,
    *,
    enclosing: Enclosing,
    reads: NoteReading,
) -> APIRouter:
    routes = APIRouter(tags=["deliveries"])

    async def check(who: Principal, delivery: str) -> Delivery:
        held = await pages.get(delivery)
        if held is None:
            raise Problem(404)
        check_about(who, unit=held.unit or None, plan=held.plan)
        return held

    @routes.get("/v1/deliveries")
    async def list_deliveries(
        who: Reader,
        kind: KindFilter = None,
        status: StatusFilter = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Listing[DeliveryShown]:
        """Deliveries by creation, the latest first. A page of somebody bound to a unit or a plan may be short."""
        found, following = await pages.page(kind=kind, status=status, limit=limit, cursor=cursor)
        shown = [DeliveryShown.of(one) for one in found if is_in_reach(who, unit=one.unit or None, plan=one.plan)]
        return Listing(items=shown, next_cursor=following)

    @routes.get("/v1/deliveries/{delivery}")
    async def read_delivery(delivery: IdInPath, who: Reader) -> DeliveryShown:
        """One delivery with the steps it took. What it said is under `/content`."""
        return _shown(await check(who, delivery))

    @routes.get("/v1/deliveries/{delivery}/content", response_class=HTMLResponse)
    async def read_content(delivery: IdInPath, who: Reader, format: Format = "html") -> Response:
        """What the message said, as it was pinned and sent; without the recipient's own links at its foot."""
        held = await check(who, delivery)
        await reads.read(held.plan, delivery, by=who.subject)
        if format == "text":
            return PlainTextResponse(held.text)
        shown = with_images(held.html, await enclosing.of(held))
        return HTMLResponse(shown, headers={"content-security-policy": MAIL_POLICY})

    @routes.post("/v1/deliveries/{delivery}/resend", status_code=201)
    async def resend(delivery: IdInPath, given: Wish, who: Operator) -> DeliveryShown:
        """The same content again, as a new delivery. Not held back by quiet hours or the day's budget."""
        await check(who, delivery)
        try:
            again = await desk.resend(delivery, by=who.subject, reason=given.reason, now_ms=clock.now_ms())
        except NotResendable as err:
            raise Problem(409, detail=_WAITS) from err
        return _shown(again)

    @routes.post("/v1/deliveries/{delivery}/cancel")
    async def cancel(delivery: IdInPath, given: Wish, who: Operator) -> DeliveryShown:
        """End a delivery that waits."""
        await check(who, delivery)
        try:
            gone = await desk.cancel(delivery, by=who.subject, reason=given.reason, now_ms=clock.now_ms())
        except NotCancellable as err:
            raise Problem(409, detail=_LEFT) from err
        return _shown(gone)

    @routes.post("/v1/bounces")
    async def take_bounce(request: Request, who: Operator, to: ReturnAddress = None) -> DeliveryShown:
        """A bounce message as it arrived (message/rfc822). The same one twice changes nothing the second time."""
        check_unbound(who)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in BOUNCE_TYPES:
            raise Problem(415, detail=_TYPE)
        try:
            taken = await bounces.take(await request.body(), to=to, by=who.subject, now_ms=clock.now_ms())
        except NotABounce as err:
            raise Problem(422, detail=_NO_BOUNCE) from err
        return _shown(taken)

    @routes.get("/v1/why")
    async def explain(
        who: Reader,
        *,
        recipient: RecipientFilter = None,
        unit: UnitFilter = None,
        subject: SubjectFilter = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Listing[ReasonShown]:
        """Every decision about a recipient, a unit, a subject, or what concerns them together; the newest first.

        What is planned for reports due in more than a month is told where the obligation is named.
        Decisions cross plans and units: whoever is bound to some of them is refused.
        """
        check_unbound(who)
        if recipient is None and unit is None and subject is None:
            raise Problem(400, detail=_ASK)
        now_ms = clock.now_ms()
        found, following = await why.about(
            recipient=recipient, unit=unit, subject=subject, limit=limit, cursor=cursor, now_ms=now_ms
        )
        return Listing(items=[ReasonShown.of(reason) for reason in found], next_cursor=following)

    return routes


def _shown(delivery: Delivery | None) -> DeliveryShown:
    if delivery is None:
        raise Problem(404)
    return DeliveryShown.of(delivery)
