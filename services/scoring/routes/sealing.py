"""Make an edition: propose the seal, confirm it as another person, publish, open a correction; look at drafts.

What is not sealed is read with `evaluation:draft` only, and every such read has its line in the audit log.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.scoring.handlers.ask_editions import AskEditions, head, shown_proposal
from services.scoring.handlers.editions import SealEditions
from services.scoring.handlers.publish_editions import PublishEditions
from services.scoring.routes.editions import Number, Year
from shared.audit.log import Audit
from shared.clock import Clock, iso
from shared.http.answers import body_of, json_answer, read_body
from shared.http.identity import Principal, require
from shared.http.language import Text
from shared.http.paging import LIMIT_DEFAULT, Cursor, Limit
from shared.http.parameters import CodeInPath
from shared.http.problems import Problem
from shared.http.reach import check_reach

Writer = Annotated[Principal, Depends(require("evaluation:write"))]
DraftReader = Annotated[Principal, Depends(require("evaluation:draft"))]
Round = Annotated[int, Path(ge=1, le=999, description="Which provisional round of the year: 1, 2, ...")]

YEAR = "/v1/evaluations/{plan}/{year}"


class ConfirmInput(BaseModel):
    """The digest that is confirmed: exactly the one that was proposed."""

    model_config = ConfigDict(extra="forbid")

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")


class CorrectionInput(BaseModel):
    """Why a published result is corrected; the reason is printed with the edition."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=3, max_length=2000)


def sealing_routes(
    ask: AskEditions, sealing: SealEditions, publishing: PublishEditions, audit: Audit, clock: Clock
) -> APIRouter:
    """`/v1/evaluations/{plan}/{year}/seal|corrections|provisionals`, `/v1/editions/.../publish`."""
    routes = APIRouter(tags=["editions"])
    _add_sealing(routes, sealing)
    _add_after(routes, publishing)
    _add_drafts(routes, ask, sealing, _Reads(audit, clock))
    return routes


class _Reads:
    """Lines about reads of what is not sealed."""

    def __init__(self, audit: Audit, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock

    async def note(self, reader: Principal, plan: str, year: int, what: str) -> None:
        check_reach(reader, plan=plan)
        await self._audit.record(plan, what, f"{plan} {year}", by=reader.subject, at_ms=self._clock.now_ms())


def _add_sealing(routes: APIRouter, sealing: SealEditions) -> None:
    @routes.post(f"{YEAR}/seal/proposal", status_code=201, summary="Propose to seal what stands now.")
    async def propose(principal: Writer, plan: CodeInPath, year: Year) -> Response:
        """The answer holds the digest that another person confirms. 409 outside of the final review and while anything
        is undecided, 423 once the evaluation is sealed. Proposing the same again finds the proposal."""
        _check_person(principal, plan)
        return json_answer(shown_proposal(await sealing.propose(plan, year, by=principal.subject)), 201)

    @routes.post(
        f"{YEAR}/seal/confirmation",
        summary="Confirm the proposed digest, as another person: the edition is sealed.",
        openapi_extra=body_of(ConfirmInput, example={"digest": "0" * 64}),
    )
    async def confirm(request: Request, principal: Writer, plan: CodeInPath, year: Year) -> Response:
        """403 for whoever proposed it; 409 for another digest, and when what would be sealed has changed since: then
        the proposal is void, and `changes` says what is different."""
        given = await read_body(request, ConfirmInput)
        _check_person(principal, plan)
        done = await sealing.confirm(plan, year, digest=given.digest, by=principal.subject)
        return json_answer({"result": done.result, **head(done.edition)})


def _add_after(routes: APIRouter, publishing: PublishEditions) -> None:
    @routes.post("/v1/editions/{plan}/{year}/{number}/publish", summary="Publish a sealed edition.")
    async def publish(principal: Writer, plan: CodeInPath, year: Year, number: Number) -> Response:
        """From then on the year can only be corrected by a next edition. Again changes nothing."""
        _check_person(principal, plan)
        done = await publishing.publish(plan, year, number, by=principal.subject)
        return json_answer({"result": done.result, **head(done.edition)})

    @routes.post(
        f"{YEAR}/corrections",
        status_code=201,
        summary="Open a correction of the newest published edition.",
        openapi_extra=body_of(CorrectionInput, example={"reason": "Kết luận thanh tra 07/TTr: sai tử số INF-01"}),
    )
    async def correct(request: Request, principal: Writer, plan: CodeInPath, year: Year) -> Response:
        """Appraisals may change again; what comes of it is proposed and confirmed as the next edition. Until then the
        published numbers stand. 200 where one is open."""
        given = await read_body(request, CorrectionInput)
        _check_person(principal, plan)
        done = await publishing.correct(plan, year, reason=given.reason.strip(), by=principal.subject)
        answer = {
            "result": done.result,
            "plan": plan,
            "year": year,
            "number": done.number,
            "reason": done.correction.reason,
            "opened_by": done.correction.opened_by,
            "opened_at": iso(done.correction.opened_at_ms),
        }
        return json_answer(answer, 201 if done.result == "opened" else 200)


def _add_drafts(routes: APIRouter, ask: AskEditions, sealing: SealEditions, reads: _Reads) -> None:
    @routes.get(f"{YEAR}/seal/proposal", summary="The proposal with the units that it would seal.")
    async def proposal(
        reader: DraftReader, plan: CodeInPath, year: Year, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
    ) -> Response:
        """Void ones say what has changed since, and hold no units any more."""
        await reads.note(reader, plan, year, "edition.proposal_read")
        return _private(await ask.proposed(await sealing.proposal(plan, year), limit=limit, cursor=cursor))

    @routes.get(f"{YEAR}/seal/proposal/diff", summary="What the proposed correction would change.")
    async def proposal_diff(
        reader: DraftReader, plan: CodeInPath, year: Year, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
    ) -> Response:
        """As the edition's own `diff` will print it."""
        await reads.note(reader, plan, year, "edition.proposal_read")
        return _private(await ask.proposed_diff(await sealing.proposal(plan, year), limit=limit, cursor=cursor))

    @routes.get(f"{YEAR}/provisionals", summary="The provisional results that were kept.")
    async def provisionals(reader: DraftReader, plan: CodeInPath, year: Year) -> Response:
        """One for each time that the round entered PROVISIONAL, as it stood at that instant."""
        await reads.note(reader, plan, year, "evaluation.provisional_read")
        return _private(await ask.provisionals(plan, year))

    @routes.get(f"{YEAR}/provisionals/{{number}}", summary="One provisional result with its units.")
    async def provisional(
        *,
        reader: DraftReader,
        plan: CodeInPath,
        year: Year,
        number: Round,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Response:
        """Units by peer group, rank, code."""
        await reads.note(reader, plan, year, "evaluation.provisional_read")
        return _private(await ask.provisional(plan, year, number, limit=limit, cursor=cursor))


def _private(content: dict[str, object]) -> Response:
    return json_answer(content, headers={"cache-control": "no-store"})


def _check_person(principal: Principal, plan: str) -> None:
    """Two identities means two people: a machine's token neither seals nor publishes."""
    check_reach(principal, plan=plan)
    if principal.kind != "person":
        detail = Text("Việc này phải do người thực hiện.", "This is done by people, not by machines.")
        raise Problem(403, detail=detail)
