"""Drafts: save what is not finished, read it, delete it, submit it as the report."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query
from fastapi import Request as HttpRequest
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from services.intake.domain.drafts import Draft, DraftInput, report_of
from services.intake.domain.entry import Entry
from services.intake.domain.submission import ReportInput
from services.intake.domain.summary import Summary
from services.intake.handlers.drafts import KeepDrafts
from services.intake.handlers.ledger import AskLedger
from services.intake.handlers.reports import SubmitReports
from services.intake.routes.report_answers import rejection, summary
from shared.clock import iso
from shared.http.answers import body_of, json_answer, read_body
from shared.http.idempotency import Idempotency, StoredResponse, request_hash, stored_json
from shared.http.identity import Principal, require
from shared.http.known_parameters import KnownParameters
from shared.http.parameters import IdInPath
from shared.http.problems import problem_of
from shared.http.reach import check_reach
from shared.http.refusals import as_problems
from shared.http.versions import NamedVersion, etag

Writer = Annotated[Principal, Depends(require("report:write"))]
Reader = Annotated[Principal, Depends(require("report:read"))]

_EXAMPLE: dict[str, Any] = {"values": [{"indicator": "INF-01", "numerator": 40}, {"indicator": "SVC-04"}]}


class DraftShown(BaseModel):
    """A draft. Its version is the `ETag`; name it in `If-Match` to save over exactly what was read."""

    obligation_id: str
    version: int
    saved_by: str
    saved_at: str
    content: DraftInput


def draft_routes(
    ask: AskLedger, drafts: KeepDrafts, submit: SubmitReports, idempotency: Idempotency, *, public_url: str
) -> APIRouter:
    """`/v1/drafts`."""
    routes = APIRouter(prefix="/v1/drafts/{obligation}", tags=["drafts"], route_class=KnownParameters)

    @routes.put("", status_code=201, response_model=DraftShown, openapi_extra=body_of(DraftInput, example=_EXAMPLE))
    async def save(request: HttpRequest, obligation: IdInPath, principal: Writer, version: NamedVersion) -> Response:
        """Save a draft of the obligation's report (201 new, 200 over another): nothing in it need be valid yet.

        412 when someone else saved since the version that `If-Match` names.
        """
        given = await read_body(request, DraftInput)
        entry = await ask.obligation(obligation)
        check_reach(principal, unit=entry.obligation.unit, plan=entry.obligation.plan, form=entry.obligation.form)
        draft, is_new = await drafts.save(entry, given, by=principal.subject, named_version=version)
        return json_answer(_shown(draft), 201 if is_new else 200, headers=etag(draft.rev))

    @routes.get("", response_model=DraftShown)
    async def one(obligation: IdInPath, principal: Reader) -> Response:
        """The draft for an obligation."""
        held = (await ask.obligation(obligation)).obligation
        check_reach(principal, unit=held.unit, plan=held.plan, form=held.form)
        draft = await drafts.get(obligation)
        return json_answer(_shown(draft), headers=etag(draft.rev))

    @routes.delete("", status_code=204)
    async def delete(obligation: IdInPath, principal: Writer, version: NamedVersion) -> Response:
        """Delete the draft. Again is harmless."""
        entry = await ask.obligation(obligation)
        check_reach(principal, unit=entry.obligation.unit, plan=entry.obligation.plan, form=entry.obligation.form)
        await drafts.delete(entry, by=principal.subject, named_version=version)
        return Response(status_code=204)

    @routes.post("/submit", status_code=201, response_model=Summary, responses={200: {"model": Summary}})
    async def submitted(
        obligation: IdInPath,
        principal: Writer,
        version: NamedVersion,
        *,
        mode: Annotated[Literal["ATOMIC", "PARTIAL"], Query(description="As in a report.")] = "ATOMIC",
        dry_run: Annotated[bool, Query(description="Say what would happen; report and draft stay.")] = False,
        idempotency_key: Annotated[str | None, Header(description="At most 255 characters, kept 24 hours.")] = None,
    ) -> Response:
        """Submit the draft as the report, exactly as `POST /v1/reports` does; `If-Match` names the report's version.

        The draft is deleted once its report stands. With an `Idempotency-Key` a repeat gets the same answer; without
        one a repeat finds no draft (404).
        """
        entry = await ask.obligation(obligation)
        check_reach(principal, unit=entry.obligation.unit, plan=entry.obligation.plan, form=entry.obligation.form)

        async def action() -> StoredResponse:
            with as_problems():
                draft = await drafts.get(obligation)
                given = _report(draft, entry, mode)
                done = await submit.submit(given, by=principal.subject, named_version=version, dry_run=dry_run)
            answer = summary(done, given, dry_run=dry_run, public_url=public_url)
            if done.result == "rejected":
                raise rejection(answer)
            if not dry_run:
                await drafts.submitted(draft)
            created = done.result == "created" and not dry_run
            headers = {**etag(answer.version or 0), "Location": f"/v1/reports/{answer.report_id}"}
            return stored_json(answer, 201 if created else 200, headers=headers)

        if dry_run:
            return (await action()).response()
        digest = request_hash("POST", f"{obligation} {version or ''} {mode}", b"")
        return (await idempotency.run(principal.subject, idempotency_key, digest, action)).response()

    return routes


def _report(draft: Draft, entry: Entry, mode: str) -> ReportInput:
    try:
        return ReportInput.model_validate_json(report_of(draft, entry, mode))
    except ValidationError as error:
        raise problem_of(error) from error


def _shown(draft: Draft) -> DraftShown:
    return DraftShown(
        obligation_id=draft.obligation,
        version=draft.rev,
        saved_by=draft.by,
        saved_at=iso(draft.saved_ms),
        content=DraftInput.model_validate(draft.document()),
    )
