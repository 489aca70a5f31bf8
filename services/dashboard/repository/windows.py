"""Silences and outages: two collections of one shape, read by their end."""

from __future__ import annotations

from services.dashboard.domain.told import Window
from services.dashboard.repository.read_model import apply
from shared.events.notice import OutageState, SilenceState
from shared.store.documents import Between, Collection, Documents, Index

SILENCES = Collection("silences", (Index(("plan", "ends_at_ms")),))
OUTAGES = Collection("outages", (Index(("plan", "ends_at_ms")),))
IN_FORCE_MAX = 500


class Windows:
    """The newest state of every silence, or of every outage."""

    def __init__(self, store: Documents, collection: Collection) -> None:
        self._store = store
        self._name = collection.name

    async def apply(self, state: SilenceState | OutageState) -> bool:
        """Hold this state if it is newer."""
        document = {
            "_id": state.silence if isinstance(state, SilenceState) else state.outage,
            "revision": state.revision,
            "plan": state.plan,
            "ends_at_ms": state.ends_at_ms,
            "state": Window.of(state).model_dump(mode="json"),
        }
        return await apply(self._store, self._name, document)

    async def in_force(self, plan: str, now_ms: int) -> list[Window]:
        """Those of a plan that are in force or still to come, the first to end first; at most IN_FORCE_MAX."""
        between = Between("ends_at_ms", at_least=now_ms + 1)
        page = await self._store.find(self._name, {"plan": plan}, between=between, limit=IN_FORCE_MAX)
        found = [Window.model_validate(document["state"]) for document in page.documents]
        return [window for window in found if window.starts_at_ms < window.ends_at_ms]
