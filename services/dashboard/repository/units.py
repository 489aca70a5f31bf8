"""Units as registered."""

from __future__ import annotations

from services.dashboard.repository.read_model import apply
from shared.events.unit import UnitState
from shared.store.documents import Collection, Documents

UNITS = Collection("units")
UNITS_MAX = 1000


class Units:
    """The newest state of every unit."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def apply(self, state: UnitState) -> bool:
        """Hold this state if it is newer."""
        # Contacts are left out: no page shows them, and what is not held cannot leak.
        held = state.model_dump(mode="json", exclude={"contacts"})
        return await apply(
            self._store, UNITS.name, {"_id": f"unit-{state.unit}", "revision": state.revision, "state": held}
        )

    async def all(self) -> dict[str, UnitState]:
        """Every unit by code, at most UNITS_MAX."""
        page = await self._store.find(UNITS.name, limit=UNITS_MAX)
        states = (UnitState.model_validate(document["state"]) for document in page.documents)
        return {state.unit: state for state in states}

    async def get(self, unit: str) -> UnitState | None:
        """One unit."""
        document = await self._store.get(UNITS.name, f"unit-{unit}")
        return UnitState.model_validate(document["state"]) if document else None
