"""Evaluations: where each (plan, year) stands."""

from __future__ import annotations

from services.dashboard.repository.read_model import apply
from shared.events.score import EvaluationState
from shared.store.documents import Collection, Documents, Index

EVALUATIONS = Collection("evaluations", (Index(("plan", "year")),))


class Evaluations:
    """The newest state of every evaluation."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def apply(self, state: EvaluationState) -> bool:
        """Hold this state if it is newer."""
        document = {
            "_id": state.evaluation,
            "revision": state.revision,
            "plan": state.plan,
            "year": state.year,
            "state": state.model_dump(mode="json"),
        }
        return await apply(self._store, EVALUATIONS.name, document)

    async def of_year(self, plan: str, year: int) -> EvaluationState | None:
        """The evaluation of a year; the one computed last where there are several."""
        page = await self._store.find(EVALUATIONS.name, {"plan": plan, "year": year}, limit=10)
        states = [EvaluationState.model_validate(document["state"]) for document in page.documents]
        return max(states, key=lambda state: state.computed_at_ms, default=None)
