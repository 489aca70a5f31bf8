"""Obligations: what the completeness matrix is made of."""

from __future__ import annotations

from services.dashboard.repository.read_model import apply
from shared.events.obligation import ObligationState
from shared.store.documents import Collection, Documents, Index, scan

OBLIGATIONS = Collection("obligations", (Index(("plan", "year", "unit")),))
OF_YEAR_MAX = 20_000


class Obligations:
    """The newest state of every obligation."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def apply(self, state: ObligationState) -> bool:
        """Hold this state if it is newer."""
        document = {
            "_id": state.obligation,
            "revision": state.revision,
            "plan": state.plan,
            "year": state.year,
            "unit": state.unit,
            "state": state.model_dump(mode="json"),
        }
        return await apply(self._store, OBLIGATIONS.name, document)

    async def of_year(self, plan: str, year: int) -> list[ObligationState]:
        """Every obligation of a plan's year, at most OF_YEAR_MAX."""
        found = []
        async for document in scan(self._store, OBLIGATIONS.name, {"plan": plan, "year": year}, page_size=1000):
            found.append(ObligationState.model_validate(document["state"]))
            if len(found) == OF_YEAR_MAX:
                break
        return found

    async def of_unit(self, plan: str, year: int, unit: str) -> list[ObligationState]:
        """The obligations of one unit in a year, by due instant."""
        page = await self._store.find(OBLIGATIONS.name, {"plan": plan, "year": year, "unit": unit}, limit=500)
        states = [ObligationState.model_validate(document["state"]) for document in page.documents]
        return sorted(states, key=lambda state: (state.due_at_ms, state.obligation))
