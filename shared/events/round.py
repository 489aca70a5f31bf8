"""Events about the round of an evaluation: its phases, what was appraised, what was contested."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.events.base import Part, State
from shared.events.score import EvaluationPhase

WindowName = Literal["self_scoring", "appraisal", "clarification"]
AppraisalOutcome = Literal["confirmed", "value", "not_applicable", "rejected"]
OpinionPlace = Literal["first", "second", "referee"]
ClarificationStatus = Literal["OPEN", "ACCEPTED", "REJECTED"]


class Window(Part):
    """A time in which something may be done: `opens_at_ms` <= now < `closes_at_ms`."""

    opens_at_ms: int
    closes_at_ms: int


class Calendar(Part):
    """The three windows of a round, in order, and the last day whose evidence counts."""

    self_scoring: Window
    appraisal: Window
    clarification: Window
    cut_off_day: str = Field(description="ISO date; evidence dated later is refused.")


class RoundStep(Part):
    """One step of the round. `by` is `clock` where time took it."""

    before: EvaluationPhase
    after: EvaluationPhase
    at_ms: int
    by: str
    reason: str


class Rescheduling(Part):
    """A window that was moved."""

    window: WindowName
    before: Window
    after: Window
    at_ms: int
    by: str
    reason: str


class RoundState(State):
    """The round of one (plan, year): where it stands, its calendar, how it came there."""

    round: str
    evaluation: str
    plan: str
    year: int
    phase: EvaluationPhase
    calendar: Calendar
    appraisals_needed: Literal[1, 2] = Field(default=1, description="How many identities appraise each criterion.")
    second_appraisal_threshold: float = Field(
        default=0.0,
        description="Two appraised values that differ by more than this share of the larger one need a referee.",
    )
    opened_by: str
    opened_at_ms: int
    reason: str = Field(default="", description="On what decision it was opened.")
    entered_at_ms: int = Field(description="Since when it stands in this phase.")
    steps: tuple[RoundStep, ...] = ()
    reschedulings: tuple[Rescheduling, ...] = ()
    changed_at_ms: int


class SelfExplanation(Part):
    """What the unit says about its own value."""

    text: str
    by: str
    at_ms: int


class Opinion(Part):
    """What one appraiser found. `self_value` is the annual value that was reported then."""

    place: OpinionPlace
    outcome: AppraisalOutcome
    value: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    reason: str | None = None
    by: str
    at_ms: int
    revision: int
    self_value: float | None = None


class Settled(Part):
    """What the opinions come to: it takes the place of the reported value."""

    outcome: AppraisalOutcome
    value: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    at_ms: int
    revision: int


class AppraisalState(State):
    """One criterion of one unit in a round. `opinions` are all that were ever given, oldest first."""

    appraisal: str
    evaluation: str
    plan: str
    year: int
    unit: str
    indicator: str
    explanation: SelfExplanation | None = None
    opinions: tuple[Opinion, ...] = ()
    settled: Settled | None = Field(default=None, description="Null while another opinion or the referee is awaited.")
    disputed: bool = Field(default=False, description="Two opinions differ too much: a third identity decides.")
    changed_at_ms: int


class DatedEvidence(Part):
    """What supports a clarification, and the day (ISO date) that it bears."""

    kind: Literal["document_number", "url", "file"]
    reference: str
    sha256: str | None = None
    dated: str


class ClarificationDecision(Part):
    """What was decided about a request; with an outcome, that takes the place of what was appraised."""

    accepted: bool
    outcome: AppraisalOutcome | None = None
    value: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    reason: str
    by: str
    at_ms: int


class ClarificationState(State):
    """The one request of a unit about one criterion, and what became of it."""

    clarification: str
    evaluation: str
    plan: str
    year: int
    unit: str
    indicator: str
    status: ClarificationStatus
    text: str
    evidence: tuple[DatedEvidence, ...] = ()
    by: str
    at_ms: int
    decision: ClarificationDecision | None = None
    changed_at_ms: int
