"""The auditor of what was sent: its last pass, asked of notify, and its open alerts, by events."""

from __future__ import annotations

from typing import Protocol

from services.dashboard.domain.asking import Reader
from services.dashboard.domain.facts import Audit
from services.dashboard.domain.told import ReminderLevel
from services.dashboard.handlers.ask import answer_or_none
from shared.events.notice import AlertState


class AuditorAlerts(Protocol):
    async def live_of_signal(self, signal: str, *, limit: int) -> list[AlertState]: ...


class LevelApi(Protocol):
    async def level(self, reader: Reader) -> ReminderLevel: ...


AUDITOR = "auditor"
ALERTS_MAX = 20


class Audits:
    """Answers what the pipeline page shows of the auditor."""

    def __init__(self, *, alerts: AuditorAlerts, api: LevelApi) -> None:
        self._alerts = alerts
        self._api = api

    async def load(self, reader: Reader) -> Audit:
        """The auditor now. `Refused` when the reader may not ask notify."""
        alerts = await self._alerts.live_of_signal(AUDITOR, limit=ALERTS_MAX)
        return Audit(tuple(alerts), await answer_or_none(self._api.level(reader)))
