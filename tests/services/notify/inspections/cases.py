"""Inspections in every phase, made by the machine itself."""

from __future__ import annotations

from services.notify.domain.inspections.machine import Actor, Found, accepted, found, proposed, remedied, stepped
from shared.events.inspection import InspectionPhase, InspectionState
from shared.events.report import Evidence
from shared.plan.model import Plan
from tests.services.notify.samples import at, plan

PAPER = Evidence(kind="document_number", reference="Quyết định 112/QĐ-TTTT")
PROOF = Evidence(kind="file", reference="bien-ban.pdf", sha256="a" * 64)


def actor(day: str = "2011-05-04", subject: str = "inspector", *lineage: str) -> Actor:
    return Actor(subject, lineage, at(f"{day} 10:00"), day)


def new(made: Plan | None = None, by: Actor | None = None) -> InspectionState:
    return proposed(
        made or plan(), "CVT", 1, causes=("risk_points",), points=7, alerts=("alert-1",), draw=None, reason=None,
        actor=by or actor(),
    )  # fmt: skip


def in_phase(phase: InspectionPhase, made: Plan | None = None, *severities: str) -> InspectionState:
    """An inspection of CVT in a phase, with a finding of each severity (high without any named) once visited."""
    made = made or plan()
    state = new(made)
    if phase == "PROPOSED":
        return state
    if phase == "CANCELLED":
        return stepped(
            made, state, "cancellation", on="2011-05-05", document=None, note="merged", actor=actor("2011-05-05")
        )
    state = stepped(made, state, "decision", on="2011-05-05", document=PAPER, note=None, actor=actor("2011-05-05"))
    if phase == "DECIDED":
        return state
    state = stepped(made, state, "visit", on="2011-05-12", document=PAPER, note=None, actor=actor("2011-05-12"))
    for number, severity in enumerate(severities or ("high",), start=1):
        given = Found(f"KN-{number:02d}", severity, "no backup", "INF-01")  # type: ignore[arg-type]
        state = found(state, given, actor("2011-05-13"))
    if phase == "VISITED":
        return state
    state = stepped(made, state, "conclusion", on="2011-05-20", document=PAPER, note=None, actor=actor("2011-05-20"))
    if phase == "CONCLUDED":
        return state
    for one in state.findings:
        state = remedied(state, one.finding, PROOF, actor("2011-05-24", "officer", "CVT"))
        state = accepted(state, one.finding, actor("2011-05-25"))
    return stepped(made, state, "closure", on="2011-05-26", document=PAPER, note=None, actor=actor("2011-05-26"))
