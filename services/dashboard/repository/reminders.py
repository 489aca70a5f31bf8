"""Reminders: what was planned, and what became of it."""

from __future__ import annotations

from services.dashboard.repository.read_model import apply
from shared.events.notice import ReminderState
from shared.store.documents import Collection, Documents, Index, Scalar

REMINDERS = Collection(
    "reminders", (Index(("plan", "planned", "decided_at_ms")), Index(("plan", "unit", "decided_at_ms")))
)


class Reminders:
    """The newest state of every reminder. `planned` is one that nothing was decided about yet."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def apply(self, state: ReminderState) -> bool:
        """Hold this state if it is newer."""
        document = {
            "_id": state.reminder,
            "revision": state.revision,
            "plan": state.plan,
            "unit": state.unit,
            "planned": state.status == "PENDING",
            "decided_at_ms": state.decided_at_ms,
            "state": state.model_dump(mode="json"),
        }
        return await apply(self._store, REMINDERS.name, document)

    async def decided(self, plan: str, *, limit: int) -> list[ReminderState]:
        """Reminders that something was decided about, newest decision first."""
        return await self._find({"plan": plan, "planned": False}, limit)

    async def of_unit(self, plan: str, unit: str, *, limit: int) -> list[ReminderState]:
        """Reminders to a unit, newest decision first."""
        return await self._find({"plan": plan, "unit": unit}, limit)

    async def _find(self, equals: dict[str, Scalar], limit: int) -> list[ReminderState]:
        page = await self._store.find(REMINDERS.name, equals, order_by="decided_at_ms", descending=True, limit=limit)
        return [ReminderState.model_validate(document["state"]) for document in page.documents]
