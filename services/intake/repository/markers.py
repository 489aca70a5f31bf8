"""How far the obligations of each (plan, unit) were materialised, and from what: so that a pass is cheap."""

from __future__ import annotations

from services.intake.domain.materialise import Marker
from services.intake.repository.collections import MATERIALISED
from shared.store.documents import Documents, scan


class Markers:
    """The markers of this store."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def of_plan(self, plan: str) -> dict[str, Marker]:
        """The plan's markers by unit."""
        return {
            held["unit"]: Marker(held["plan"], held["unit"], held["inputs"], held["next_ms"], held["rev"])
            async for held in scan(self._store, MATERIALISED.name, {"plan": plan})
        }

    async def put(self, marker: Marker) -> bool:
        """Write the marker over the revision that was read (0: none). False when another instance was faster."""
        document = {
            "_id": f"materialised-{marker.plan}-{marker.unit}",
            "plan": marker.plan,
            "unit": marker.unit,
            "inputs": marker.inputs,
            "next_ms": marker.next_ms,
        }
        if marker.rev == 0:
            return await self._store.insert(MATERIALISED.name, document)
        return await self._store.replace(MATERIALISED.name, {**document, "rev": marker.rev})
