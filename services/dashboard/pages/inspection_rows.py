"""Inspections in words, and as every page lists them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from services.dashboard.domain.facts import Setting
from services.dashboard.pages import rows
from services.dashboard.pages.catalogue import N_
from shared.events.inspection import InspectionFinding, InspectionState

PHASES = {
    "PROPOSED": N_("proposed"),
    "DECIDED": N_("decided"),
    "VISITED": N_("visited"),
    "CONCLUDED": N_("concluded"),
    "CLOSED": N_("closed"),
    "CANCELLED": N_("cancelled"),
}
STEPS = {
    "proposal": N_("Proposal"),
    "decision": N_("Decision"),
    "visit": N_("Visit with minutes"),
    "conclusion": N_("Conclusion"),
    "closure": N_("Closure"),
    "cancellation": N_("Cancellation"),
}
CAUSES = {
    "leadership": N_("many risk points: to the leadership"),
    "risk_points": N_("risk points"),
    "long_overdue": N_("overdue although the last reminder has gone out"),
    "not_inspected_for_24_months": N_("not inspected for 24 months"),
    "drawn": N_("drawn at random"),
    "on_request": N_("on request"),
}
FINDINGS = {
    "OPEN": N_("to be remedied"),
    "REMEDIED": N_("remedied, to be judged"),
    "ACCEPTED": N_("remedied"),
    "WITHDRAWN": N_("withdrawn"),
}
OVER = frozenset({"CLOSED", "CANCELLED"})


@dataclass(frozen=True, slots=True)
class InspectionRow:
    """One inspection as it is listed."""

    link: str
    unit_name: str
    address: str
    title: str
    phase: str
    look: str
    causes: str
    next: str
    is_late: bool
    findings: str
    changed: str
    machine: str


def list_rows(states: tuple[InspectionState, ...], setting: Setting, naming: rows.Naming) -> tuple[InspectionRow, ...]:
    """Inspections as they are listed."""
    return tuple(inspection_row(state, setting.now_ms, naming) for state in states)


def inspection_row(state: InspectionState, now_ms: int, naming: rows.Naming) -> InspectionRow:
    """One inspection with its next step and how its findings stand."""
    words = naming.words
    step_late = state.next_due_at_ms is not None and now_ms > state.next_due_at_ms and state.phase not in OVER
    following = words.say(STEPS[state.next_step]) if state.next_step else ""
    if following and state.next_due_day:
        following = words.say("{step} by {day}", step=following, day=words.iso_day(state.next_due_day))
    counted = [finding for finding in state.findings if finding.status != "WITHDRAWN"]
    remedied = sum(finding.status == "ACCEPTED" for finding in counted)
    late = sum(is_late(finding, now_ms) for finding in counted)
    findings = words.say("{done} of {n} remedied", done=remedied, n=len(counted)) if counted else ""
    if late:
        findings += words.say(", {n} overdue", n=late)
    return InspectionRow(
        link=naming.address.to(f"/inspections/{state.inspection}", peer=None),
        unit_name=naming.unit(state.unit),
        address=naming.link(state.unit),
        title=words.say("Inspection no. {n}", n=state.number),
        phase=words.say(PHASES[state.phase]),
        look=state.phase.lower(),
        causes=", ".join(words.say(CAUSES.get(cause, cause)) for cause in state.causes),
        next=following,
        is_late=step_late or late > 0,
        findings=findings,
        changed=words.moment(state.changed_at_ms),
        machine=words.machine(state.changed_at_ms),
    )


def is_late(finding: InspectionFinding, now_ms: int) -> bool:
    """Whether it should have been remedied by now and nobody has shown that it was."""
    return finding.status == "OPEN" and finding.due_at_ms is not None and now_ms > finding.due_at_ms
