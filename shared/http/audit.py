"""The audit log of a service: lines, verification, anchors of days. Read only; nothing here can change a line."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from shared.audit.lines import Line
from shared.audit.log import AskAudit
from shared.clock import iso
from shared.http.answers import json_answer
from shared.http.identity import Principal, require
from shared.http.language import Text
from shared.http.paging import LIMIT_DEFAULT, Limit
from shared.http.parameters import CODE
from shared.http.problems import Problem
from shared.http.reach import check_reach

Auditor = Annotated[Principal, Depends(require("audit:read"))]
Chain = Annotated[
    str, Query(pattern=CODE, description="A plan's code, or the name of a chain that concerns no single plan.")
]
AfterSeq = Annotated[int, Query(ge=0, le=2**53, description="Continue behind this link.")]
LinksMax = Annotated[int, Query(ge=1, le=1000, description="Most links to recompute in this call.")]
SUBJECT = r"^[A-Za-z0-9][A-Za-z0-9_.:@|+/ -]{0,299}$"
DAYS_MAX = 400


class AuditLine(BaseModel):
    """One write: what was done, to which thing (`id`), by whom, from where, under which trace."""

    seq: int
    at: str
    hash: str
    what: str
    id: str
    by: str
    source: str | None = Field(default=None, description="The address that the request came from.")
    trace_id: str | None = None
    request_id: str | None = None
    made_up: bool = Field(default=False, description="Found after a crash and added then.")
    facts: dict[str, Any] = Field(default_factory=dict, description="What else was kept: revision, version, hash ...")


class AuditLines(BaseModel):
    """Lines, oldest first. `next_after_seq`: give it as `after_seq` for what follows; null at the end."""

    chain: str
    items: list[AuditLine]
    next_after_seq: int | None


class ChainVerdict(BaseModel):
    """Whether every recomputed link has its hash and follows the one before."""

    chain: str
    intact: bool
    checked_from: int = Field(description="First link that was recomputed.")
    checked_to: int = Field(description="Last link that holds.")
    head: str = Field(description="Hash of that link.")
    broken_seq: int | None
    reason: str | None
    next_after_seq: int | None = Field(description="Give it as `after_seq` to go on; null when the end was reached.")


class DayAnchor(BaseModel):
    """The last link of a day (UTC). Kept when the day is over, apart from the chain."""

    day: str
    seq: int
    hash: str
    holds: bool = Field(description="Whether the chain still has this hash at this place.")


class DayAnchors(BaseModel):
    """Anchors by day."""

    chain: str
    items: list[DayAnchor]


def audit_routes(ask: AskAudit, *, beside_plans: frozenset[str]) -> APIRouter:
    """`/v1/audit`. `beside_plans`: chains that concern no single plan; who is bound to a plan may read them too."""

    def check_plan(principal: Principal, chain: str) -> None:
        check_reach(principal, plan=None if chain in beside_plans else chain)

    routes = APIRouter(prefix="/v1/audit", tags=["audit"])

    @routes.get("", response_model=AuditLines)
    async def lines(
        principal: Auditor,
        chain: Chain,
        *,
        id: Annotated[str | None, Query(pattern=SUBJECT, description="Only about this thing.")] = None,
        by: Annotated[str | None, Query(pattern=SUBJECT, description="Only by this person or key.")] = None,
        after_seq: AfterSeq = 0,
        limit: Limit = LIMIT_DEFAULT,
    ) -> Response:
        """Lines of a chain, oldest first; about one thing, or by one person or key. Not both at once."""
        check_plan(principal, chain)
        if id is not None and by is not None:
            detail = Text("Lọc theo id hoặc theo by, không cả hai.", "Filter by id or by who, not by both.")
            raise Problem(422, detail=detail, pointer="/by")
        found = await ask.lines(chain, about=id, by=by, after_seq=after_seq, limit=limit)
        after = found[-1].seq if len(found) == limit else None
        return json_answer(AuditLines(chain=chain, items=[_shown(line) for line in found], next_after_seq=after))

    @routes.get("/verify", response_model=ChainVerdict)
    async def verify(principal: Auditor, chain: Chain, after_seq: AfterSeq = 0, links_max: LinksMax = 500) -> Response:
        """Recompute a part of the chain: start at 0, follow `next_after_seq` until it is null."""
        check_plan(principal, chain)
        found = await ask.check(chain, after_seq=after_seq, limit=links_max)
        return json_answer(
            ChainVerdict(
                chain=chain,
                intact=found.intact,
                checked_from=after_seq + 1,
                checked_to=found.links,
                head=found.head,
                broken_seq=found.broken_seq,
                reason=found.reason or None,
                next_after_seq=found.after_seq,
            )
        )

    @routes.get("/anchors", response_model=DayAnchors)
    async def anchors(
        principal: Auditor,
        chain: Chain,
        first: Annotated[date, Query(description="First day.")],
        last: Annotated[date, Query(description="Last day, at most 400 days on.")],
    ) -> Response:
        """The anchors of the days, to print where nobody can change them, and whether the chain still has them."""
        check_plan(principal, chain)
        if not 0 <= (last - first).days < DAYS_MAX:
            detail = Text(f"Chọn từ 1 đến {DAYS_MAX} ngày.", f"Choose 1 to {DAYS_MAX} days.")
            raise Problem(422, detail=detail, pointer="/last")
        found = await ask.anchors(chain, first=first, last=last)
        items = [DayAnchor(day=one.day, seq=one.seq, hash=one.hash, holds=holds) for one, holds in found]
        return json_answer(DayAnchors(chain=chain, items=items))

    return routes


def _shown(line: Line) -> AuditLine:
    entry = dict(line.entry)
    return AuditLine(
        seq=line.seq,
        at=iso(line.at_ms),
        hash=line.hash,
        what=entry.pop("what"),
        id=entry.pop("id"),
        by=entry.pop("by"),
        source=entry.pop("from", None),
        trace_id=entry.pop("trace_id", None),
        request_id=entry.pop("request_id", None),
        made_up=entry.pop("made_up", False),
        facts=entry,
    )
