"""Published plan versions. They never change, so what was parsed once is kept in memory."""

from __future__ import annotations

import json

from services.intake.domain.versions import PublishedPlan
from services.intake.repository.collections import PLANS
from shared.events.plan import PlanState
from shared.plan.load import plan_document, plan_from_document
from shared.store.announce import with_events
from shared.store.documents import Document, Documents, scan


class Plans:
    """The plans of this store."""

    def __init__(self, store: Documents) -> None:
        self._store = store
        self._parsed: dict[str, PublishedPlan] = {}

    async def publish(self, published: PublishedPlan) -> bool:
        """Keep the version with its event. False when this plan has a version of that name already."""
        plan = published.plan
        document = {
            "_id": _id(plan.code, plan.version),
            "plan": plan.code,
            "version": plan.version,
            "sha256": published.sha256,
            "published_ms": published.published_at_ms,
            # As text: keys of a plan (years, units) are not all keys that the store takes.
            "text": json.dumps(plan_document(plan), ensure_ascii=False),
        }
        event = with_events(document, [_state(published)], now_ms=published.published_at_ms)
        return await self._store.insert(PLANS.name, event)

    async def get(self, plan: str, version: str) -> PublishedPlan | None:
        """The version, None when it was never published."""
        id = _id(plan, version)
        if id not in self._parsed:
            document = await self._store.get(PLANS.name, id)
            if document is None or document["plan"] != plan:
                return None
            self._keep(document)
        return self._parsed[id]

    async def versions(self, plan: str) -> list[PublishedPlan]:
        """Every version of the plan, in the order of publication."""
        return await self._listed({"plan": plan})

    async def all(self) -> list[PublishedPlan]:
        """Every version of every plan: a handful."""
        return await self._listed({})

    async def _listed(self, equals: dict[str, str]) -> list[PublishedPlan]:
        found = [self._keep(document) async for document in scan(self._store, PLANS.name, equals, page_size=20)]
        return sorted(found, key=lambda version: (version.plan.code, version.published_at_ms, version.plan.version))

    def _keep(self, document: Document) -> PublishedPlan:
        held = self._parsed.get(document["_id"])
        if held is None:
            plan = plan_from_document(json.loads(document["text"]))
            held = PublishedPlan(plan, document["sha256"], document["published_ms"])
            self._parsed[document["_id"]] = held
        return held


def _id(plan: str, version: str) -> str:
    return f"plan-{plan}-{version}"


def _state(published: PublishedPlan) -> PlanState:
    plan = published.plan
    return PlanState(
        revision=1,
        plan=plan.code,
        version=plan.version,
        names=plan.names,
        effective_from=plan.effective.first.isoformat(),
        effective_to=plan.effective.last.isoformat() if plan.effective.last else None,
        sha256=published.sha256,
        published_at_ms=published.published_at_ms,
        document=plan_document(plan),
    )
