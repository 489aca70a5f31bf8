"""Published plan versions."""

from __future__ import annotations

from services.dashboard.repository.read_model import apply
from shared.events.plan import PlanState
from shared.store.documents import Collection, Documents

PLANS = Collection("plans")
PLANS_MAX = 200


class Plans:
    """Every version of every plan."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def apply(self, state: PlanState) -> bool:
        """Hold this version; False when it is held already."""
        document = {
            "_id": f"plan-{state.plan}-{state.version}",
            "revision": state.revision,
            "state": state.model_dump(mode="json"),
        }
        return await apply(self._store, PLANS.name, document)

    async def all(self) -> list[PlanState]:
        """Every version, at most PLANS_MAX."""
        page = await self._store.find(PLANS.name, limit=PLANS_MAX)
        return [PlanState.model_validate(document["state"]) for document in page.documents]
