"""Names of units, for answers. What a unit owes, and with whom it is ranked, comes from the ledger."""

from __future__ import annotations

from collections.abc import Sequence

from services.scoring.repository.collections import UNITS
from services.scoring.repository.newest import keep_newest
from shared.events.unit import UnitState
from shared.store.documents import FIND_LIMIT_MAX, Documents


class Units:
    def __init__(self, store: Documents) -> None:
        self._store = store

    async def apply(self, state: UnitState) -> None:
        """Keep the newest state of a unit."""
        document = {
            "_id": f"unit-{state.unit}",
            "unit": state.unit,
            "revision": state.revision,
            "names": state.names.model_dump(),
        }
        await keep_newest(self._store, UNITS.name, document)

    async def names(self, units: Sequence[str]) -> dict[str, dict[str, str]]:
        """Unit -> names in both languages, of those that are registered."""
        found: dict[str, dict[str, str]] = {}
        for start in range(0, len(units), FIND_LIMIT_MAX):
            ids = [f"unit-{unit}" for unit in units[start : start + FIND_LIMIT_MAX]]
            for held in await self._store.get_many(UNITS.name, ids):
                found[held["unit"]] = held["names"]
        return found
