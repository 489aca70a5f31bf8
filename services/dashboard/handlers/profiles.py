"""The facts of one unit's profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from services.dashboard.domain.facts import Profile, Setting
from services.dashboard.domain.standing import Standing
from shared.events.inspection import InspectionState
from shared.events.notice import AlertState, DeliveryState, ReminderState
from shared.events.obligation import ObligationState
from shared.events.report import ReportState
from shared.events.score import ScoreState

ROWS_MAX = 30


class UnitObligations(Protocol):
    async def of_unit(self, plan: str, year: int, unit: str) -> list[ObligationState]: ...


class UnitReports(Protocol):
    async def of_unit(self, plan: str, year: int, unit: str) -> dict[str, ReportState]: ...


class UnitScores(Protocol):
    async def standings(self, plan: str, year: int, now_ms: int) -> list[Standing]: ...

    async def get(self, plan: str, year: int, unit: str) -> ScoreState | None: ...


class UnitAlerts(Protocol):
    async def of_unit(self, plan: str, unit: str, *, limit: int) -> list[AlertState]: ...


class UnitInspections(Protocol):
    async def of_unit(self, plan: str, unit: str, *, limit: int) -> list[InspectionState]: ...


class UnitReminders(Protocol):
    async def of_unit(self, plan: str, unit: str, *, limit: int) -> list[ReminderState]: ...


class UnitDeliveries(Protocol):
    async def of_unit(self, unit: str, *, limit: int) -> list[DeliveryState]: ...


@dataclass(frozen=True, slots=True)
class Profiles:
    """Answers what a unit's profile shows."""

    obligations: UnitObligations
    reports: UnitReports
    scores: UnitScores
    alerts: UnitAlerts
    inspections: UnitInspections
    reminders: UnitReminders
    deliveries: UnitDeliveries

    async def load(self, setting: Setting, code: str) -> Profile | None:
        """The profile of a unit in the chosen plan and year; None when plan or unit is not known."""
        unit = setting.units.get(code)
        if setting.choice is None or unit is None:
            return None
        plan, year = setting.choice.state.plan, setting.choice.year
        standings = await self.scores.standings(plan, year, setting.now_ms)
        score = await self.scores.get(plan, year, code)
        # A unit is ranked in the group that it was scored in, wherever it stands in the tree today.
        group = score.peer_group if score else unit.peer_group
        return Profile(
            unit=unit,
            score=score,
            peers=tuple(standing for standing in standings if standing.peer_group == group),
            obligations=tuple(await self.obligations.of_unit(plan, year, code)),
            reports=await self.reports.of_unit(plan, year, code),
            alerts=tuple(await self.alerts.of_unit(plan, code, limit=ROWS_MAX)),
            inspections=tuple(await self.inspections.of_unit(plan, code, limit=ROWS_MAX)),
            reminders=tuple(await self.reminders.of_unit(plan, code, limit=ROWS_MAX)),
            deliveries=tuple(await self.deliveries.of_unit(code, limit=ROWS_MAX)),
        )
