"""Units with their contacts, as last announced."""

from __future__ import annotations

from services.notify.domain.instants import NEVER_MS
from shared.errors import Transient
from shared.events.unit import UnitState
from shared.store.documents import Between, Collection, Document, Documents, Index, scan

UNITS = Collection("units", indexes=(Index(("check_at_ms",)),))
ATTEMPTS_MAX = 5


class Units:
    """Units by code. `check_at_ms` says when the contacts should be looked at again."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def put(self, state: UnitState, *, check_at_ms: int) -> bool:
        """Keep a state if it is newer than what is held; whether it was."""
        document: Document = {
            "_id": f"unit-{state.unit}",
            "unit": state.unit,
            "revision": state.revision,
            "check_at_ms": check_at_ms,
            "state_json": state.model_dump_json(),
        }
        for _ in range(ATTEMPTS_MAX):
            held = await self._store.get(UNITS.name, document["_id"])
            if held is None:
                if await self._store.insert(UNITS.name, document):
                    return True
            elif held["revision"] >= state.revision:
                return False
            elif await self._store.replace(UNITS.name, {**document, "rev": held["rev"]}):
                return True
        raise Transient(f"unit {state.unit} moved on {ATTEMPTS_MAX} times while it was saved")

    async def all(self) -> dict[str, UnitState]:
        """Every unit by code; some hundreds at most."""
        found: dict[str, UnitState] = {}
        async for document in scan(self._store, UNITS.name):
            found[document["unit"]] = UnitState.model_validate_json(document["state_json"])
        return found

    async def to_check(self, now_ms: int, limit: int) -> list[UnitState]:
        """Units whose contacts changed since they were looked at."""
        page = await self._store.find(UNITS.name, between=Between("check_at_ms", below=now_ms + 1), limit=limit)
        return [UnitState.model_validate_json(document["state_json"]) for document in page.documents]

    async def checked(self, unit: UnitState) -> None:
        """The contacts of this revision were looked at. A newer revision stays to be checked."""
        held = await self._store.get(UNITS.name, f"unit-{unit.unit}")
        if held is not None and held["revision"] == unit.revision:
            await self._store.replace(UNITS.name, {**held, "check_at_ms": NEVER_MS})

    async def count_due(self, now_ms: int) -> int:
        """How many units' contacts are to be looked at."""
        return await self._store.count(UNITS.name, between=Between("check_at_ms", below=now_ms + 1))
