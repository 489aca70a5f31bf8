"""The inspection as a process: what each action does in each phase, and why not. Pure.

    PROPOSED -decision-> DECIDED -visit-> VISITED -conclusion-> CONCLUDED -closure-> CLOSED
    (cancellation from PROPOSED, DECIDED and VISITED)                 findings are written down in VISITED

    a finding: OPEN -remedy-> REMEDIED -accept-> ACCEPTED      REMEDIED -give_back-> OPEN
               (withdraw from OPEN and REMEDIED -> WITHDRAWN)

Every function takes the state and gives the next one, or raises a Refusal with its named reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.notify.domain.inspections.deadlines import Deadline, closure_deadline, remedy_deadline, step_deadline
from services.notify.domain.inspections.refusals import forbidden, not_valid, refused, wrong_phase, wrong_status
from shared.events.inspection import (
    FindingSeverity,
    FindingStatus,
    InspectionCause,
    InspectionFinding,
    InspectionPhase,
    InspectionState,
    InspectionStep,
    InspectionStepCode,
)
from shared.events.report import Evidence
from shared.plan.model import Plan
from shared.refusal import Refusal, not_found

PHASES_OF: dict[str, frozenset[InspectionPhase]] = {
    "decision": frozenset({"PROPOSED"}),
    "visit": frozenset({"DECIDED"}),
    "find": frozenset({"VISITED"}),
    "conclusion": frozenset({"VISITED"}),
    "withdraw": frozenset({"VISITED", "CONCLUDED"}),
    "remedy": frozenset({"CONCLUDED"}),
    "accept": frozenset({"CONCLUDED"}),
    "give_back": frozenset({"CONCLUDED"}),
    "closure": frozenset({"CONCLUDED"}),
    "cancellation": frozenset({"PROPOSED", "DECIDED", "VISITED"}),
}
"""In which phases each action may be taken."""

STATUSES_OF: dict[str, frozenset[FindingStatus]] = {
    "remedy": frozenset({"OPEN"}),
    "accept": frozenset({"REMEDIED"}),
    "give_back": frozenset({"REMEDIED"}),
    "withdraw": frozenset({"OPEN", "REMEDIED"}),
}
"""In which states of its finding each action may be taken."""

STEPS: dict[InspectionStepCode, tuple[InspectionPhase, InspectionStepCode | None]] = {
    "decision": ("DECIDED", "visit"),
    "visit": ("VISITED", "conclusion"),
    "conclusion": ("CONCLUDED", "closure"),
    "closure": ("CLOSED", None),
    "cancellation": ("CANCELLED", None),
}
"""Step -> the phase that it leads to, and the step that is owed then."""

UNDER_WAY: frozenset[InspectionPhase] = frozenset({"PROPOSED", "DECIDED", "VISITED", "CONCLUDED"})
FINDINGS_MAX = 100


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: identity, the units that they belong to (their own first, then those above), when and on which day."""

    subject: str
    lineage: tuple[str, ...]
    now_ms: int
    today: str


@dataclass(frozen=True, slots=True)
class Found:
    """A finding as it is written down."""

    code: str
    severity: FindingSeverity
    text: str
    indicator: str | None = None


def check_not_own(actor: Actor, unit: str) -> None:
    """403 for a member of the unit, or of anything below it: nobody inspects their own unit."""
    if unit in actor.lineage:
        raise forbidden(
            "own_unit",
            f"Không được kiểm tra đơn vị của mình: {actor.lineage[0]} thuộc {unit}.",
            f"Nobody inspects their own unit: {actor.lineage[0]} belongs to {unit}.",
            unit=unit,
        )


def proposed(
    plan: Plan,
    unit: str,
    number: int,
    *,
    causes: Sequence[InspectionCause],
    points: int,
    alerts: Sequence[str],
    draw: str | None,
    reason: str | None,
    actor: Actor,
) -> InspectionState:
    """A new inspection, which waits for its decision."""
    check_not_own(actor, unit)
    due = step_deadline(plan, "decision", actor.today)
    return InspectionState(
        revision=1,
        inspection=inspection_id(plan.code, unit, number),
        plan=plan.code,
        unit=unit,
        number=number,
        phase="PROPOSED",
        causes=tuple(causes),
        points=points,
        alerts=tuple(alerts),
        draw=draw,
        steps=(InspectionStep(step="proposal", on=actor.today, by=actor.subject, at_ms=actor.now_ms, note=reason),),
        next_step="decision",
        next_due_day=due.day,
        next_due_at_ms=due.at_ms,
        opened_at_ms=actor.now_ms,
        changed_at_ms=actor.now_ms,
        changed_by=actor.subject,
    )


def inspection_id(plan: str, unit: str, number: int) -> str:
    return f"inspection-{plan}-{unit}-{number}"


def inspection_of(finding: str) -> str:
    """The inspection that a finding belongs to: its id says so."""
    return "inspection-" + finding.removeprefix("finding-").rpartition("-")[0]


def stepped(
    plan: Plan,
    held: InspectionState,
    step: InspectionStepCode,
    *,
    on: str,
    document: Evidence | None,
    note: str | None,
    actor: Actor,
) -> InspectionState:
    """The inspection after a step. `on` is the day of its document: not before the last step's, not after today."""
    _check(held, step, actor)
    _check_day(held, on, actor)
    if step == "cancellation":
        if not note:
            raise not_valid("no_reason", "Nêu lý do hủy.", "Say why it is cancelled.", "/note")
    elif document is None:
        raise not_valid("no_document", "Bước này cần văn bản.", "This step needs its document.", "/document")
    if step == "closure":
        _check_all_settled(held)
    phase, following = STEPS[step]
    taken = InspectionStep(step=step, on=on, by=actor.subject, at_ms=actor.now_ms, document=document, note=note)
    findings = _with_deadlines(plan, held.findings, on, actor) if step == "conclusion" else held.findings
    due = _next_deadline(plan, following, on, findings)
    return _next(
        held,
        actor,
        phase=phase,
        steps=(*held.steps, taken),
        findings=findings,
        visited_on=on if step == "visit" else held.visited_on,
        next_step=following,
        next_due_day=due.day if due else None,
        next_due_at_ms=due.at_ms if due else None,
    )


def found(held: InspectionState, given: Found, actor: Actor) -> InspectionState:
    """One more finding; its deadline comes with the conclusion."""
    _check(held, "find", actor)
    if len(held.findings) >= FINDINGS_MAX:
        raise refused("too_many_findings", f"Tối đa {FINDINGS_MAX} kiến nghị.", f"At most {FINDINGS_MAX} findings.")
    if any(one.code == given.code and one.status != "WITHDRAWN" for one in held.findings):
        raise refused(
            "code_taken",
            f"Cuộc kiểm tra này đã có kiến nghị {given.code}; hãy dùng mã khác.",
            f"This inspection has a finding {given.code} already; give this one another code.",
            code=given.code,
        )
    finding = InspectionFinding(
        finding=f"finding-{held.inspection.removeprefix('inspection-')}-{len(held.findings) + 1}",
        code=given.code,
        severity=given.severity,
        text=given.text,
        indicator=given.indicator,
        changed_at_ms=actor.now_ms,
        revision=1,
    )
    return _next(held, actor, findings=(*held.findings, finding))


def remedied(held: InspectionState, finding: str, evidence: Evidence, actor: Actor) -> InspectionState:
    """The unit (or an inspector who received it) shows that a finding is remedied. Saying so again changes nothing."""
    one = finding_of(held, finding)
    if one.status == "REMEDIED" and (one.evidence, one.remedied_by) == (evidence, actor.subject):
        return held
    _check_phase(held, "remedy")
    _check_status(one, "remedy")
    told = {"status": "REMEDIED", "evidence": evidence, "remedied_by": actor.subject, "remedied_at_ms": actor.now_ms}
    return _with_finding(held, one, actor, **told, reason=None)


def accepted(held: InspectionState, finding: str, actor: Actor) -> InspectionState:
    """An inspector accepts the remedy: not one of the unit, not who entered it."""
    one = _to_judge(held, finding, "accept", actor)
    if one.remedied_by == actor.subject:
        raise forbidden(
            "own_remedy",
            "Người đã nhập kết quả khắc phục không được tự chấp nhận.",
            "Who entered the remedy does not accept it.",
        )
    return _with_finding(held, one, actor, status="ACCEPTED", accepted_by=actor.subject, accepted_at_ms=actor.now_ms)


def given_back(held: InspectionState, finding: str, reason: str, actor: Actor) -> InspectionState:
    """The remedy is not enough: the finding is open again, under the same deadline."""
    one = _to_judge(held, finding, "give_back", actor)
    return _with_finding(held, one, actor, status="OPEN", evidence=None, remedied_by=None, remedied_at_ms=None,
                         reason=reason)  # fmt: skip


def withdrawn(held: InspectionState, finding: str, reason: str, actor: Actor) -> InspectionState:
    """The finding does not stand: it counts nowhere any more."""
    one = _to_judge(held, finding, "withdraw", actor)
    return _with_finding(held, one, actor, status="WITHDRAWN", reason=reason)


def finding_of(held: InspectionState, finding: str) -> InspectionFinding:
    """The finding of that id; a refusal (not found) without it."""
    for one in held.findings:
        if one.finding == finding:
            return one
    raise not_found(f"kiến nghị {finding}", f"finding {finding}")


def check_version(held: InspectionState, named: int | None) -> None:
    """412 when the version that was named is not the current one; nothing named is not checked."""
    if named is not None and named != held.revision:
        raise _moved(held)


def _moved(held: InspectionState) -> Refusal:
    return Refusal(
        "version_moved",
        f"Cuộc kiểm tra đã thay đổi; hiện là phiên bản {held.revision}.",
        f"The inspection has changed; version {held.revision} stands.",
        members={"current_version": held.revision, "phase": held.phase},
    )


def _to_judge(held: InspectionState, finding: str, action: str, actor: Actor) -> InspectionFinding:
    _check(held, action, actor)
    one = finding_of(held, finding)
    _check_status(one, action)
    return one


def _check(held: InspectionState, action: str, actor: Actor) -> None:
    check_not_own(actor, held.unit)
    _check_phase(held, action)


def _check_phase(held: InspectionState, action: str) -> None:
    if held.phase not in PHASES_OF[action]:
        raise wrong_phase(held.phase, PHASES_OF[action])


def _check_status(one: InspectionFinding, action: str) -> None:
    if one.status not in STATUSES_OF[action]:
        raise wrong_status(one.status, STATUSES_OF[action])


def _check_day(held: InspectionState, on: str, actor: Actor) -> None:
    last = held.steps[-1].on
    if on > actor.today:
        raise not_valid("day_ahead", "Ngày này chưa đến.", "That day is still to come.", "/on")
    if on < last:
        raise not_valid(
            "day_before_last_step",
            f"Ngày của bước này không được trước bước liền trước ({last}).",
            f"A step does not come before the one before it ({last}).",
            "/on",
        )


def _check_all_settled(held: InspectionState) -> None:
    waiting = [one.finding for one in held.findings if one.status in ("OPEN", "REMEDIED")]
    if waiting:
        raise refused(
            "findings_open",
            f"Còn {len(waiting)} kiến nghị chưa được chấp nhận khắc phục.",
            f"The remedy of {len(waiting)} findings is not accepted yet.",
            findings=waiting,
        )


def _with_deadlines(
    plan: Plan, findings: Sequence[InspectionFinding], concluded_on: str, actor: Actor
) -> tuple[InspectionFinding, ...]:
    return tuple(
        one if one.status == "WITHDRAWN" else _due(one, remedy_deadline(plan, one.severity, concluded_on), actor)
        for one in findings
    )


def _due(one: InspectionFinding, due: Deadline, actor: Actor) -> InspectionFinding:
    changed = {"due_day": due.day, "due_at_ms": due.at_ms, "changed_at_ms": actor.now_ms, "revision": one.revision + 1}
    return one.model_copy(update=changed)


def _next_deadline(
    plan: Plan, following: InspectionStepCode | None, on: str, findings: Sequence[InspectionFinding]
) -> Deadline | None:
    if following is None:
        return None
    if following == "closure":
        return closure_deadline(plan, on, [one.due_day for one in findings])
    return step_deadline(plan, following, on)


def _with_finding(held: InspectionState, one: InspectionFinding, actor: Actor, **told: Any) -> InspectionState:
    changed = one.model_copy(update={**told, "changed_at_ms": actor.now_ms, "revision": one.revision + 1})
    findings = tuple(changed if each.finding == one.finding else each for each in held.findings)
    return _next(held, actor, findings=findings)


def _next(held: InspectionState, actor: Actor, **changes: Any) -> InspectionState:
    stamp = {"revision": held.revision + 1, "changed_at_ms": actor.now_ms, "changed_by": actor.subject}
    return held.model_copy(update={**changes, **stamp})
