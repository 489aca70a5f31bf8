"""Reports as intake announced them, one document each; only approved and sealed ones count."""

from __future__ import annotations

import orjson

from services.scoring.domain.inputs import Accepted
from services.scoring.repository.collections import OBSERVATIONS
from services.scoring.repository.newest import keep_newest
from shared.events.report import ReportState
from shared.store.documents import Document, Documents, Scalar, scan

COUNTED_PHASES = frozenset({"APPROVED", "SEALED"})


class Observations:
    def __init__(self, store: Documents) -> None:
        self._store = store

    async def apply(self, state: ReportState, evaluation: str) -> set[str]:
        """Keep the newest state of a report; the evaluations that may have changed.

        None where neither what was held nor what is new counts.
        """
        document = _document(state, evaluation)
        stored, before = await keep_newest(self._store, OBSERVATIONS.name, document)
        evaluations = {evaluation, before["evaluation"]} if before else {evaluation}
        counted = document["counts"] or (before is not None and before["counts"])
        return evaluations if counted or not stored else set()

    async def counting(self, evaluation: str) -> tuple[Accepted, ...]:
        """Every report that counts in an evaluation."""
        equals: dict[str, Scalar] = {"evaluation": evaluation, "counts": True}
        return tuple([_accepted(held) async for held in scan(self._store, OBSERVATIONS.name, equals)])


def _document(state: ReportState, evaluation: str) -> Document:
    values = [
        {name: part for name, part in value.model_dump(exclude={"evidence", "reason"}).items() if part is not None}
        for value in state.values
    ]
    return {
        "_id": state.report,
        "evaluation": evaluation,
        "revision": state.revision,
        "counts": state.phase in COUNTED_PHASES,
        "obligation": state.obligation,
        "version": state.version,
        "nil": state.nil,
        "received_at_ms": state.received_at_ms,
        "changed_at_ms": state.changed_at_ms,
        "values": orjson.dumps(values).decode(),
    }


def _accepted(held: Document) -> Accepted:
    return Accepted(
        report=held["_id"],
        obligation=held["obligation"],
        version=held["version"],
        nil=held["nil"],
        received_at_ms=held["received_at_ms"],
        changed_at_ms=held["changed_at_ms"],
        values=orjson.loads(held["values"]),
    )
