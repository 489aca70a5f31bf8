"""Receipts: is this hash genuine, where does it stand in the chain, has the report changed since."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field
from starlette.responses import Response

from services.intake.domain.receipts import Place
from services.intake.handlers.ledger import AskLedger
from services.intake.handlers.receipts import Receipts
from shared.clock import iso
from shared.http.answers import json_answer
from shared.http.api_docs import problems
from shared.http.audit import AfterSeq, ChainVerdict, LinksMax
from shared.http.identity import Principal, require
from shared.http.known_parameters import KnownParameters
from shared.http.parameters import CodeInPath

Reader = Annotated[Principal, Depends(require("report:read"))]


class ChainPlace(BaseModel):
    """Where a version stands in the hash chain of its plan."""

    plan: str
    seq: int = Field(description="Counts from 1.")
    hash: str = Field(description="SHA-256 of the link, which covers every link before it.")
    previous: str


class ReceiptShown(BaseModel):
    """Whether a receipt is genuine, for what, and whether the report has changed since."""

    genuine: bool = Field(description="True; a hash that is not ours is answered with 404.")
    sha256: str
    report_id: str
    version: int
    received_at: str
    submitted_by: str
    current_version: int
    changed_since: bool
    place: ChainPlace | None = Field(description="Null for a second at most after the report was received.")


class PlanChain(ChainVerdict):
    """The chain of a plan's receipts: its newest link, and the part that was recomputed in this call."""

    links: int = Field(description="Links in all.")
    newest: ChainPlace


def receipt_routes(ask: AskLedger, receipts: Receipts) -> APIRouter:
    """`/v1/receipts`."""
    routes = APIRouter(prefix="/v1/receipts", tags=["receipts"], route_class=KnownParameters)

    @routes.get("/{sha256}", response_model=ReceiptShown, responses=problems(404))
    async def receipt(sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")], principal: Reader) -> Response:
        """Whether a receipt is genuine, and whether its report has changed since. Whoever holds one may ask."""
        found = await ask.receipt(sha256)
        state = found.report.state
        place = await receipts.place(sha256, state.version)
        return json_answer(
            ReceiptShown(
                genuine=True,
                sha256=sha256,
                report_id=state.report,
                version=state.version,
                received_at=iso(state.received_at_ms),
                submitted_by=state.submitted_by,
                current_version=found.current_version,
                changed_since=state.version != found.current_version,
                place=None if place is None else _place(place),
            )
        )

    @routes.get("/chain/{plan}", response_model=PlanChain, responses=problems(404))
    async def chain(
        plan: CodeInPath, principal: Reader, after_seq: AfterSeq = 0, links_max: LinksMax = 500
    ) -> Response:
        """The newest link of a plan's chain, and a part of the chain recomputed: follow `next_after_seq`.

        Links hold hashes and instants only, so whoever may read reports may check that nothing was taken out.
        """
        head, found = await receipts.chain(plan, after_seq=after_seq, limit=links_max)
        return json_answer(
            PlanChain(
                chain=plan,
                intact=found.intact,
                checked_from=after_seq + 1,
                checked_to=found.links,
                head=found.head,
                broken_seq=found.broken_seq,
                reason=found.reason or None,
                next_after_seq=found.after_seq,
                links=head.seq,
                newest=_place(head),
            )
        )

    return routes


def _place(place: Place) -> ChainPlace:
    return ChainPlace(plan=place.plan, seq=place.seq, hash=place.hash, previous=place.previous)
