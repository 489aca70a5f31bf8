"""Findings of inspections as notify announced them, one document each, in the year in which they are to be remedied."""

from __future__ import annotations

from services.scoring.domain.evaluations import evaluation_id
from services.scoring.domain.findings import Finding
from services.scoring.repository.collections import FINDINGS
from services.scoring.repository.history import History
from services.scoring.repository.newest import keep_newest, may_have_moved
from shared.events.inspection import InspectionFinding, InspectionState
from shared.store.documents import Document, Documents, Scalar, scan


class Findings:
    def __init__(self, store: Documents) -> None:
        self._store = store
        self._history = History(store)

    async def apply(self, state: InspectionState) -> set[str]:
        """Keep this state of each finding, and the newest one apart; the evaluations that may have changed.

        A finding has a year from the conclusion on, which gives it its last day; a withdrawn one counts nowhere.
        """
        changed: set[str] = set()
        for finding in state.findings:
            if finding.due_day is not None and finding.due_at_ms is not None:
                changed |= await self._keep(_document(state, finding, finding.due_day, finding.due_at_ms))
        return changed

    async def _keep(self, document: Document) -> set[str]:
        evaluation, counts = document["evaluation"], document["counts"]
        await self._history.append("finding", evaluation, document, at_ms=document["changed_at_ms"], stands=counts)
        _, before = await keep_newest(self._store, FINDINGS.name, document)
        if may_have_moved(document, before):
            await self._history.moved(document["_id"])
        return {evaluation, before["evaluation"]} if before else {evaluation}

    async def of(self, evaluation: str, *, as_of_ms: int | None = None) -> tuple[Finding, ...]:
        """Every finding of an evaluation that counts, as it stands or as it stood at an instant."""
        if as_of_ms is not None:
            return tuple(_finding(held) for held in await self._history.at("finding", evaluation, as_of_ms))
        equals: dict[str, Scalar] = {"evaluation": evaluation, "counts": True}
        return tuple([_finding(held) async for held in scan(self._store, FINDINGS.name, equals)])


def _document(state: InspectionState, finding: InspectionFinding, due_day: str, due_at_ms: int) -> Document:
    """`remedied_at_ms` is 0 until an inspector has accepted the remedy: then it is when the unit proved it."""
    remedied_at_ms = finding.remedied_at_ms if finding.status == "ACCEPTED" else None
    return {
        "_id": finding.finding,
        "evaluation": evaluation_id(state.plan, int(due_day[:4])),
        "revision": finding.revision,
        "counts": finding.status != "WITHDRAWN",
        "unit": state.unit,
        "due_at_ms": due_at_ms,
        "remedied_at_ms": remedied_at_ms or 0,
        "changed_at_ms": finding.changed_at_ms,
    }


def _finding(held: Document) -> Finding:
    return Finding(
        finding=held["_id"],
        unit=held["unit"],
        due_at_ms=held["due_at_ms"],
        remedied_at_ms=held["remedied_at_ms"] or None,
        changed_at_ms=held["changed_at_ms"],
        revision=held["revision"],
    )
