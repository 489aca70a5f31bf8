"""Reports as intake announced them, one document each; only approved and sealed ones count."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from services.scoring.domain.inputs import Accepted
from services.scoring.domain.round.evidence import Sent
from services.scoring.domain.values import Cells
from services.scoring.repository.collections import OBSERVATIONS
from services.scoring.repository.history import History
from services.scoring.repository.newest import keep_newest, may_have_moved
from shared.events.report import ReportState
from shared.store.documents import FIND_LIMIT_MAX, Document, Documents, Scalar, scan

COUNTED_PHASES = frozenset({"APPROVED", "SEALED"})


class Observations:
    def __init__(self, store: Documents) -> None:
        self._store = store
        self._history = History(store)

    async def apply(self, state: ReportState, evaluation: str) -> set[str]:
        """Keep this state of a report, and the newest one apart; the evaluations that may have changed.

        None where neither what was held nor what is new counts.
        """
        document = _document(state, evaluation)
        counts = document["counts"]
        await self._history.append("report", evaluation, document, at_ms=state.changed_at_ms, stands=counts)
        stored, before = await keep_newest(self._store, OBSERVATIONS.name, document)
        if may_have_moved(document, before):
            await self._history.moved(state.report)
        evaluations = {evaluation, before["evaluation"]} if before else {evaluation}
        counted = counts or (before is not None and before["counts"])
        return evaluations if counted or not stored else set()

    async def counting(self, evaluation: str, *, as_of_ms: int | None = None) -> tuple[Accepted, ...]:
        """Every report that counts in an evaluation, or that counted at an instant."""
        if as_of_ms is not None:
            return tuple(_accepted(held) for held in await self._history.at("report", evaluation, as_of_ms))
        equals: dict[str, Scalar] = {"evaluation": evaluation, "counts": True}
        return tuple([_accepted(held) async for held in scan(self._store, OBSERVATIONS.name, equals)])

    async def sent(self, reports: Sequence[str]) -> list[Sent]:
        """Who sent these reports, with which evidence; only those that are kept."""
        found: list[Sent] = []
        for start in range(0, len(reports), FIND_LIMIT_MAX):
            some = await self._store.get_many(OBSERVATIONS.name, reports[start : start + FIND_LIMIT_MAX])
            found += [_sent(held) for held in some]
        return found


def _document(state: ReportState, evaluation: str) -> Document:
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
        "values": Cells.of(value.model_dump(exclude={"evidence", "reason"}) for value in state.values).text,
        "submitted_by": state.submitted_by,
        "evidence": orjson.dumps(_evidence(state)).decode(),
    }


def _evidence(state: ReportState) -> dict[str, dict[str, str | None]]:
    return {value.indicator: value.evidence.model_dump() for value in state.values if value.evidence is not None}


def _sent(held: Document) -> Sent:
    # Reports that were kept before their evidence was have none until intake announces them again.
    evidence = orjson.loads(held.get("evidence", "{}"))
    return Sent(held["_id"], held["version"], held.get("submitted_by", ""), evidence)


def _accepted(held: Document) -> Accepted:
    return Accepted(
        report=held["_id"],
        obligation=held["obligation"],
        version=held["version"],
        nil=held["nil"],
        received_at_ms=held["received_at_ms"],
        changed_at_ms=held["changed_at_ms"],
        values=Cells.read(held["values"]),
    )
