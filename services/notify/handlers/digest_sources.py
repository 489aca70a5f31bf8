"""What digests ask of silences and inspections, in their own words."""

from __future__ import annotations

from typing import Protocol

from services.notify.domain.alerts import Alert
from services.notify.domain.digests.material import DueStep, Silenced
from services.notify.domain.silences import Silence
from shared.events.base import Names
from shared.events.inspection import InspectionState
from shared.plan.model import Plan

ANY_ALERT = Names(vi="Mọi cảnh báo", en="Every alert")


class SilenceBook(Protocol):
    async def not_over(self, plan: str, now_ms: int) -> list[Silence]: ...


class AlertById(Protocol):
    async def get(self, alert: str) -> Alert | None: ...


class InspectionBook(Protocol):
    async def of_plan(self, plan: str) -> list[InspectionState]: ...


class SilencesTold:
    """The silences that are active at a moment, each with what it names."""

    def __init__(self, silences: SilenceBook, alerts: AlertById) -> None:
        self._silences = silences
        self._alerts = alerts

    async def silenced(self, plan: Plan, at_ms: int) -> list[Silenced]:
        active = [one for one in await self._silences.not_over(plan.code, at_ms) if one.is_active(at_ms)]
        return [await self._told(plan, silence) for silence in active]

    async def _told(self, plan: Plan, silence: Silence) -> Silenced:
        alert = await self._alerts.get(silence.alert) if silence.alert else None
        rules = {rule.code: rule.names for rule in plan.inspection}
        names = alert.names if alert else rules.get(silence.rule, ANY_ALERT)
        unit = silence.unit or (alert.unit if alert else "")
        return Silenced(unit, names, silence.owner, silence.reason, silence.ends_at_ms)


class InspectionsTold:
    """The next step of every inspection, and findings that are to be remedied, due before an instant."""

    def __init__(self, inspections: InspectionBook) -> None:
        self._inspections = inspections

    async def due_steps(self, plan: Plan, until_ms: int) -> list[DueStep]:
        found: list[DueStep] = []
        for state in await self._inspections.of_plan(plan.code):
            found += [step for step in _due(state) if step.due_at_ms <= until_ms]
        return found


def _due(state: InspectionState) -> list[DueStep]:
    steps = []
    if state.next_step is not None and state.next_due_at_ms is not None:
        steps.append(DueStep(state.inspection, state.unit, state.next_step, state.next_due_at_ms))
    open_findings = [finding.due_at_ms for finding in state.findings if finding.status == "OPEN"]
    due = [due_at_ms for due_at_ms in open_findings if due_at_ms is not None]
    return [*steps, *(DueStep(state.inspection, state.unit, "remediation", due_at_ms) for due_at_ms in due)]
