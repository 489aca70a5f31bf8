"""Events about inspections: the decision, the visit, the conclusion with its findings, what was remedied, the end."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.events.base import Part, State
from shared.events.report import Evidence

InspectionPhase = Literal["PROPOSED", "DECIDED", "VISITED", "CONCLUDED", "CLOSED", "CANCELLED"]
InspectionStepCode = Literal["proposal", "decision", "visit", "conclusion", "closure", "cancellation"]
InspectionCause = Literal[
    "leadership", "risk_points", "long_overdue", "not_inspected_for_24_months", "drawn", "on_request"
]
FindingSeverity = Literal["low", "medium", "high"]
FindingStatus = Literal["OPEN", "REMEDIED", "ACCEPTED", "WITHDRAWN"]


class InspectionStep(Part):
    """One step that was taken: by whom, when it was entered, the day that its document bears."""

    step: InspectionStepCode
    on: str = Field(description="Day of the step by its document, ISO date.")
    by: str
    at_ms: int
    document: Evidence | None = None
    note: str | None = None


class InspectionFinding(Part):
    """One finding, and what became of it. `remedied_at_ms` is when the unit proved it; it counts once accepted."""

    finding: str
    code: str
    severity: FindingSeverity
    text: str
    indicator: str | None = None
    status: FindingStatus = "OPEN"
    due_day: str | None = Field(default=None, description="Last day to remedy it, ISO date; null until the conclusion.")
    due_at_ms: int | None = Field(default=None, description="Last instant on time.")
    evidence: Evidence | None = None
    remedied_by: str | None = None
    remedied_at_ms: int | None = None
    accepted_by: str | None = None
    accepted_at_ms: int | None = None
    reason: str | None = Field(default=None, description="Why the remedy was returned, or the finding withdrawn.")
    changed_at_ms: int
    revision: int = Field(ge=1, description="Grows with each change of this finding.")


class InspectionState(State):
    """One inspection of one unit under one plan, from the proposal to the closure."""

    inspection: str
    plan: str
    unit: str
    number: int = Field(ge=1, description="Of the inspections of this unit under this plan.")
    phase: InspectionPhase
    causes: tuple[InspectionCause, ...] = Field(description="Why it was proposed.")
    points: int = Field(description="Risk points of the unit when it was proposed.")
    alerts: tuple[str, ...] = Field(default=(), description="The open alerts behind the points.")
    draw: str | None = Field(default=None, description="The random draw that chose the unit.")
    steps: tuple[InspectionStep, ...]
    findings: tuple[InspectionFinding, ...] = ()
    visited_on: str | None = Field(default=None, description="Day of the visit, ISO date: when it was inspected last.")
    next_step: InspectionStepCode | None = None
    next_due_day: str | None = Field(default=None, description="Last day for the next step, ISO date.")
    next_due_at_ms: int | None = None
    opened_at_ms: int
    changed_at_ms: int
    changed_by: str
