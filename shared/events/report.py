"""Events about reports."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.events.base import Part, Severity, State
from shared.events.obligation import Timeliness

ReportPhase = Literal["DRAFT", "SUBMITTED", "RETURNED", "APPROVED", "SEALED"]
ValueStatus = Literal["reported", "nil", "not_applicable"]


class Evidence(Part):
    """What supports a value."""

    kind: Literal["document_number", "url", "file"]
    reference: str
    sha256: str | None = None


class ReportedValue(Part):
    """One indicator's value in one report. Ratios and rates carry numerator and denominator, others `value`."""

    indicator: str
    status: ValueStatus = "reported"
    estimated: Literal[True] | None = Field(
        default=None, description="The unit calls its number an estimate. It counts, with less confidence."
    )
    value: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    reason: str | None = None
    evidence: Evidence | None = None


class Finding(Part):
    """A validation rule's finding that was stored with the report (a warning, or an explained one)."""

    code: str
    severity: Severity
    indicators: tuple[str, ...] = ()
    explanation: str | None = None
    unexplained: bool = Field(default=False, description="The rule asks for an explanation, and none was given.")


class ReportState(State):
    """The current version of a report: what was received, when, from whom, and where it stands."""

    report: str
    obligation: str
    plan: str
    plan_version: str
    form: str
    unit: str
    period: str
    year: int
    version: int = Field(ge=1, description="Version of the content; grows with each amendment.")
    phase: ReportPhase
    nil: bool = False
    values: tuple[ReportedValue, ...]
    findings: tuple[Finding, ...] = ()
    submitted_by: str
    received_at_ms: int
    timeliness: Timeliness
    returned_reason: str | None = None
    review_due_at_ms: int | None = Field(
        default=None, description="Last instant that reviewers have; null unless SUBMITTED under a form with a limit."
    )
    sha256: str = Field(description="Receipt: over the canonical JSON of the content.")
    changed_at_ms: int
