"""Obligations as intake announced them, read per evaluation."""

from __future__ import annotations

from services.scoring.domain.ledger import Owed
from services.scoring.repository.collections import LEDGER
from services.scoring.repository.history import History
from services.scoring.repository.newest import keep_newest, may_have_moved
from shared.events.obligation import ObligationState
from shared.store.documents import Document, Documents, scan


class Ledger:
    def __init__(self, store: Documents) -> None:
        self._store = store
        self._history = History(store)

    async def apply(self, state: ObligationState, evaluation: str) -> set[str]:
        """Keep this state of an obligation, and the newest one apart; the evaluations that may have changed."""
        document = _document(state, evaluation)
        await self._history.append("obligation", evaluation, document, at_ms=state.changed_at_ms)
        _, before = await keep_newest(self._store, LEDGER.name, document)
        if may_have_moved(document, before):
            await self._history.moved(state.obligation)
        return {evaluation, before["evaluation"]} if before else {evaluation}

    async def of(self, evaluation: str, *, as_of_ms: int | None = None) -> tuple[Owed, ...]:
        """Every obligation of an evaluation, as it stands or as it stood at an instant."""
        if as_of_ms is not None:
            return tuple(_owed(held) for held in await self._history.at("obligation", evaluation, as_of_ms))
        return tuple([_owed(held) async for held in scan(self._store, LEDGER.name, {"evaluation": evaluation})])


def _document(state: ObligationState, evaluation: str) -> Document:
    return {
        "_id": state.obligation,
        "evaluation": evaluation,
        "revision": state.revision,
        "plan_version": state.plan_version,
        "form": state.form,
        "unit": state.unit,
        "peer_group": state.peer_group,
        "period": state.period,
        "period_end_ms": state.period_end_ms,
        "due_at_ms": state.due_at_ms,
        "outcome": state.outcome,
        "timeliness": state.timeliness or "",
        "returned_count": state.returned_count,
        "changed_at_ms": state.changed_at_ms,
        "share": state.share,
        "period_last": state.period_last,
    }


def _owed(held: Document) -> Owed:
    return Owed(
        obligation=held["_id"],
        plan_version=held["plan_version"],
        form=held["form"],
        unit=held["unit"],
        peer_group=held["peer_group"],
        period=held["period"],
        period_end_ms=held["period_end_ms"],
        due_at_ms=held["due_at_ms"],
        outcome=held["outcome"],
        timeliness=held["timeliness"],
        returned_count=held["returned_count"],
        changed_at_ms=held["changed_at_ms"],
        share=held.get("share", 1.0),
        period_last=held.get("period_last", ""),
    )
