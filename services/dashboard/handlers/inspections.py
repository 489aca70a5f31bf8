"""Inspections: whom to inspect and the draws, asked of notify; the inspections themselves, by events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from services.dashboard.domain.asking import Reader
from services.dashboard.domain.facts import Listed
from services.dashboard.domain.told import Draw, Proposal, Verdict
from services.dashboard.handlers.ask import answer_or_none
from shared.events.inspection import InspectionState
from shared.events.notice import AlertState


class InspectionsHeld(Protocol):
    async def page(
        self, plan: str, *, phase: str | None, limit: int, cursor: str | None
    ) -> Listed[InspectionState]: ...
    async def get(self, inspection: str) -> InspectionState | None: ...


class AlertsKept(Protocol):
    async def get(self, alert: str) -> AlertState | None: ...


class InspectionApi(Protocol):
    async def proposals(self, plan: str, reader: Reader) -> list[Proposal]: ...
    async def draws(self, plan: str, reader: Reader) -> list[Draw]: ...
    async def verify(self, draw: str, reader: Reader) -> Verdict: ...


@dataclass(frozen=True, slots=True)
class Lists:
    """Whom to inspect and the draws; None where notify did not answer. `verdict` of the draw that was repeated."""

    proposals: tuple[Proposal, ...] | None
    draws: tuple[Draw, ...] | None
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class InspectionFacts:
    """One inspection with the alerts behind its points, as far as they are known."""

    state: InspectionState
    alerts: tuple[AlertState, ...]


class InspectionPages:
    """Answers what the pages about inspections show."""

    def __init__(self, *, held: InspectionsHeld, alerts: AlertsKept, api: InspectionApi) -> None:
        self._held = held
        self._alerts = alerts
        self._api = api

    async def page(self, plan: str, *, phase: str | None, limit: int, cursor: str | None) -> Listed[InspectionState]:
        """Inspections, the latest change first; `Permanent` when the cursor is not of this list."""
        return await self._held.page(plan, phase=phase, limit=limit, cursor=cursor)

    async def lists(self, plan: str, *, verify: str | None, reader: Reader) -> Lists:
        """What notify answers. `verify`: the draw to repeat. `Refused` when the reader may not ask."""
        proposals = await answer_or_none(self._api.proposals(plan, reader))
        if proposals is None:
            return Lists(None, None, None)
        draws = await answer_or_none(self._api.draws(plan, reader))
        known = verify if any(draw.draw == verify for draw in draws or ()) else None
        verdict = await answer_or_none(self._api.verify(known, reader)) if known else None
        return Lists(tuple(proposals), None if draws is None else tuple(draws), verdict)

    async def one(self, inspection: str) -> InspectionFacts | None:
        """One inspection; None when no event told of it."""
        state = await self._held.get(inspection)
        if state is None:
            return None
        found = [await self._alerts.get(alert) for alert in state.alerts]
        return InspectionFacts(state, tuple(alert for alert in found if alert is not None))
