"""Published plan versions, as they were announced. A version never changes, so it is read once and kept."""

from __future__ import annotations

import orjson

from shared.events.plan import PlanState
from shared.plan.load import plan_from_document
from shared.plan.model import Plan
from shared.store.documents import Collection, Documents, Index, scan

PLANS = Collection("plans", indexes=(Index(("plan", "published_at_ms")),))


class Plans:
    """Plan versions by code."""

    def __init__(self, store: Documents) -> None:
        self._store = store
        self._parsed: dict[str, Plan] = {}

    async def add(self, state: PlanState) -> bool:
        """Keep a version; False when it is kept already."""
        document = {
            "_id": _id(state.plan, state.version),
            "plan": state.plan,
            "version": state.version,
            "published_at_ms": state.published_at_ms,
            "document_json": orjson.dumps(state.document).decode(),
        }
        return await self._store.insert(PLANS.name, document)

    async def version(self, plan: str, version: str) -> Plan | None:
        """This version; None while it was not announced here."""
        held = self._parsed.get(_id(plan, version))
        if held is not None:
            return held
        document = await self._store.get(PLANS.name, _id(plan, version))
        if document is None:
            return None
        parsed = plan_from_document(orjson.loads(document["document_json"]))
        self._parsed[_id(plan, version)] = parsed
        return parsed

    async def newest(self, plan: str) -> tuple[Plan, int] | None:
        """The version published last, and when (epoch ms)."""
        page = await self._store.find(PLANS.name, {"plan": plan}, order_by="published_at_ms", descending=True, limit=1)
        for document in page.documents:
            found = await self.version(plan, document["version"])
            return None if found is None else (found, int(document["published_at_ms"]))
        return None

    async def codes(self) -> list[str]:
        """The codes of all plans."""
        return sorted({document["plan"] async for document in scan(self._store, PLANS.name)})


def _id(plan: str, version: str) -> str:
    return f"plan-{plan}-{version}"
