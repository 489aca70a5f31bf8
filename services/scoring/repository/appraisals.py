"""Appraisals: one document a criterion of a unit, saved with the event that announces it in one write."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from services.scoring.domain.round.appraising import Criterion
from services.scoring.repository.collections import APPRAISALS
from shared.events.round import AppraisalState
from shared.store.announce import unsent_of, with_events
from shared.store.documents import INSERT_MANY_MAX, Document, Documents, scan


@dataclass(frozen=True, slots=True)
class HeldAppraisal:
    """An appraisal as it was read; `document` is handed back when it is saved."""

    state: AppraisalState
    document: Document


class Appraisals:
    def __init__(self, store: Documents) -> None:
        self._store = store

    async def get(self, criterion: Criterion) -> HeldAppraisal | None:
        found = await self._store.get(APPRAISALS.name, criterion.id)
        return None if found is None else _held(found)

    async def save(self, held: HeldAppraisal | None, state: AppraisalState) -> bool:
        """Put the state in place of the one that was read (None: there was none). False when another was faster."""
        if held is None:
            return await self._store.insert(APPRAISALS.name, _document(state, ()))
        document = _document(state, unsent_of(held.document))
        return await self._store.replace(APPRAISALS.name, {**document, "rev": held.document["rev"]})

    async def add(self, states: Sequence[AppraisalState]) -> list[bool]:
        """Keep those whose criterion has none yet; says for each whether it was kept."""
        kept: list[bool] = []
        for start in range(0, len(states), INSERT_MANY_MAX):
            documents = [_document(state, ()) for state in states[start : start + INSERT_MANY_MAX]]
            kept += await self._store.insert_many(APPRAISALS.name, documents)
        return kept

    async def of_unit(self, evaluation: str, unit: str) -> dict[str, HeldAppraisal]:
        """Indicator -> what is kept."""
        equals = {"evaluation": evaluation, "unit": unit}
        found = [_held(held) async for held in scan(self._store, APPRAISALS.name, equals)]
        return {held.state.indicator: held for held in found}

    async def settled(self, evaluation: str) -> AsyncIterator[tuple[str, str, dict[str, Any]]]:
        """(unit, indicator, what the opinions come to) of every criterion that is settled."""
        async for held in scan(self._store, APPRAISALS.name, {"evaluation": evaluation}):
            if held["settled"]:
                yield held["unit"], held["indicator"], held["settled"]

    async def all(self, evaluation: str) -> AsyncIterator[AppraisalState]:
        """Every appraisal of the evaluation with its whole history."""
        async for held in scan(self._store, APPRAISALS.name, {"evaluation": evaluation}):
            yield _held(held).state

    async def disputed(self, evaluation: str) -> int:
        """How many criteria wait for a referee."""
        return await self._store.count(APPRAISALS.name, {"evaluation": evaluation, "disputed": 1})


def _document(state: AppraisalState, unsent: tuple[dict[str, Any], ...]) -> Document:
    document: Document = {
        "_id": state.appraisal,
        "evaluation": state.evaluation,
        "unit": state.unit,
        "indicator": state.indicator,
        "revision": state.revision,
        "changed_ms": state.changed_at_ms,
        "disputed": int(state.disputed),
        "settled": state.settled.model_dump(mode="json") if state.settled else {},
        "body": state.model_dump_json(),
    }
    return with_events(document, [state], unsent=unsent, now_ms=state.changed_at_ms)


def _held(found: Document) -> HeldAppraisal:
    return HeldAppraisal(AppraisalState.model_validate_json(found["body"]), found)
