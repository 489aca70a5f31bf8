"""Units as registered: names for answers, places in the tree. What a unit owes, and with whom it is ranked, comes from
the ledger."""

from __future__ import annotations

from collections.abc import Sequence

from services.scoring.domain.unit_tree import Placed
from services.scoring.repository.collections import UNITS
from services.scoring.repository.history import History
from services.scoring.repository.newest import keep_newest
from shared.events.unit import UnitState
from shared.store.documents import FIND_LIMIT_MAX, Document, Documents, scan

ALL = "units"
"""The scope of units in the history: they belong to no evaluation."""

LEVELS_MAX = 20
"""Deeper than any tree of units; a circle made by mistake ends here."""


class Units:
    def __init__(self, store: Documents) -> None:
        self._store = store
        self._history = History(store)

    async def apply(self, state: UnitState, *, at_ms: int) -> None:
        """Keep this state of a unit, known at `at_ms`, and the newest one apart."""
        document = _document(state)
        await self._history.append("unit", ALL, document, at_ms=at_ms)
        await keep_newest(self._store, UNITS.name, document)

    async def names(self, units: Sequence[str], *, as_of_ms: int | None = None) -> dict[str, dict[str, str]]:
        """Unit -> names in both languages, of those that are registered, or were at an instant."""
        ids = [f"unit-{unit}" for unit in units]
        if as_of_ms is not None:
            return {held["unit"]: held["names"] for held in await self._history.of(ids, as_of_ms)}
        found: dict[str, dict[str, str]] = {}
        for start in range(0, len(ids), FIND_LIMIT_MAX):
            for held in await self._store.get_many(UNITS.name, ids[start : start + FIND_LIMIT_MAX]):
                found[held["unit"]] = held["names"]
        return found

    async def placed(self, *, as_of_ms: int | None = None) -> tuple[Placed, ...]:
        """Every unit with its place in the tree, now and on past days; as known now, or at an instant."""
        if as_of_ms is not None:
            return tuple(_placed(held) for held in await self._history.at("unit", ALL, as_of_ms))
        return tuple([_placed(held) async for held in scan(self._store, UNITS.name)])

    async def lineage(self, unit: str) -> tuple[str, ...]:
        """The unit, the one that it belongs to, and so on to the top; the unit alone where it is not registered."""
        found = [unit]
        while len(found) < LEVELS_MAX:
            held = await self._store.get(UNITS.name, f"unit-{found[-1]}")
            parent = held.get("parent") if held else None
            if not parent or parent in found:
                break
            found.append(parent)
        return tuple(found)


def _document(state: UnitState) -> Document:
    return {
        "_id": f"unit-{state.unit}",
        "unit": state.unit,
        "revision": state.revision,
        "names": state.names.model_dump(),
        "parent": state.parent,
        "former_parents": [held.model_dump() for held in state.former_parents],
        "valid_from": state.valid_from,
        "valid_to": state.valid_to,
        "earlier": [held.model_dump(mode="json") for held in state.earlier],
    }


def _placed(held: Document) -> Placed:
    former = tuple((each["last"], each["parent"]) for each in held.get("former_parents", ()))
    return Placed(held["unit"], held.get("parent"), former)
