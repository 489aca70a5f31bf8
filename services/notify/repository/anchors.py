"""Anchors of the audit logs of other services, as they announce them: one document per chain with its newest days."""

from __future__ import annotations

import hashlib
from typing import Any

from services.notify.domain.digests.anchors import AnchorOf
from shared.errors import Transient
from shared.events.anchor import AnchorState
from shared.store.documents import Collection, Document, Documents, scan

ANCHORED = Collection("followed_anchors")
DAYS_KEPT = 400
"""Days with a line; what a digest of more than a year ago printed stands in that digest."""

CHAINS_MAX = 500
ATTEMPTS_MAX = 8


class FollowedAnchors:
    """Anchors by service and chain."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def put(self, state: AnchorState) -> bool:
        """Keep an anchor; False when its day is known. Transient when others write all the time."""
        id = f"anchored-{state.service}-{hashlib.sha256(state.chain.encode()).hexdigest()[:16]}"
        for _ in range(ATTEMPTS_MAX):
            held = await self._store.get(ANCHORED.name, id)
            days: list[dict[str, Any]] = held["days"] if held else []
            if any(one["day"] == state.day for one in days):
                return False
            told = {"day": state.day, "seq": state.seq, "sha256": state.sha256}
            kept = sorted([*days, told], key=lambda one: str(one["day"]))[-DAYS_KEPT:]
            document = {**(held or {}), "_id": id, "service": state.service, "chain": state.chain, "days": kept}
            if await (self._store.replace if held else self._store.insert)(ANCHORED.name, document):
                return True
        raise Transient(f"{id} moved on {ATTEMPTS_MAX} times")

    async def before(self, day: str) -> list[AnchorOf]:
        """The newest anchor of every chain of a day (ISO) before this one."""
        found: list[AnchorOf] = []
        async for held in scan(self._store, ANCHORED.name):
            newest = _before(held, day)
            found += [newest] if newest else []
            if len(found) >= CHAINS_MAX:
                break
        return found


def _before(held: Document, day: str) -> AnchorOf | None:
    days = [one for one in held["days"] if one["day"] < day]
    if not days:
        return None
    return AnchorOf(held["service"], held["chain"], days[-1]["day"], days[-1]["seq"], days[-1]["sha256"])
