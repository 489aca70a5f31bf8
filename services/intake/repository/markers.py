"""How far the obligations of each (plan, unit) were materialised, and from what: so that a pass is cheap."""

from __future__ import annotations

from services.intake.domain.materialise import Marker
from services.intake.repository.collections import MATERIALISED
from shared.store.documents import Document, Documents, scan


class Markers:
    """The markers of this store."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def get(self, plan: str, unit: str) -> Marker | None:
        held = await self._store.get(MATERIALISED.name, _id(plan, unit))
        return None if held is None else _marker(held)

    async def of_plan(self, plan: str) -> dict[str, Marker]:
        """The plan's markers by unit."""
        return {held["unit"]: _marker(held) async for held in scan(self._store, MATERIALISED.name, {"plan": plan})}

    async def put(self, marker: Marker) -> bool:
        """Write the marker over the revision that was read (0: none). False when another instance was faster."""
        document = {
            "_id": _id(marker.plan, marker.unit),
            "plan": marker.plan,
            "unit": marker.unit,
            "inputs": marker.inputs,
            "next_ms": marker.next_ms,
        }
        if marker.rev == 0:
            return await self._store.insert(MATERIALISED.name, document)
        return await self._store.replace(MATERIALISED.name, {**document, "rev": marker.rev})

    async def forget(self, plan: str, unit: str) -> None:
        """Take the marker away, so that the next pass looks at everything again."""
        await self._store.delete(MATERIALISED.name, _id(plan, unit))


def _id(plan: str, unit: str) -> str:
    return f"materialised-{plan}-{unit}"


def _marker(held: Document) -> Marker:
    return Marker(held["plan"], held["unit"], held["inputs"], held["next_ms"], held["rev"])
