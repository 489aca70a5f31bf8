"""Rounds: one document a (plan, year), saved with the event that announces it in one write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.scoring.domain.round.machine import due_at_ms
from services.scoring.domain.round.opening import round_id
from services.scoring.repository.collections import ROUNDS
from shared.events.round import RoundState
from shared.store.announce import unsent_of, with_events
from shared.store.documents import Between, Document, Documents, scan

NEVER_MS = 2**53
"""No step of time is left."""


@dataclass(frozen=True, slots=True)
class HeldRound:
    """A round as it was read; `document` is handed back when it is saved."""

    state: RoundState
    document: Document


class Rounds:
    def __init__(self, store: Documents) -> None:
        self._store = store

    async def get(self, plan: str, year: int) -> HeldRound | None:
        found = await self._store.get(ROUNDS.name, round_id(plan, year))
        return None if found is None else _held(found)

    async def open(self, state: RoundState) -> bool:
        """Keep the first state. False when the (plan, year) has a round."""
        return await self._store.insert(ROUNDS.name, _document(state, ()))

    async def save(self, held: HeldRound, state: RoundState) -> bool:
        """Put the state in place of the one that was read. False when another was faster."""
        document = _document(state, unsent_of(held.document))
        return await self._store.replace(ROUNDS.name, {**document, "rev": held.document["rev"]})

    async def due(self, now_ms: int) -> list[HeldRound]:
        """Rounds whose next step of time is due, or was due and is held up."""
        between = Between("due_ms", below=now_ms + 1)
        return [_held(found) async for found in scan(self._store, ROUNDS.name, between=between)]

    async def page(self, *, plan: str | None, limit: int, cursor: str | None) -> tuple[list[RoundState], str | None]:
        """Rounds by id, and the cursor of what follows."""
        equals: dict[str, Any] | None = {"plan": plan} if plan else None
        page = await self._store.find(ROUNDS.name, equals, limit=limit, cursor=cursor)
        return [_held(found).state for found in page.documents], page.cursor


def _document(state: RoundState, unsent: tuple[dict[str, Any], ...]) -> Document:
    due = due_at_ms(state)
    document: Document = {
        "_id": state.round,
        "plan": state.plan,
        "year": state.year,
        "phase": state.phase,
        "revision": state.revision,
        "changed_ms": state.changed_at_ms,
        "due_ms": NEVER_MS if due is None else due,
        "body": state.model_dump_json(),
    }
    return with_events(document, [state], unsent=unsent, now_ms=state.changed_at_ms)


def _held(found: Document) -> HeldRound:
    return HeldRound(RoundState.model_validate_json(found["body"]), found)
