"""Inspections: steps, deadlines, findings and what was remedied."""

from __future__ import annotations

from services.dashboard.domain.facts import Listed
from services.dashboard.repository.read_model import apply
from shared.events.inspection import InspectionState
from shared.store.documents import Collection, Documents, Index, Scalar

INSPECTIONS = Collection(
    "inspections",
    (
        Index(("plan", "changed_at_ms")),
        Index(("plan", "phase", "changed_at_ms")),
        Index(("plan", "unit", "changed_at_ms")),
    ),
)


class Inspections:
    """The newest state of every inspection."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def apply(self, state: InspectionState) -> bool:
        """Hold this state if it is newer."""
        document = {
            "_id": state.inspection,
            "revision": state.revision,
            "plan": state.plan,
            "unit": state.unit,
            "phase": state.phase,
            "changed_at_ms": state.changed_at_ms,
            "state": state.model_dump(mode="json"),
        }
        return await apply(self._store, INSPECTIONS.name, document)

    async def page(self, plan: str, *, phase: str | None, limit: int, cursor: str | None) -> Listed[InspectionState]:
        """Inspections of a plan by their last change, the latest first; in one phase where it is given."""
        equals: dict[str, Scalar] = {"plan": plan, "phase": phase} if phase else {"plan": plan}
        return await self._find(equals, limit, cursor)

    async def of_unit(self, plan: str, unit: str, *, limit: int) -> list[InspectionState]:
        """Inspections of a unit, the latest change first."""
        return list((await self._find({"plan": plan, "unit": unit}, limit, None)).items)

    async def get(self, inspection: str) -> InspectionState | None:
        """One inspection."""
        document = await self._store.get(INSPECTIONS.name, inspection) if inspection else None
        return InspectionState.model_validate(document["state"]) if document else None

    async def _find(self, equals: dict[str, Scalar], limit: int, cursor: str | None) -> Listed[InspectionState]:
        page = await self._store.find(
            INSPECTIONS.name, equals, order_by="changed_at_ms", descending=True, limit=limit, cursor=cursor
        )
        return Listed(tuple(InspectionState.model_validate(d["state"]) for d in page.documents), page.cursor)
