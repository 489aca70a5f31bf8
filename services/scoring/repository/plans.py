"""Published plan versions. The document is kept as JSON text: its keys are the plan's, not the store's."""

from __future__ import annotations

import orjson
from pydantic import ValidationError

from services.scoring.domain.versions import PlanVersion
from services.scoring.repository.collections import PLANS
from services.scoring.repository.newest import keep_newest
from shared.errors import Permanent
from shared.events.plan import PlanState
from shared.plan.model import Plan
from shared.store.documents import Documents, scan

CACHED_MAX = 32


class Plans:
    def __init__(self, store: Documents) -> None:
        self._store = store
        self._read: dict[tuple[str, str], Plan] = {}

    async def apply(self, state: PlanState) -> None:
        """Keep a published version. Permanent when it is not a plan.

        Only its shape is checked: what intake has published stands, also when rules of coherence are added later.
        """
        body = orjson.dumps(state.document)
        try:
            Plan.model_validate_json(body)
        except ValidationError as err:
            raise Permanent(f"plan {state.plan} {state.version} cannot be read: {err.error_count()} faults") from err
        document = {
            "_id": f"plan-{state.plan}-{state.version}",
            "plan": state.plan,
            "version": state.version,
            "revision": state.revision,
            "effective_from": state.effective_from,
            "published_at_ms": state.published_at_ms,
            "sha256": state.sha256,
            "body": body.decode(),
        }
        await keep_newest(self._store, PLANS.name, document)

    async def versions(self, plan: str, *, as_of_ms: int | None = None) -> list[PlanVersion]:
        """All published versions of a plan that have arrived, or those published by an instant. None ever changes."""
        return [
            PlanVersion(held["_id"], held["version"], held["effective_from"], held["published_at_ms"], held["sha256"])
            async for held in scan(self._store, PLANS.name, {"plan": plan})
            if as_of_ms is None or held["published_at_ms"] <= as_of_ms
        ]

    async def plan(self, version: PlanVersion) -> Plan:
        """The plan itself. A version never changes, so it is read once."""
        key = (version.id, version.sha256)
        if key not in self._read:
            held = await self._store.get(PLANS.name, version.id)
            if held is None:
                raise Permanent(f"{version.id} is gone from the store")
            if len(self._read) >= CACHED_MAX:
                self._read.pop(next(iter(self._read)))
            self._read[key] = Plan.model_validate_json(held["body"])
        return self._read[key]
