"""Keep what intake and notify announce, and mark the evaluations that it changes.

The input is stored before the mark, and an event that comes again marks again: a crash between the two costs a
recomputation, never a change.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from pydantic import ValidationError

from services.scoring.domain.evaluations import evaluation_id, plan_and_year
from shared.clock import from_iso
from shared.errors import Permanent
from shared.events.base import State
from shared.events.catalog import BY_TYPE
from shared.events.envelope import Envelope
from shared.events.inspection import InspectionState
from shared.events.obligation import ObligationState
from shared.events.plan import PlanState
from shared.events.report import ReportState
from shared.events.unit import UnitState

Kind = TypeVar("Kind", bound=State)


class Plans(Protocol):
    async def apply(self, state: PlanState) -> None: ...


class Units(Protocol):
    async def apply(self, state: UnitState, *, at_ms: int) -> None: ...


class Ledger(Protocol):
    async def apply(self, state: ObligationState, evaluation: str) -> set[str]: ...


class Observations(Protocol):
    async def apply(self, state: ReportState, evaluation: str) -> set[str]: ...


class Findings(Protocol):
    async def apply(self, state: InspectionState) -> set[str]: ...


class Marks(Protocol):
    async def mark(self, plan: str, year: int) -> None: ...

    async def mark_plan(self, plan: str) -> None: ...


class Keep:
    """One method per noun that scoring consumes."""

    def __init__(
        self,
        *,
        plans: Plans,
        units: Units,
        ledger: Ledger,
        observations: Observations,
        findings: Findings,
        marks: Marks,
    ) -> None:
        self._plans = plans
        self._units = units
        self._ledger = ledger
        self._observations = observations
        self._findings = findings
        self._marks = marks

    async def plan(self, envelope: Envelope) -> None:
        if state := _state(envelope, PlanState):
            await self._plans.apply(state)
            await self._marks.mark_plan(state.plan)

    async def unit(self, envelope: Envelope) -> None:
        if state := _state(envelope, UnitState):
            await self._units.apply(state, at_ms=from_iso(envelope.time))

    async def obligation(self, envelope: Envelope) -> None:
        if state := _state(envelope, ObligationState):
            await self._mark(await self._ledger.apply(state, evaluation_id(state.plan, state.year)))

    async def report(self, envelope: Envelope) -> None:
        if state := _state(envelope, ReportState):
            await self._mark(await self._observations.apply(state, evaluation_id(state.plan, state.year)))

    async def inspection(self, envelope: Envelope) -> None:
        if state := _state(envelope, InspectionState):
            await self._mark(await self._findings.apply(state))

    async def _mark(self, evaluations: set[str]) -> None:
        for evaluation in sorted(evaluations):
            plan, year = plan_and_year(evaluation)
            await self._marks.mark(plan, year)


def _state(envelope: Envelope, kind: type[Kind]) -> Kind | None:
    """The state of this kind that the event carries; None for types of events that came after this consumer."""
    entry = BY_TYPE.get(envelope.type)
    if entry is None or entry.model is not kind:
        return None
    try:
        return kind.model_validate(envelope.data)
    except ValidationError as err:
        raise Permanent(f"{envelope.type} {envelope.id} does not carry its state: {err.error_count()} faults") from err
