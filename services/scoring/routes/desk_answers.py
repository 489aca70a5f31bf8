"""How the appraisal desk answers."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from services.scoring.domain.round.criteria import CriterionStatus
from shared.events.base import Names
from shared.events.round import AppraisalOutcome, ClarificationState, Opinion, SelfExplanation
from shared.events.score import EvaluationPhase


class CellShown(BaseModel):
    """A criterion in one layer: annual value, share in [0, 1], points."""

    status: str
    value: float | None
    share: float | None
    points: float | None
    points_max: float | None


class EvidenceShown(BaseModel):
    """What supports the reported value, and the report that it came with."""

    report: str
    version: int
    kind: str
    reference: str
    sha256: str | None = None


class CriterionShown(BaseModel):
    """One criterion. `layers`: `self`, `appraised` (null where nothing was appraised), `final`."""

    indicator: str
    names: Names
    weight: float
    computed_by: str = Field(description="`form`, or what the platform counts: then nobody appraises it.")
    status: CriterionStatus
    revision: int = Field(description="Give it as If-Match to appraise; 0: give none.")
    layers: dict[str, CellShown | None]
    evidence: list[EvidenceShown]
    explanation: SelfExplanation | None
    unsupported: bool = Field(description="A self value with neither evidence nor explanation.")
    outcome: AppraisalOutcome | None
    reason: str | None
    appraiser: str | None
    appraised_at_ms: int | None
    waits_for: str | None = Field(description="`second` or `referee` while another identity is awaited.")
    opinions: list[Opinion]
    clarification: ClarificationState | None


class DeskShown(BaseModel):
    """A unit's criteria, and its published index in each layer."""

    plan: str
    plan_version: str
    year: int
    unit: str
    phase: EvaluationPhase
    provisional: bool
    inputs_sha256: str
    index: dict[str, float | None]
    criteria: list[CriterionShown]


class ConfirmedShown(BaseModel):
    """Criteria that were confirmed, and why others were left (indicator -> name of the reason)."""

    confirmed: list[str]
    left: dict[str, str]


class PreviewShown(BaseModel):
    """Units whose index, rank or band would move, at most 500 of `total`, by their new rank."""

    total: int
    items: list[dict[str, Any]]
