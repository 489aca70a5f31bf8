"""Due rungs of deadlines of inspections: held against the inspection as it stands, settled there, or handed on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

from prometheus_client import Counter

from services.notify.domain.day_mail import OwedDeadline
from services.notify.domain.inspections.nudges import PLAN_UNKNOWN, Nudge, Verdict, decide
from services.notify.domain.telling import settle
from services.notify.handlers.ports import PlanBook
from services.notify.handlers.watch_inspections import HeldInspection
from shared.events.inspection import InspectionState


class DueNudges(Protocol):
    async def due(self, now_ms: int) -> list[Nudge]: ...
    async def replace(self, row: Nudge) -> bool: ...


class Inspections(Protocol):
    async def get(self, inspection: str) -> HeldInspection | None: ...


class DueDeadlines:
    """Decides every due row: superseded, skipped, or owed."""

    def __init__(self, *, plans: PlanBook, inspections: Inspections, nudges: DueNudges, notices: Counter) -> None:
        self._plans = plans
        self._inspections = inspections
        self._nudges = nudges
        self._notices = notices

    async def owed(self, now_ms: int) -> tuple[list[OwedDeadline], int]:
        """What is to be told now, and how many rows were settled without."""
        by_inspection: dict[str, list[Nudge]] = defaultdict(list)
        for row in await self._nudges.due(now_ms):
            by_inspection[row.inspection].append(row)
        owed: list[OwedDeadline] = []
        settled: list[Nudge] = []
        for inspection, rows in by_inspection.items():
            held = await self._inspections.get(inspection)
            state = held.state if held else None
            for verdict in decide(state, rows):
                one = await self._told(verdict, state)
                if one is not None:
                    owed.append(one)
                else:
                    settled.append(_settled(verdict, now_ms))
        await self.settle(settled, now_ms)
        return owed, len(settled)

    async def settle(self, rows: Sequence[Nudge], now_ms: int) -> None:
        """Save what was decided. A row that moved on meanwhile was settled by another worker: that stands."""
        del now_ms
        for row in rows:
            if await self._nudges.replace(row) and row.status != "SENT":
                self._notices.labels("inspection", row.decision).inc()

    async def _told(self, verdict: Verdict, state: InspectionState | None) -> OwedDeadline | None:
        if verdict.status != "PENDING" or state is None:
            return None
        newest = await self._plans.newest(state.plan)
        return None if newest is None else OwedDeadline(verdict.nudge, state, newest[0])


def _settled(verdict: Verdict, now_ms: int) -> Nudge:
    """What was to be told and cannot, for want of its plan, has FAILED."""
    if verdict.status == "PENDING":
        return settle(verdict.nudge, "FAILED", PLAN_UNKNOWN, now_ms=now_ms)
    return settle(verdict.nudge, verdict.status, verdict.reason, now_ms=now_ms)
