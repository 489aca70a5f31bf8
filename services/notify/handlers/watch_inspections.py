"""What follows from an inspection that changed, or from time: reminder rows for its deadlines, alerts for overdue ones.

Crash: rows have their ids from the deadline and alerts their fingerprint, so looking again changes nothing; the mark is
taken off last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from services.notify.domain.alerts import Signal
from services.notify.domain.inspections.nudges import Nudge, planned
from services.notify.domain.inspections.signals import next_look_ms, of_inspection
from services.notify.handlers.ports import PlanBook
from shared.events.inspection import InspectionState

PAGE = 200


class HeldInspection(Protocol):
    @property
    def state(self) -> InspectionState: ...


Held = TypeVar("Held", bound=HeldInspection)


class InspectionsToLookAt(Protocol[Held]):
    async def to_look_at(self, now_ms: int, limit: int) -> list[Held]: ...
    async def looked_at(self, held: Held, *, next_ms: int | None) -> bool: ...


class NudgeRows(Protocol):
    async def add(self, rows: Sequence[Nudge]) -> int: ...


class RaiseAlerts(Protocol):
    async def apply_all(self, signals: Sequence[Signal], now_ms: int) -> int: ...


class WatchInspections(Generic[Held]):
    """Looks at every inspection whose mark is due, until none is."""

    def __init__(
        self,
        *,
        plans: PlanBook,
        inspections: InspectionsToLookAt[Held],
        nudges: NudgeRows,
        raise_alerts: RaiseAlerts,
    ) -> None:
        self._plans = plans
        self._inspections = inspections
        self._nudges = nudges
        self._raise = raise_alerts

    async def run(self, now_ms: int) -> int:
        """How many were looked at. One whose plan is not known stays marked and waits for it."""
        done = 0
        while found := await self._inspections.to_look_at(now_ms, PAGE):
            progressed = sum([await self._look(held, now_ms) for held in found])
            done += progressed
            if not progressed:
                break
        return done

    async def _look(self, held: Held, now_ms: int) -> bool:
        state = held.state
        newest = await self._plans.newest(state.plan)
        if newest is None:
            return False
        await self._nudges.add(planned(newest[0], state, now_ms=now_ms))
        await self._raise.apply_all(of_inspection(newest[0], state, now_ms=now_ms), now_ms)
        return await self._inspections.looked_at(held, next_ms=next_look_ms(newest[0], state, now_ms))
