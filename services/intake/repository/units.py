"""Registered units, their state at the top of the document."""

from __future__ import annotations

from services.intake.domain.units import Registered
from services.intake.repository.collections import UNITS
from shared.events.unit import UnitState
from shared.store.announce import unsent_of, with_events
from shared.store.documents import Document, Documents, scan

PARSED_MAX = 5000
CHANGES_KEPT_MAX = 50
"""Only the newest change can be unfinished, so a few are plenty."""


class Units:
    """The units of this store."""

    def __init__(self, store: Documents) -> None:
        self._store = store
        self._parsed: dict[str, tuple[int, UnitState]] = {}
        """Unit -> revision and state as read last: every report asks for its unit."""

    async def get(self, unit: str) -> Registered | None:
        document = await self._store.get(UNITS.name, _id(unit))
        if document is None:
            return None
        rev, state = self._parsed.get(unit, (0, None))
        if state is None or rev != document["rev"]:
            state = UnitState.model_validate(document)
            if len(self._parsed) >= PARSED_MAX:
                self._parsed.clear()
            self._parsed[unit] = (document["rev"], state)
        return _registered(document, state)

    async def save(self, state: UnitState, held: Registered | None, *, now_ms: int, change: str | None = None) -> bool:
        """Write the state with its event, over what was read, and which change it had. False when it has moved on."""
        had = [*(held.changes if held else ()), *([change] if change else [])][-CHANGES_KEPT_MAX:]
        kept = {**state.model_dump(mode="json"), "changed_ms": now_ms, "changes": had}
        document: Document = {"_id": _id(state.unit), **kept}
        if held is None:
            return await self._store.insert(UNITS.name, with_events(document, [state], now_ms=now_ms))
        fresh = with_events({**document, "rev": held.rev}, [state], unsent=held.unsent, now_ms=now_ms)
        return await self._store.replace(UNITS.name, fresh)

    async def all(self) -> list[UnitState]:
        """Every unit, by code."""
        return [_registered(document).state async for document in scan(self._store, UNITS.name)]

    async def page(self, *, limit: int, cursor: str | None) -> tuple[list[UnitState], str | None]:
        """Some units by code, and the cursor of what follows."""
        page = await self._store.find(UNITS.name, limit=limit, cursor=cursor)
        return [_registered(document).state for document in page.documents], page.cursor


def _id(unit: str) -> str:
    return f"unit-{unit}"


def _registered(document: Document, state: UnitState | None = None) -> Registered:
    had = tuple(document.get("changes", ()))
    return Registered(state or UnitState.model_validate(document), document["rev"], unsent_of(document), had)
