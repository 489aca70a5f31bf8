"""How the plan inspects: deadlines of the steps, days to remedy a finding, how often, how many by lot."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.plan.base import Code, Model

Days = Annotated[int, Field(ge=1, le=400)]


class RemediationDays(Model):
    """Days to remedy a finding, from the day of the conclusion; a last day off moves to the next working day."""

    high: Days = 7
    medium: Days = 30
    low: Days = 60

    def of(self, severity: str) -> int:
        """Days of a severity: high, medium, low."""
        return {"high": self.high, "medium": self.medium, "low": self.low}[severity]


class InspectionRung(Model):
    """A reminder some working days around a due day, to roles."""

    code: Code
    working_days: Annotated[int, Field(description="Relative to the due day; negative is before.", ge=-60, le=120)]
    to: Annotated[tuple[str, ...], Field(min_length=1)]


_STEP_RUNGS = (
    InspectionRung(code="BEFORE-2", working_days=-2, to=("standing_body_head",)),
    InspectionRung(code="AFTER-1", working_days=1, to=("standing_body_head",)),
)
_FINDING_RUNGS = (
    InspectionRung(code="BEFORE-3", working_days=-3, to=("report_officer", "unit_approver")),
    InspectionRung(code="BEFORE-1", working_days=-1, to=("report_officer", "unit_approver")),
    InspectionRung(code="AFTER-1", working_days=1, to=("unit_approver", "head_of_unit")),
    InspectionRung(code="AFTER-5", working_days=5, to=("head_of_unit", "standing_body_head")),
)


class InspectionProcess(Model):
    """Deadlines in working days from the step before; closure from the last day of the last remedy."""

    decision_working_days: Days = 5
    visit_working_days: Days = 15
    conclusion_working_days: Days = 15
    closure_working_days: Days = 10
    remediation_days: RemediationDays = RemediationDays()
    every_months: Annotated[int, Field(description="Every unit is inspected at least once in this time.", ge=1)] = 24
    draw_percent: Annotated[int, Field(description="Share of the units drawn by lot each year.", ge=1, le=100)] = 20
    step_rungs: Annotated[tuple[InspectionRung, ...], Field(max_length=20)] = _STEP_RUNGS
    finding_rungs: Annotated[tuple[InspectionRung, ...], Field(max_length=20)] = _FINDING_RUNGS
