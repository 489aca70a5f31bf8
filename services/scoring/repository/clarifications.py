"""Clarifications: one document a criterion of a unit, saved with the event that announces it in one write."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from services.scoring.domain.round.appraising import Criterion
from services.scoring.domain.round.clarifying import clarification_id
from services.scoring.repository.collections import CLARIFICATIONS
from shared.events.round import ClarificationState, ClarificationStatus
from shared.store.announce import unsent_of, with_events
from shared.store.documents import Document, Documents, Scalar, scan


@dataclass(frozen=True, slots=True)
class HeldClarification:
    """A clarification as it was read; `document` is handed back when it is saved."""

    state: ClarificationState
    document: Document


class Clarifications:
    def __init__(self, store: Documents) -> None:
        self._store = store

    async def get(self, criterion: Criterion) -> HeldClarification | None:
        found = await self._store.get(CLARIFICATIONS.name, clarification_id(criterion))
        return None if found is None else _held(found)

    async def request(self, state: ClarificationState) -> bool:
        """Keep the request. False when the criterion has one."""
        return await self._store.insert(CLARIFICATIONS.name, _document(state, ()))

    async def save(self, held: HeldClarification, state: ClarificationState) -> bool:
        """Put the state in place of the one that was read. False when another was faster."""
        document = _document(state, unsent_of(held.document))
        return await self._store.replace(CLARIFICATIONS.name, {**document, "rev": held.document["rev"]})

    async def of_unit(self, evaluation: str, unit: str) -> dict[str, ClarificationState]:
        """Indicator -> the request about it."""
        equals = {"evaluation": evaluation, "unit": unit}
        found = [_held(held).state async for held in scan(self._store, CLARIFICATIONS.name, equals)]
        return {state.indicator: state for state in found}

    async def all(self, evaluation: str) -> AsyncIterator[ClarificationState]:
        """Every request of the evaluation."""
        async for held in scan(self._store, CLARIFICATIONS.name, {"evaluation": evaluation}):
            yield _held(held).state

    async def page(
        self,
        evaluation: str,
        *,
        unit: str | None,
        status: ClarificationStatus | None,
        limit: int,
        cursor: str | None,
    ) -> tuple[list[ClarificationState], str | None]:
        """Requests, all or of one unit or in one status, and the cursor of what follows."""
        equals: dict[str, Scalar] = {"evaluation": evaluation}
        equals |= {"unit": unit} if unit else {}
        equals |= {"status": status} if status else {}
        page = await self._store.find(CLARIFICATIONS.name, equals, limit=limit, cursor=cursor)
        return [_held(found).state for found in page.documents], page.cursor

    async def open_requests(self, evaluation: str) -> int:
        """How many are not decided."""
        return await self._store.count(CLARIFICATIONS.name, {"evaluation": evaluation, "status": "OPEN"})


def _document(state: ClarificationState, unsent: tuple[dict[str, Any], ...]) -> Document:
    document: Document = {
        "_id": state.clarification,
        "evaluation": state.evaluation,
        "unit": state.unit,
        "indicator": state.indicator,
        "status": state.status,
        "revision": state.revision,
        "changed_ms": state.changed_at_ms,
        "body": state.model_dump_json(),
    }
    return with_events(document, [state], unsent=unsent, now_ms=state.changed_at_ms)


def _held(found: Document) -> HeldClarification:
    return HeldClarification(ClarificationState.model_validate_json(found["body"]), found)
