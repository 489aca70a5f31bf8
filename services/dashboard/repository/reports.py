"""Reports: who sent which version when."""

from __future__ import annotations

from services.dashboard.repository.read_model import apply
from shared.events.report import ReportState
from shared.store.documents import Collection, Documents, Index

REPORTS = Collection("reports", (Index(("plan", "year", "unit")),))


class Reports:
    """The newest state of every report."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def apply(self, state: ReportState) -> bool:
        """Hold this state if it is newer."""
        document = {
            "_id": state.report,
            "revision": state.revision,
            "plan": state.plan,
            "year": state.year,
            "unit": state.unit,
            "state": state.model_dump(mode="json"),
        }
        return await apply(self._store, REPORTS.name, document)

    async def of_unit(self, plan: str, year: int, unit: str) -> dict[str, ReportState]:
        """The reports of one unit in a year, by obligation."""
        page = await self._store.find(REPORTS.name, {"plan": plan, "year": year, "unit": unit}, limit=500)
        states = (ReportState.model_validate(document["state"]) for document in page.documents)
        return {state.obligation: state for state in states}
