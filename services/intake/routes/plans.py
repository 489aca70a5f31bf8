"""Plans: publish a version, list, read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from services.intake.domain.versions import PublishedPlan
from services.intake.handlers.plans import PublishPlans
from shared.clock import iso
from shared.events.base import Names
from shared.http import strict_json
from shared.http.answers import JSON, json_answer
from shared.http.identity import Principal, require
from shared.http.known_parameters import KnownParameters
from shared.http.language import Text
from shared.http.paging import Listing
from shared.http.parameters import CodeInPath
from shared.http.problems import Problem
from shared.http.reach import check_reach
from shared.http.versions import NOT_MODIFIED, KnownTag, unless_known
from shared.plan.load import load_plan, plan_document, plan_from_document
from shared.plan.model import Plan

YAML = "application/yaml"
_YAML_TYPES = frozenset({YAML, "application/x-yaml", "text/yaml", "text/x-yaml"})

_EXAMPLE = (
    "schema_version: 1\ncode: MIC-ITAPP-2011-2015\nversion: '2011.1'\n# ... the complete plan, see docs/plan.md\n"
)


class PlanSummary(BaseModel):
    """A published version of a plan."""

    plan: str
    version: str
    names: Names
    effective_from: str
    effective_to: str | None
    sha256: str
    published_at: str


class PlanVersion(PlanSummary):
    """A published version with its canonical document."""

    document: dict[str, Any]


class PlanPublication(PlanSummary):
    """What a publication did. `obligations_written`: entries of the ledger that it made or changed."""

    result: str
    obligations_written: int


def plan_routes(plans: PublishPlans) -> APIRouter:
    """`/v1/plans`."""
    routes = APIRouter(prefix="/v1/plans", tags=["plans"], route_class=KnownParameters)

    @routes.put(
        "/{plan}/versions/{version}",
        status_code=201,
        response_model=PlanPublication,
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    YAML: {"schema": {"type": "string"}, "example": _EXAMPLE},
                    JSON: {"schema": {"type": "object"}},
                },
            }
        },
    )
    async def publish(
        request: Request,
        plan: CodeInPath,
        version: CodeInPath,
        principal: Annotated[Principal, Depends(require("plan:write"))],
        dry_run: Annotated[bool, Query(description="Only say what is wrong with the document.")] = False,
    ) -> Response:
        """Publish a plan version from YAML or JSON: 201 first, 200 for the same content again, 409 for other content.

        A version never changes. Of overlapping versions the one with the later first day takes over from that day; an
        obligation belongs to the version in force on the last day of its period. 422 lists every fault.
        """
        check_reach(principal, plan=plan)
        read = _reader(request, await request.body())
        done = await plans.publish(read, plan=plan, version=version, by=principal.subject, dry_run=dry_run)
        answer = PlanPublication(
            **_summary(done.published).model_dump(), result=done.result, obligations_written=done.obligations
        )
        return json_answer(answer, 201 if done.result == "published" else 200)

    @routes.get("", response_model=Listing[PlanSummary])
    async def listed(principal: Annotated[Principal, Depends(require("plan:read"))]) -> Response:
        """Every published version of every plan, by plan and time of publication."""
        found = [held for held in await plans.all() if principal.plan in (None, held.plan.code)]
        return json_answer(Listing[PlanSummary](items=[_summary(held) for held in found]))

    @routes.get("/{plan}/versions/{version}", response_model=PlanVersion, responses=NOT_MODIFIED)
    async def one(
        plan: CodeInPath,
        version: CodeInPath,
        principal: Annotated[Principal, Depends(require("plan:read"))],
        known: KnownTag = None,
    ) -> Response:
        """One version with its canonical document: every key is there, those that were left out with their defaults.

        `document` can be published again as it stands; `sha256`, also the ETag, is over its canonical JSON (RFC 8785).
        404 for a version that was never published.
        """
        check_reach(principal, plan=plan)
        held = await plans.get(plan, version)
        answer = PlanVersion(**_summary(held).model_dump(), document=plan_document(held.plan))
        return unless_known(known, json_answer(answer, headers={"ETag": f'"{held.sha256}"'}))

    return routes


def _summary(held: PublishedPlan) -> PlanSummary:
    plan = held.plan
    return PlanSummary(
        plan=plan.code,
        version=plan.version,
        names=plan.names,
        effective_from=plan.effective.first.isoformat(),
        effective_to=plan.effective.last.isoformat() if plan.effective.last else None,
        sha256=held.sha256,
        published_at=iso(held.published_at_ms),
    )


def _reader(request: Request, body: bytes) -> Callable[[], Plan]:
    """How to read the body, by its content type. 415 for another type, 400 for what is no text or no JSON."""
    content_type = request.headers.get("content-type", YAML).partition(";")[0].strip().lower()
    if content_type not in _YAML_TYPES and content_type != JSON:
        detail = Text(f"Gửi nội dung dạng {YAML} hoặc {JSON}.", f"Send the body as {YAML} or {JSON}.")
        raise Problem(415, detail=detail, headers={"Accept": f"{YAML}, {JSON}"})
    try:
        text = body.decode("utf-8")
        if content_type in _YAML_TYPES:
            return lambda: load_plan(text)
        document = strict_json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Problem(400, "unreadable", detail=f"{type(error).__name__}: {error}"[:300]) from error
    return lambda: plan_from_document(document)
