"""How far the obligations of each (plan, unit) were materialised, and from what: so that a pass is cheap."""

from __future__ import annotations

from services.intake.domain.markers import Marker
from services.intake.repository.collections import MATERIALISED
from shared.errors import Transient
from shared.store.documents import Document, Documents, scan

ATTEMPTS_MAX = 8


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
            "versions": marker.versions,
        }
        if marker.rev == 0:
            return await self._store.insert(MATERIALISED.name, document)
        return await self._store.replace(MATERIALISED.name, {**document, "rev": marker.rev})

    async def forget(self, plan: str, unit: str) -> None:
        """Make the marker match no inputs, so that the next pass looks again. It stays, and with it how far the
        obligations were complete. Transient when others write it all the time."""
        for _ in range(ATTEMPTS_MAX):
            held = await self._store.get(MATERIALISED.name, _id(plan, unit))
            if held is None or await self._store.replace(MATERIALISED.name, {**held, "inputs": ""}):
                return
        raise Transient(f"the marker of {plan} and {unit} is being changed by others; try again")


def _id(plan: str, unit: str) -> str:
    return f"materialised-{plan}-{unit}"


def _marker(held: Document) -> Marker:
    versions = held.get("versions", "")
    return Marker(held["plan"], held["unit"], held["inputs"], held["next_ms"], held["rev"], versions)
