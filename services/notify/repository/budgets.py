"""What was let out to each recipient on their present day: one document per recipient, so it does not grow."""

from __future__ import annotations

import hashlib

from services.notify.domain.budget import Spent
from shared.store.documents import Collection, Documents

BUDGETS = Collection("budgets")


class Budgets:
    """Accounts by recipient. A replacement names the revision read: two instances cannot spend the same place twice."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def of(self, recipient: str) -> Spent:
        id = "budget-" + hashlib.sha256(recipient.encode()).hexdigest()[:32]
        document = await self._store.get(BUDGETS.name, id)
        if document is None:
            return Spent(id, "")
        return Spent(id, document["day"], tuple(document["deliveries"]), kept=document)

    async def save(self, spent: Spent) -> bool:
        """False when another was faster: load and decide again."""
        document = {**spent.kept, "_id": spent.id, "day": spent.day, "deliveries": list(spent.deliveries)}
        if not spent.kept:
            return await self._store.insert(BUDGETS.name, document)
        return await self._store.replace(BUDGETS.name, document)
