"""Changes of the tree: a set of steps, done as a whole; and the bulk import of units, which is such a set."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.intake.domain.unit_changes import Recorded
from services.intake.domain.unit_steps import EFFECTS, AnyStep, Register
from services.intake.handlers.unit_changes import ChangeUnits, Consequence, Outcome
from services.intake.routes.relief import Reason
from shared.clock import iso
from shared.events.base import Names
from shared.events.unit import UnitState
from shared.http.answers import body_of, json_answer, read_body
from shared.http.identity import Principal, require
from shared.http.known_parameters import KnownParameters
from shared.http.language import Text
from shared.http.paging import LIMIT_DEFAULT, Cursor, Limit, Listing
from shared.http.parameters import IdInPath
from shared.http.problems import Problem
from shared.http.reach import check_reach
from shared.plan.units import UnitErrors, UnitFault, read_unit_lines
from shared.refusal import Detail, Refusal

STEPS_MAX = 200
IMPORT_LINES_MAX = 2000
OBLIGATIONS_SHOWN_MAX = 50
FAULTS_SHOWN_MAX = 100
CSV = "text/csv"

Writer = Annotated[Principal, Depends(require("unit:write"))]
Reader = Annotated[Principal, Depends(require("unit:read"))]
DryRun = Annotated[bool, Query(description="Say what would change, obligations included, and write nothing.")]


class ChangeSetInput(BaseModel):
    """Steps that are done one after the other, all or none."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
    steps: Annotated[list[AnyStep], Field(min_length=1, max_length=STEPS_MAX)]


class UnitChange(BaseModel):
    """One unit before (null when it is new) and after."""

    unit: str
    before: UnitState | None
    after: UnitState


class Consequences(BaseModel):
    """What becomes of a unit's obligations. Periods that have ended never change."""

    plan: str
    unit: str
    added: int
    cancelled: int
    recalculated: int
    obligations: list[str] = Field(description=f"The first {OBLIGATIONS_SHOWN_MAX} of them.")


class ChangeSetDone(BaseModel):
    """What a set did, or would do."""

    result: str = Field(description="`applied`, `unchanged` (everything was so already), or `dry_run`.")
    dry_run: bool
    id: str | None
    units: list[UnitChange]
    obligations: list[Consequences]


class ChangeSetShown(BaseModel):
    """A set as it is kept."""

    id: str
    state: str = Field(description="`applying` until all units have it, then `applied`.")
    reason: str
    by: str
    recorded_at: str
    units: list[str]
    effects: list[dict[str, Any]]


_EXAMPLE = {
    "reason": "Nghị định 50/2011/NĐ-CP",
    "steps": [
        {"kind": "close", "unit": "VVT", "last_day": "2011-08-14", "successor": "CVT"},
        {"kind": "close", "unit": "CQLCL", "last_day": "2011-08-14"},
    ],
}
_CSV_EXAMPLE = (
    "code,name_vi,name_en,kind,peer_group,valid_from,valid_to,successor\n"
    "VVT,Vụ Viễn thông,Telecommunications Department,VU,VU,2007-12-25,2011-08-14,CVT\n"
    "CVT,Cục Viễn thông,Telecommunications Authority,CUC,CUC,2011-08-15,,\n"
)


def unit_change_routes(change: ChangeUnits) -> APIRouter:
    """`/v1/unit-changes`, `/v1/units/import`."""
    routes = APIRouter(prefix="/v1", tags=["units"], route_class=KnownParameters)

    @routes.post(
        "/unit-changes",
        status_code=201,
        response_model=ChangeSetDone,
        responses={200: {"model": ChangeSetDone, "description": "Unchanged, or a dry run"}},
        openapi_extra=body_of(ChangeSetInput, example=_EXAMPLE),
    )
    async def post(request: Request, principal: Writer, dry_run: DryRun = False) -> Response:
        """Change the tree: register, rename, move, close, reopen, merge, split; all steps or none.

        422 lists every fault with the step it is in; 409 while another set is being applied. A repeat of what was done
        is `unchanged`. After a crash in the middle the service goes on with the set by itself.
        """
        given = await read_body(request, ChangeSetInput)
        _check_unbound(principal)
        done = await change.change(given.steps, by=principal.subject, reason=given.reason, dry_run=dry_run)
        return _answer(done)

    @routes.get("/unit-changes", response_model=Listing[ChangeSetShown])
    async def listed(_principal: Reader, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None) -> Response:
        """Sets of changes, the newest first."""
        found, after = await change.page(limit=limit, cursor=cursor)
        return json_answer(Listing[ChangeSetShown](items=[_kept(held) for held in found], next_cursor=after))

    @routes.get("/unit-changes/{change_id}", response_model=ChangeSetShown)
    async def one(change_id: IdInPath, _principal: Reader) -> Response:
        """One set of changes."""
        return json_answer(_kept(await change.get(change_id)))

    @routes.post(
        "/units/import",
        status_code=201,
        response_model=ChangeSetDone,
        responses={200: {"model": ChangeSetDone, "description": "Unchanged, or a dry run"}},
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {CSV: {"schema": {"type": "string"}, "example": _CSV_EXAMPLE}},
            }
        },
    )
    async def imported(request: Request, principal: Writer, dry_run: DryRun = False) -> Response:
        """Register or change units from a CSV with a header (`docs/plan.md` has the columns), all lines or none.

        At most 2,000 units. 422 lists faults as `/lines/<line>/<column>`. Units that are so already are not written.
        """
        _check_unbound(principal)
        lines = await _lines(request)
        steps = [Register(kind="register", unit=unit) for _, unit in lines]
        try:
            done = await change.change(steps, by=principal.subject, reason="import", dry_run=dry_run)
        except Refusal as refusal:
            raise _by_line(refusal, {unit.code: line for line, unit in lines}) from refusal
        return _answer(done)

    return routes


def _check_unbound(principal: Principal) -> None:
    """The tree is everybody's: who is bound to one unit does not change it."""
    if principal.unit is not None:
        check_reach(principal, unit="")


async def _lines(request: Request) -> list[tuple[int, Any]]:
    content_type = request.headers.get("content-type", CSV).partition(";")[0].strip().lower()
    if content_type != CSV:
        raise Problem(
            415, detail=Text(f"Gửi nội dung dạng {CSV}.", f"Send the body as {CSV}."), headers={"Accept": CSV}
        )
    try:
        lines = read_unit_lines((await request.body()).decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        detail = Text("Tệp phải ở dạng UTF-8.", f"The file must be UTF-8: byte {error.start} is not.")
        raise Problem(400, "unreadable", detail=detail) from error
    except UnitErrors as errors:
        raise _faulty([_detail(fault) for fault in errors.faults]) from errors
    if len(lines) > IMPORT_LINES_MAX:
        detail = Text(f"Tối đa {IMPORT_LINES_MAX} đơn vị một lần.", f"At most {IMPORT_LINES_MAX} units at a time.")
        raise Problem(422, detail=detail)
    return lines


def _detail(fault: UnitFault) -> Detail:
    return Detail(f"/lines/{fault.line}/{fault.column}", Names(vi=fault.vi, en=fault.message), fault.hint)


def _by_line(refusal: Refusal, lines: dict[str, int]) -> Refusal:
    """The faults of the tree at the lines that they are in."""
    if not refusal.details:
        return refusal
    return _faulty(
        [
            Detail(f"/lines/{lines.get(detail.pointer.rpartition('/')[2], 0)}", detail.detail, detail.hint)
            for detail in refusal.details
        ]
    )


def _faulty(details: list[Detail]) -> Refusal:
    return Refusal(
        "not_valid",
        f"Tệp có {len(details)} lỗi; chưa ghi gì.",
        f"The file has {len(details)} faults; nothing was written.",
        details=details[:FAULTS_SHOWN_MAX],
        members={"faults_total": len(details)},
    )


def _answer(done: Outcome) -> Response:
    decided = done.decided
    answer = ChangeSetDone(
        result=done.result,
        dry_run=done.result == "dry_run",
        id=done.recorded.id if done.recorded else None,
        units=[
            UnitChange(unit=unit, before=decided.before.get(unit), after=state) for unit, state in decided.after.items()
        ],
        obligations=[_consequences(held) for held in done.consequences],
    )
    return json_answer(answer, 201 if done.result == "applied" else 200)


def _consequences(held: Consequence) -> Consequences:
    changes = held.changes
    cancelled = sum(fresh.obligation.outcome == "CANCELLED" for _, fresh in changes.replace)
    ids = [added.obligation for added in changes.insert] + [fresh.id for _, fresh in changes.replace]
    return Consequences(
        plan=held.plan,
        unit=held.unit,
        added=len(changes.insert),
        cancelled=cancelled,
        recalculated=len(changes.replace) - cancelled,
        obligations=ids[:OBLIGATIONS_SHOWN_MAX],
    )


def _kept(held: Recorded) -> ChangeSetShown:
    return ChangeSetShown(
        id=held.id,
        state=held.state,
        reason=held.reason,
        by=held.by,
        recorded_at=iso(held.recorded_ms),
        units=list(held.units),
        effects=EFFECTS.dump_python(held.effects, mode="json"),
    )
