"""Units with their contacts, as last announced."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from services.notify.domain.instants import NEVER_MS
from shared.errors import Transient
from shared.events.unit import UnitState
from shared.store.documents import Between, Collection, Document, Documents, Index

UNITS = Collection("units", indexes=(Index(("check_at_ms",)),))
ATTEMPTS_MAX = 5


Languages = Callable[[], Awaitable[Mapping[str, str]]]
"""The languages that recipients chose, by mail address."""


class Units:
    """Units by code. `check_at_ms` says when the contacts should be looked at again.

    `languages`: what recipients chose for themselves replaces what their unit registered.
    """

    def __init__(self, store: Documents, languages: Languages | None = None) -> None:
        self._store = store
        self._languages = languages
        self._copies: dict[str, tuple[int, UnitState]] = {}

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
        """Every unit by code; some thousands at most. Asked for at every pass, and they change a few times a year: what
        has not moved on is not read again. Units are never deleted."""
        chosen = await self._languages() if self._languages is not None else {}
        states = [state async for page in self._pages() for state in await self._states(page)]
        return {state.unit: _spoken(state, chosen) if chosen else state for state in states}

    async def _pages(self) -> AsyncIterator[list[tuple[str, int]]]:
        page = await self._store.revisions(UNITS.name)
        while page:
            yield page
            page = await self._store.revisions(UNITS.name, after=page[-1][0])

    async def _states(self, page: list[tuple[str, int]]) -> list[UnitState]:
        moved = [id for id, rev in page if id not in self._copies or self._copies[id][0] != rev]
        for document in await self._store.get_many(UNITS.name, moved):
            state = UnitState.model_validate_json(document["state_json"])
            self._copies[document["_id"]] = (document["rev"], state)
        return [self._copies[id][1] for id, _ in page]

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


def _spoken(unit: UnitState, chosen: Mapping[str, str]) -> UnitState:
    """The unit with its contacts in the languages that they chose."""
    if not any(contact.email.strip().lower() in chosen for contact in unit.contacts):
        return unit
    contacts = tuple(
        contact.model_copy(update={"language": chosen.get(contact.email.strip().lower(), contact.language)})
        for contact in unit.contacts
    )
    return unit.model_copy(update={"contacts": contacts})
