"""Inspections carried out on the pages: proposed, and taken from step to step. Notify decides; its answer is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from services.dashboard.domain.asking import Reader
from services.dashboard.handlers.ask import Outcome, one_by_one
from shared.clock import Clock
from shared.events.inspection import InspectionState


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an inspection: where below it, in parts of the path, and what is sent; None sends nothing."""

    at: tuple[str, ...]
    body: Mapping[str, Any] | None = None


class InspectionsApplied(Protocol):
    async def apply(self, state: InspectionState) -> bool: ...


class InspectionChanges(Protocol):
    async def propose(self, plan: str, unit: str, *, reason: str, reader: Reader) -> InspectionState: ...
    async def change_inspection(
        self,
        inspection: str,
        at: tuple[str, ...],
        body: Mapping[str, Any] | None,
        *,
        version: int | None,
        reader: Reader,
    ) -> InspectionState: ...


class InspectionDesk:
    """Writes about inspections. `note(noun, time_ms)` is told of each state that was applied."""

    def __init__(
        self, *, held: InspectionsApplied, api: InspectionChanges, note: Callable[[str, int], None], clock: Clock
    ) -> None:
        self._held = held
        self._api = api
        self._note = note
        self._clock = clock

    async def propose(self, plan: str, unit: str, *, reason: str, reader: Reader) -> Outcome:
        """Propose the inspection of a unit; the reason may be empty for one that stands on the list."""

        async def one(code: str) -> None:
            await self._apply(await self._api.propose(plan, code, reason=reason, reader=reader))

        return await one_by_one([unit], one)

    async def change(self, inspection: str, change: Change, *, version: int | None, reader: Reader) -> Outcome:
        """Carry out one change. `version`: the revision that the reader saw; None for any."""

        async def one(id: str) -> None:
            given = await self._api.change_inspection(id, change.at, change.body, version=version, reader=reader)
            await self._apply(given)

        return await one_by_one([inspection], one)

    async def _apply(self, state: InspectionState) -> None:
        if await self._held.apply(state):
            self._note("inspection", self._clock.now_ms())
