"""Deliveries: one document per notice, recipient and channel. `_id` is the unique send key."""

from __future__ import annotations

from services.notify.domain.deliveries import UNDELIVERED, Delivery
from services.notify.repository.rows import announced, row_of, rows_of, silent
from shared.events.notice import punctuality
from shared.store.documents import FIND_LIMIT_MAX, Between, Collection, Document, Documents, Index, scan

DELIVERIES = Collection(
    "deliveries",
    indexes=(
        Index(("next_at_ms",)),
        Index(("kind", "recipient", "created_at_ms")),
        Index(("recipient", "created_at_ms")),
        Index(("plan", "status", "changed_at_ms")),
        Index(("status", "created_at_ms")),
        Index(("kind", "created_at_ms")),
        Index(("kind", "status", "created_at_ms")),
        Index(("created_at_ms",)),
        Index(("held", "next_at_ms")),
        Index(("unit", "created_at_ms")),
        Index(("punctuality", "due_at_ms")),
    ),
    emits=True,
)


class Deliveries:
    """Deliveries by send key."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def add(self, delivery: Delivery, *, now_ms: int) -> bool:
        """Insert if absent; False when this notice exists for this recipient."""
        return await self._store.insert(DELIVERIES.name, _document(delivery, now_ms))

    async def get(self, delivery: str) -> Delivery | None:
        document = await self._store.get(DELIVERIES.name, delivery)
        return None if document is None else row_of(Delivery, document)

    async def replace(self, delivery: Delivery, *, now_ms: int) -> bool:
        """Save where it is still the one that was read."""
        return await self._store.replace(DELIVERIES.name, _document(delivery, now_ms))

    async def due(self, now_ms: int, limit: int) -> list[Delivery]:
        """Those to be sent now: new, to be tried again, or with a lease that ran out."""
        page = await self._store.find(DELIVERIES.name, between=Between("next_at_ms", below=now_ms + 1), limit=limit)
        return rows_of(Delivery, page.documents)

    async def held_by(self, instance: str, limit: int) -> list[Delivery]:
        """Those that this instance was sending; few, because each lasts seconds."""
        page = await self._store.find(DELIVERIES.name, {"status": "SENDING"}, order_by="created_at_ms", limit=limit)
        return [row for row in rows_of(Delivery, page.documents) if row.claimed_by == instance]

    async def mark(self, delivery: Delivery) -> bool:
        """Save what only the work needs, a claim among it, where it is still the one that was read; nothing is
        announced."""
        return await self._store.replace(DELIVERIES.name, _standing(delivery, silent(delivery)))

    async def held_due(self, reason: str, now_ms: int, limit: int) -> list[Delivery]:
        """Those held back for a reason whose time has come."""
        between = Between("next_at_ms", below=now_ms + 1)
        page = await self._store.find(DELIVERIES.name, {"held": reason}, between=between, limit=limit)
        return rows_of(Delivery, page.documents)

    async def count_due(self, now_ms: int) -> int:
        return await self._store.count(DELIVERIES.name, between=Between("next_at_ms", below=now_ms + 1))

    async def made_since(self, kind: str, recipient: str, since_ms: int) -> list[Delivery]:
        """What was made of a kind for a recipient since an instant."""
        found = scan(
            self._store,
            DELIVERIES.name,
            {"kind": kind, "recipient": recipient},
            between=Between("created_at_ms", at_least=since_ms),
        )
        return [row_of(Delivery, document) async for document in found]

    async def made_between(self, kind: str, after_ms: int, until_ms: int, limit: int) -> list[Delivery]:
        """What was made of a kind in (after, until], oldest first, at most so many."""
        found: list[Delivery] = []
        between = Between("created_at_ms", at_least=after_ms + 1, below=until_ms + 1)
        async for document in scan(self._store, DELIVERIES.name, {"kind": kind}, between=between):
            found.append(row_of(Delivery, document))
            if len(found) >= limit:
                break
        return found

    async def which_exist(self, ids: list[str]) -> frozenset[str]:
        """Those of the ids under which a delivery is kept."""
        found: set[str] = set()
        for start in range(0, len(ids), FIND_LIMIT_MAX):
            held = await self._store.get_many(DELIVERIES.name, ids[start : start + FIND_LIMIT_MAX])
            found |= {document["_id"] for document in held}
        return frozenset(found)

    async def count_punctual(self, standing: str, after_ms: int, until_ms: int) -> int:
        """How many that were due in (after, until] count so in the service level."""
        between = Between("due_at_ms", at_least=after_ms + 1, below=until_ms + 1)
        return await self._store.count(DELIVERIES.name, {"punctuality": standing}, between=between)

    async def punctual(self, standing: str, after_ms: int, until_ms: int, limit: int) -> list[Delivery]:
        """Those of them that were due last."""
        between = Between("due_at_ms", at_least=after_ms + 1, below=until_ms + 1)
        page = await self._store.find(
            DELIVERIES.name, {"punctuality": standing}, between=between, descending=True, limit=limit
        )
        return rows_of(Delivery, page.documents)

    async def undelivered(self, plan: str, from_ms: int, to_ms: int) -> list[Delivery]:
        """Those of a plan that were given up in (from, to]."""
        found: list[Delivery] = []
        between = Between("changed_at_ms", at_least=from_ms + 1, below=to_ms + 1)
        for status in UNDELIVERED:
            page = await self._store.find(
                DELIVERIES.name, {"plan": plan, "status": status}, between=between, descending=True, limit=200
            )
            found += rows_of(Delivery, page.documents)
        return found

    async def of_recipient(self, recipient: str, limit: int) -> list[Delivery]:
        """Deliveries to an address, the latest first."""
        page = await self._store.find(
            DELIVERIES.name, {"recipient": recipient}, order_by="created_at_ms", descending=True, limit=limit
        )
        return rows_of(Delivery, page.documents)

    async def of_unit(self, unit: str, limit: int) -> list[Delivery]:
        """Deliveries that concern this unit alone, the latest first."""
        page = await self._store.find(
            DELIVERIES.name, {"unit": unit}, order_by="created_at_ms", descending=True, limit=limit
        )
        return rows_of(Delivery, page.documents)

    async def page(
        self, *, kind: str | None, status: str | None, limit: int, cursor: str | None
    ) -> tuple[list[Delivery], str | None]:
        """Deliveries by creation, the latest first."""
        equals = {name: value for name, value in (("kind", kind), ("status", status)) if value is not None}
        page = await self._store.find(
            DELIVERIES.name, equals, order_by="created_at_ms", descending=True, limit=limit, cursor=cursor
        )
        return rows_of(Delivery, page.documents), page.cursor


def _document(delivery: Delivery, now_ms: int) -> Document:
    """The delivery as it is kept and announced."""
    return _standing(delivery, announced(delivery, now_ms=now_ms))


def _standing(delivery: Delivery, document: Document) -> Document:
    """The document with how the delivery counts in the service level."""
    standing = punctuality(delivery.status, due_at_ms=delivery.due_at_ms, sent_at_ms=delivery.sent_at_ms)
    return {**document, "punctuality": standing}
