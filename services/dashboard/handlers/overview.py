"""The facts of the overview: each region loads what it shows and nothing else."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from services.dashboard.domain.facts import Listed, Overview, Setting
from services.dashboard.domain.standing import Standing
from shared.events.notice import AlertState, DeliveryState, DigestState, ReminderState
from shared.events.obligation import ObligationState
from shared.events.score import EvaluationState

REGIONS = frozenset({"headline", "matrix", "ranking", "alerts", "notices"})
INBOX_MAX = 30
NOTICES_MAX = 12


class ObligationsOfYear(Protocol):
    async def of_year(self, plan: str, year: int) -> list[ObligationState]: ...


class StandingsOfYear(Protocol):
    async def standings(self, plan: str, year: int, now_ms: int) -> list[Standing]: ...


class EvaluationOfYear(Protocol):
    async def of_year(self, plan: str, year: int) -> EvaluationState | None: ...


class AlertInbox(Protocol):
    async def newest(
        self, plan: str, *, live_only: bool, limit: int, cursor: str | None = None
    ) -> Listed[AlertState]: ...

    async def live_by_severity(self, plan: str) -> dict[str, int]: ...


class DecidedReminders(Protocol):
    async def decided(self, plan: str, *, limit: int) -> list[ReminderState]: ...


class NewestDigests(Protocol):
    async def newest(self, plan: str, *, limit: int) -> list[DigestState]: ...


class NewestDeliveries(Protocol):
    async def newest(
        self, *, status: str | None = None, limit: int, cursor: str | None = None
    ) -> Listed[DeliveryState]: ...


@dataclass(frozen=True, slots=True)
class Overviews:
    """Answers what the overview shows."""

    obligations: ObligationsOfYear
    scores: StandingsOfYear
    evaluations: EvaluationOfYear
    alerts: AlertInbox
    reminders: DecidedReminders
    digests: NewestDigests
    deliveries: NewestDeliveries

    async def load(self, setting: Setting, regions: Collection[str] = REGIONS) -> Overview:
        """The facts that these regions show; empty before the first plan."""
        if setting.choice is None:
            return Overview()
        plan, year = setting.choice.state.plan, setting.choice.year
        head = "headline" in regions
        scored = head or "ranking" in regions
        inbox = "alerts" in regions
        notices = "notices" in regions
        return Overview(
            obligations=tuple(await self.obligations.of_year(plan, year)) if head or "matrix" in regions else (),
            standings=tuple(await self.scores.standings(plan, year, setting.now_ms)) if scored else (),
            evaluation=await self.evaluations.of_year(plan, year) if scored else None,
            alerts=(await self.alerts.newest(plan, live_only=True, limit=INBOX_MAX)).items if inbox else (),
            alerts_by_severity=await self.alerts.live_by_severity(plan) if head or inbox else {},
            reminders=tuple(await self.reminders.decided(plan, limit=NOTICES_MAX)) if notices else (),
            digests=tuple(await self.digests.newest(plan, limit=NOTICES_MAX)) if notices else (),
            deliveries=(await self.deliveries.newest(limit=NOTICES_MAX)).items if notices else (),
        )
