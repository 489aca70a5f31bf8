"""Inspection rules of a plan: which signal makes an alert, how severe it is, whom it goes to when nobody answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from shared.events.base import Names
from shared.plan.base import Code, Model

Severity = Literal["low", "medium", "high"]
SignalName = Literal[
    "report_overdue",
    "two_in_a_row",
    "copied_report",
    "layers_differ",
    "evidence_missing",
    "band_fell",
    "far_below_target",
    "security_incident",
    "finding_overdue",
    "outlier_own_history",
    "outlier_peers",
    "pace_at_risk",
]


class InspectionRule(Model):
    """Where to look: a signal with its parameters, how severe, how many risk points.

    `condition` narrows the signal: CEL over the signal's facts, see `docs/plan.md`. A rule that fires again within
    `cooldown_hours` of its alert's end reopens that alert without a notice until the cooldown is over.
    """

    code: Code
    signal: SignalName
    names: Names
    severity: Severity
    points: Annotated[int, Field(ge=0, le=100)]
    condition: Annotated[str | None, Field(description="CEL; what must hold besides the signal.")] = None
    cooldown_hours: Annotated[int, Field(ge=0, le=8760)] = 0
    parameters: dict[str, Any] = Field(default_factory=dict)


class EscalationStep(Model):
    """Who is told when nobody has acknowledged, or when a promise was missed."""

    after_hours: Annotated[
        int | None, Field(description="Hours since the step before; null: only a missed promise.", ge=1, le=8760)
    ] = None
    to: Annotated[tuple[str, ...], Field(description="Roles at the standing body.", min_length=1, max_length=10)]


class Escalation(Model):
    """The chain of one severity; an alert keeps the chain that it was opened with."""

    severity: Severity
    steps: Annotated[tuple[EscalationStep, ...], Field(min_length=1, max_length=5)]
