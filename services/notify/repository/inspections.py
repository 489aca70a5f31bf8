"""Inspections, one document each with the event that announces it; the draws; the reminders of their deadlines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from services.notify.domain.inspections.draw import Draw
from services.notify.domain.inspections.nudges import Nudge
from services.notify.domain.instants import NEVER_MS
from shared.events.inspection import InspectionState
from shared.store.announce import unsent_of, with_events
from shared.store.documents import INSERT_MANY_MAX, Between, Collection, Document, Documents, Index, Scalar, scan

INSPECTIONS = Collection(
    "inspections",
    indexes=(
        Index(("plan", "changed_ms")),
        Index(("plan", "unit", "changed_ms")),
        Index(("plan", "phase", "changed_ms")),
        Index(("plan", "unit", "phase", "changed_ms")),
        Index(("look_ms",)),
        Index(("changed_ms",)),
    ),
    emits=True,
)
DRAWS = Collection("inspection_draws", indexes=(Index(("plan", "year")), Index(("changed_ms",))))
NUDGES = Collection(
    "inspection_reminders",
    indexes=(
        Index(("status", "next_at_ms")),
        Index(("inspection", "fire_at_ms")),
        Index(("unit", "fire_at_ms")),
    ),
)
AT_ONCE_MS = 0
DUE_MAX = 20_000
"""Reminders decided in one pass: what is due together must be seen together, or one person would get two mails."""


@dataclass(frozen=True, slots=True)
class HeldInspection:
    """An inspection as it was read; `document` is handed back when it is saved."""

    state: InspectionState
    document: Document


class Inspections:
    """Inspections by id. `look_ms`: when deadlines and reminders are to be looked at (again)."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def get(self, inspection: str) -> HeldInspection | None:
        found = await self._store.get(INSPECTIONS.name, inspection)
        return None if found is None else _held(found)

    async def save(self, held: HeldInspection | None, state: InspectionState) -> bool:
        """Put the state in place of the one that was read (None: there was none). False when another was faster."""
        if held is None:
            return await self._store.insert(INSPECTIONS.name, _document(state, ()))
        document = _document(state, unsent_of(held.document))
        return await self._store.replace(INSPECTIONS.name, {**document, "rev": held.document["rev"]})

    async def of_plan(self, plan: str) -> list[InspectionState]:
        """Every inspection of a plan, by last change."""
        found = scan(self._store, INSPECTIONS.name, {"plan": plan}, order_by="changed_ms")
        return [_held(held).state async for held in found]

    async def of_unit(self, plan: str, unit: str) -> list[InspectionState]:
        """Every inspection of a unit under a plan, by last change."""
        found = scan(self._store, INSPECTIONS.name, {"plan": plan, "unit": unit}, order_by="changed_ms")
        return [_held(held).state async for held in found]

    async def page(
        self, plan: str, *, unit: str | None, phase: str | None, limit: int, cursor: str | None
    ) -> tuple[list[InspectionState], str | None]:
        """Inspections of a plan by last change, the latest first."""
        given = {"plan": plan, "unit": unit, "phase": phase}
        equals: dict[str, Scalar] = {name: value for name, value in given.items() if value is not None}
        page = await self._store.find(
            INSPECTIONS.name, equals, order_by="changed_ms", descending=True, limit=limit, cursor=cursor
        )
        return [_held(found).state for found in page.documents], page.cursor

    async def to_look_at(self, now_ms: int, limit: int) -> list[HeldInspection]:
        """Those whose deadlines are to be looked at now."""
        page = await self._store.find(INSPECTIONS.name, between=Between("look_ms", below=now_ms + 1), limit=limit)
        return [_held(found) for found in page.documents]

    async def looked_at(self, held: HeldInspection, *, next_ms: int | None) -> bool:
        """Looked at; again at `next_ms` (None: when it changes). One that has changed meanwhile stays due."""
        marked = {**held.document, "look_ms": NEVER_MS if next_ms is None else next_ms}
        return await self._store.replace(INSPECTIONS.name, marked)

    async def count_due(self, now_ms: int) -> int:
        return await self._store.count(INSPECTIONS.name, between=Between("look_ms", below=now_ms + 1))


class InspectionDraws:
    """Draws by id: one a plan and year."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def get(self, draw: str) -> Draw | None:
        found = await self._store.get(DRAWS.name, draw)
        return None if found is None else _draw(found)

    async def add(self, draw: Draw) -> bool:
        """Keep an announcement. False when the year has one."""
        return await self._store.insert(DRAWS.name, _draw_document(draw))

    async def save(self, draw: Draw) -> bool:
        """Put it in place of the one that was read. False when another was faster."""
        return await self._store.replace(DRAWS.name, {**_draw_document(draw), "rev": draw.rev})

    async def of_plan(self, plan: str) -> list[Draw]:
        """Every draw of a plan, by year."""
        return [_draw(held) async for held in scan(self._store, DRAWS.name, {"plan": plan}, order_by="year")]


class InspectionNudges:
    """Reminders of deadlines, one row a deadline and rung."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def add(self, rows: Sequence[Nudge]) -> int:
        """Insert those that are absent; how many were new."""
        new = 0
        for start in range(0, len(rows), INSERT_MANY_MAX):
            some = [_nudge_document(row) for row in rows[start : start + INSERT_MANY_MAX]]
            new += sum(await self._store.insert_many(NUDGES.name, some))
        return new

    async def replace(self, row: Nudge) -> bool:
        """Save a changed row where it is still the one that was read."""
        return await self._store.replace(NUDGES.name, {**_nudge_document(row), "rev": row.kept["rev"]})

    async def due(self, now_ms: int) -> list[Nudge]:
        """Every waiting row whose time has come, oldest first, at most DUE_MAX."""
        found: list[Nudge] = []
        between = Between("next_at_ms", below=now_ms + 1)
        async for held in scan(self._store, NUDGES.name, {"status": "PENDING"}, between=between):
            found.append(_nudge(held))
            if len(found) >= DUE_MAX:
                break
        return found

    async def count_due(self, now_ms: int) -> int:
        between = Between("next_at_ms", below=now_ms + 1)
        return await self._store.count(NUDGES.name, {"status": "PENDING"}, between=between)

    async def of_inspection(self, inspection: str) -> list[Nudge]:
        """The rows of an inspection in the order in which they fire."""
        found = scan(self._store, NUDGES.name, {"inspection": inspection}, order_by="fire_at_ms")
        return [_nudge(held) async for held in found]

    async def of_unit(self, unit: str, limit: int) -> list[Nudge]:
        """Rows of the inspections of a unit, the latest to fire first."""
        page = await self._store.find(NUDGES.name, {"unit": unit}, order_by="fire_at_ms", descending=True, limit=limit)
        return [_nudge(held) for held in page.documents]

    async def of_ids(self, ids: list[str]) -> list[Nudge]:
        """Those of the rows that exist; at most 1,000 are asked for at once."""
        return [_nudge(held) for held in await self._store.get_many(NUDGES.name, ids[:1000])]


def _document(state: InspectionState, unsent: tuple[dict[str, Any], ...]) -> Document:
    document: Document = {
        "_id": state.inspection,
        "plan": state.plan,
        "unit": state.unit,
        "phase": state.phase,
        "revision": state.revision,
        "changed_ms": state.changed_at_ms,
        "changed_by": state.changed_by,
        "look_ms": AT_ONCE_MS,
        "body": state.model_dump_json(),
    }
    return with_events(document, [state], unsent=unsent, now_ms=state.changed_at_ms)


def _held(found: Document) -> HeldInspection:
    return HeldInspection(InspectionState.model_validate_json(found["body"]), found)


def _draw_document(draw: Draw) -> Document:
    told = {name: value for name, value in asdict(draw).items() if name not in ("id", "rev") and value is not None}
    told |= {"units": list(draw.units), "drawn": list(draw.drawn)}
    changed = {"changed_ms": draw.drawn_at_ms or draw.announced_at_ms, "changed_by": draw.drawn_by or draw.announced_by}
    return {"_id": draw.id, **told, **changed}


def _draw(held: Document) -> Draw:
    told = {name: value for name, value in held.items() if name not in ("_id", "changed_ms", "changed_by")}
    return Draw(**{**told, "id": held["_id"], "units": tuple(held["units"]), "drawn": tuple(held["drawn"])})


def _nudge_document(row: Nudge) -> Document:
    held = {name: getattr(row, name) for name in _NUDGE}
    return {**held, "_id": row.id, **{name: list(held[name]) for name in _LISTS}}


def _nudge(held: Document) -> Nudge:
    # A field that is younger than the document has its default.
    told: dict[str, Any] = {
        name: tuple(held[name]) if name in _LISTS else held[name] for name in _NUDGE if name in held
    }
    return Nudge(id=held["_id"], kept=held, **told)


_NUDGE = tuple(one.name for one in fields(Nudge) if one.name not in ("id", "kept"))
_LISTS = ("roles", "deliveries", "told", "unreached")
