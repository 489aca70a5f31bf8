"""What digests ask of silences, inspections and audit logs, in their own words."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Protocol

from services.notify.domain.alerts import Alert
from services.notify.domain.digests.anchors import AnchorOf, printed
from services.notify.domain.digests.material import DueStep, Silenced
from services.notify.domain.instants import local_day
from services.notify.domain.silences import Outage, Silence
from shared.audit.lines import Anchor
from shared.events.base import Names
from shared.events.inspection import InspectionState
from shared.plan.model import Plan

LOOK_BACK_DAYS = 390
"""How far back the last day with a line is looked for."""

ANY_ALERT = Names(vi="Mọi cảnh báo", en="Every alert")
OUTAGE = Names(vi="Sự cố, không báo cáo được", en="Outage: could not report")


class SilenceBook(Protocol):
    async def not_over(self, plan: str, now_ms: int) -> list[Silence]: ...


class OutageBook(Protocol):
    async def not_over(self, plan: str, now_ms: int) -> list[Outage]: ...


class AlertById(Protocol):
    async def get(self, alert: str) -> Alert | None: ...


class InspectionBook(Protocol):
    async def of_plan(self, plan: str) -> list[InspectionState]: ...


class OwnChains(Protocol):
    """The anchors of notify's own audit log."""

    async def chains(self) -> list[str]: ...
    async def anchors(self, chain: str, *, first: str, last: str) -> list[Anchor]: ...


class OthersAnchors(Protocol):
    async def before(self, day: str) -> list[AnchorOf]: ...


class PlanCodes(Protocol):
    async def codes(self) -> list[str]: ...


class AnchorsTold:
    """The newest anchors before a day (UTC): of the other services as they announced them, of our own as they stand."""

    def __init__(self, own: OwnChains, others: OthersAnchors, plans: PlanCodes) -> None:
        self._own = own
        self._others = others
        self._plans = plans

    async def printed(self, plan: Plan, at_ms: int) -> tuple[AnchorOf, ...]:
        day = local_day(at_ms, "UTC")
        ours = [one for chain in await self._own.chains() for one in await self._newest(chain, day)]
        return printed([*await self._others.before(day.isoformat()), *ours], plan.code, await self._plans.codes())

    async def _newest(self, chain: str, day: date) -> list[AnchorOf]:
        first, last = day - timedelta(days=LOOK_BACK_DAYS), day - timedelta(days=1)
        held = await self._own.anchors(chain, first=first.isoformat(), last=last.isoformat())
        return [AnchorOf("notify", one.chain, one.day, one.seq, one.hash) for one in held[-1:]]


class SilencesTold:
    """The silences that are active at a moment, each with what it names, and the outages."""

    def __init__(self, silences: SilenceBook, outages: OutageBook, alerts: AlertById) -> None:
        self._silences = silences
        self._outages = outages
        self._alerts = alerts

    async def silenced(self, plan: Plan, at_ms: int) -> list[Silenced]:
        active = [one for one in await self._silences.not_over(plan.code, at_ms) if one.is_active(at_ms)]
        away = [one for one in await self._outages.not_over(plan.code, at_ms) if one.is_active(at_ms)]
        told = [Silenced(one.unit, OUTAGE, one.owner, one.reason, one.ends_at_ms) for one in away]
        return [*[await self._told(plan, silence) for silence in active], *told]

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
