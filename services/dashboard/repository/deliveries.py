"""Deliveries: what was sent to whom."""

from __future__ import annotations

from services.dashboard.domain.facts import Listed
from services.dashboard.repository.read_model import apply
from shared.events.notice import DeliveryState
from shared.store.documents import Between, Collection, Documents, Index, Scalar

DELIVERIES = Collection(
    "deliveries",
    (
        Index(("changed_at_ms",)),
        Index(("unit", "changed_at_ms")),
        Index(("status", "changed_at_ms")),
        Index(("punctuality", "due_at_ms")),
        Index(("subject", "changed_at_ms")),
    ),
)
NO_UNIT = "none"


class Deliveries:
    """The newest state of every delivery."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def apply(self, state: DeliveryState) -> bool:
        """Hold this state if it is newer."""
        document = {
            "_id": state.delivery,
            "revision": state.revision,
            "unit": state.unit or NO_UNIT,
            "status": state.status,
            "subject": state.subject,
            "punctuality": state.punctuality,
            "due_at_ms": state.due_at_ms or 0,
            "changed_at_ms": state.changed_at_ms,
            "state": state.model_dump(mode="json"),
        }
        return await apply(self._store, DELIVERIES.name, document)

    async def newest(
        self, *, status: str | None = None, limit: int, cursor: str | None = None
    ) -> Listed[DeliveryState]:
        """Deliveries by their last change, newest first; of one status where it is given."""
        return await self._find({"status": status} if status else {}, limit, cursor)

    async def of_unit(self, unit: str, *, limit: int) -> list[DeliveryState]:
        """Deliveries about a unit, newest first."""
        return list((await self._find({"unit": unit}, limit, None)).items)

    async def of_subject(self, subject: str, *, limit: int) -> list[DeliveryState]:
        """Deliveries of one reminder, alert, digest or inspection, newest first."""
        return list((await self._find({"subject": subject}, limit, None)).items)

    async def get(self, delivery: str) -> DeliveryState | None:
        """One delivery."""
        document = await self._store.get(DELIVERIES.name, delivery) if delivery else None
        return DeliveryState.model_validate(document["state"]) if document else None

    async def count_punctual(self, standing: str, after_ms: int, until_ms: int) -> int:
        """How many that were due in (after, until] count so in the service level of reminders."""
        between = Between("due_at_ms", at_least=after_ms + 1, below=until_ms + 1)
        return await self._store.count(DELIVERIES.name, {"punctuality": standing}, between=between)

    async def punctual(self, standing: str, after_ms: int, until_ms: int, *, limit: int) -> list[DeliveryState]:
        """Those of them that were due last."""
        between = Between("due_at_ms", at_least=after_ms + 1, below=until_ms + 1)
        page = await self._store.find(
            DELIVERIES.name, {"punctuality": standing}, between=between, descending=True, limit=limit
        )
        return [DeliveryState.model_validate(d["state"]) for d in page.documents]

    async def _find(self, equals: dict[str, Scalar], limit: int, cursor: str | None) -> Listed[DeliveryState]:
        page = await self._store.find(
            DELIVERIES.name, equals, order_by="changed_at_ms", descending=True, limit=limit, cursor=cursor
        )
        return Listed(tuple(DeliveryState.model_validate(d["state"]) for d in page.documents), page.cursor)
