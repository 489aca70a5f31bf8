"""Obligations as last announced, with the work that follows from them as marks on the same document.

State, version cursor and marks are one write: a crash right after it loses no work, because the marks are found again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from services.notify.domain.ledger import Entry
from shared.errors import Transient
from shared.events.obligation import ObligationState
from shared.store.documents import Between, Collection, Document, Documents, Index, scan

LEDGER = Collection(
    "ledger",
    indexes=(
        Index(("to_plan", "changed_at_ms")),
        Index(("check_at_ms",)),
        Index(("plan", "due_at_ms")),
        Index(("unit", "due_at_ms")),
    ),
)
ATTEMPTS_MAX = 5
Marks = dict[str, int | str]


class Ledger:
    """Obligations by id. `to_plan` 1: rungs are to be planned (again); `planned_for`: for what they were planned last;
    `check_at_ms`: when to ask if it is overdue."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def put(self, state: ObligationState, *, first_check_at_ms: int, check_at_ms: int) -> bool:
        """Keep a state if it is newer than what is held; whether it was. `first_check_at_ms`: for one not held yet."""
        for _ in range(ATTEMPTS_MAX):
            held = await self._store.get(LEDGER.name, state.obligation)
            if held is not None and held["revision"] >= state.revision:
                return False
            document = _document(state, first_check_at_ms if held is None else check_at_ms, held)
            if held is None:
                saved = await self._store.insert(LEDGER.name, document)
            else:
                saved = await self._store.replace(LEDGER.name, {**document, "rev": held["rev"]})
            if saved:
                return True
        raise Transient(f"{state.obligation} moved on {ATTEMPTS_MAX} times while it was saved")

    async def get(self, obligation: str) -> Entry | None:
        document = await self._store.get(LEDGER.name, obligation)
        return None if document is None else _entry(document)

    async def get_many(self, obligations: list[str]) -> dict[str, Entry]:
        """At most 1,000 at once; those that are known."""
        return {held["_id"]: _entry(held) for held in await self._store.get_many(LEDGER.name, obligations)}

    async def to_plan(self, limit: int, cursor: str | None = None) -> tuple[list[Entry], str | None]:
        """Those whose rungs are to be planned, in pages: one whose plan is not known yet stays and is passed over."""
        page = await self._store.find(LEDGER.name, {"to_plan": 1}, order_by="changed_at_ms", limit=limit, cursor=cursor)
        return [_entry(document) for document in page.documents], page.cursor

    async def planned(self, entry: Entry, *, has_rungs: bool) -> None:
        """The rungs of this revision, as it was read, are written. A newer revision stays to be planned.

        `has_rungs`: they were asked for, so that a later revision with the same due day asks for nothing new.
        """
        marks: Marks = {"to_plan": 0, "planned_for": _planned_for(entry.state) if has_rungs else ""}
        if not (entry.kept and await self._store.replace(LEDGER.name, {**entry.kept, **marks})):
            await self._mark(entry.state, marks)

    async def to_check(self, now_ms: int, limit: int) -> list[Entry]:
        """Those for which the question "overdue?" is due."""
        page = await self._store.find(LEDGER.name, between=Between("check_at_ms", below=now_ms + 1), limit=limit)
        return [_entry(document) for document in page.documents]

    async def checked(self, state: ObligationState, *, next_ms: int) -> None:
        """The question was answered for this revision; `next_ms` is when to ask again (NEVER_MS: not)."""
        await self._mark(state, {"check_at_ms": next_ms})

    async def of_plan(self, plan: str) -> list[ObligationState]:
        """Every obligation of a plan, by due instant."""
        return [held async for held in self._states({"plan": plan})]

    async def due_between(self, plan: str, from_ms: int, to_ms: int) -> list[Entry]:
        """Obligations of a plan that are due in [from, to), by due instant."""
        between = Between("due_at_ms", at_least=from_ms, below=to_ms)
        return [_entry(held) async for held in scan(self._store, LEDGER.name, {"plan": plan}, between=between)]

    async def of_unit(self, unit: str, limit: int) -> list[ObligationState]:
        """Obligations of a unit, those due last first."""
        page = await self._store.find(LEDGER.name, {"unit": unit}, order_by="due_at_ms", descending=True, limit=limit)
        return [_entry(document).state for document in page.documents]

    async def around(self, unit: str, *, at_least_ms: int, below_ms: int, limit: int) -> list[ObligationState]:
        """Obligations of a unit whose due instant is in [at_least, below), those due last first."""
        between = Between("due_at_ms", at_least=at_least_ms, below=below_ms)
        page = await self._store.find(
            LEDGER.name, {"unit": unit}, between=between, order_by="due_at_ms", descending=True, limit=limit
        )
        return [_entry(document).state for document in page.documents]

    async def count_due(self, now_ms: int) -> int:
        """How many marks are due and not worked off."""
        return await self._store.count(LEDGER.name, {"to_plan": 1}) + await self._store.count(
            LEDGER.name, between=Between("check_at_ms", below=now_ms + 1)
        )

    async def _states(self, equals: dict[str, str | int | float | bool]) -> AsyncIterator[ObligationState]:
        async for document in scan(self._store, LEDGER.name, equals, order_by="due_at_ms"):
            yield _entry(document).state

    async def _mark(self, state: ObligationState, marks: Marks) -> None:
        for _ in range(ATTEMPTS_MAX):
            held = await self._store.get(LEDGER.name, state.obligation)
            if held is None or held["revision"] != state.revision:
                return
            if await self._store.replace(LEDGER.name, {**held, **marks}):
                return
        raise Transient(f"{state.obligation} moved on {ATTEMPTS_MAX} times while it was marked")


def _planned_for(state: ObligationState) -> str:
    """What the rungs of an obligation depend on besides its being owed."""
    return f"{state.plan_version}@{state.due_at_ms}"


def _document(state: ObligationState, check_at_ms: int, held: Document | None) -> Document:
    planned_for = "" if held is None else held.get("planned_for", "")
    is_planned = held is not None and held["to_plan"] == 0 and planned_for == _planned_for(state)
    return {
        "_id": state.obligation,
        "plan": state.plan,
        "unit": state.unit,
        "revision": state.revision,
        "due_at_ms": state.due_at_ms,
        "changed_at_ms": state.changed_at_ms,
        "known_at_ms": state.changed_at_ms if held is None else min(held["known_at_ms"], state.changed_at_ms),
        "to_plan": 0 if is_planned else 1,
        "planned_for": planned_for,
        "check_at_ms": check_at_ms,
        "state_json": state.model_dump_json(),
    }


def _entry(document: Document) -> Entry:
    return Entry(ObligationState.model_validate_json(document["state_json"]), int(document["known_at_ms"]), document)
