"""The read model of a round for recomputation and editions: phase, deadlines and everything that was decided."""

from __future__ import annotations

from services.scoring.domain.evaluations import evaluation_id
from services.scoring.domain.round.machine import Standing
from services.scoring.domain.round.results import in_order, overruled, row_of, view, view_as_of
from services.scoring.domain.round.view import RoundView
from services.scoring.repository.appraisals import Appraisals
from services.scoring.repository.clarifications import Clarifications
from services.scoring.repository.rounds import Rounds
from shared.events.score import EvaluationPhase
from shared.store.documents import Documents


class RoundViews:
    def __init__(self, store: Documents) -> None:
        self._rounds = Rounds(store)
        self._appraisals = Appraisals(store)
        self._clarifications = Clarifications(store)

    async def of(self, plan: str, year: int, *, as_of_ms: int | None = None) -> RoundView:
        """The round of (plan, year), now or as it stood at an instant; DRAFT and empty without a round."""
        held = await self._rounds.get(plan, year)
        if held is None:
            return RoundView(plan, year)
        evaluation = evaluation_id(plan, year)
        requests = [request async for request in self._clarifications.all(evaluation)]
        if as_of_ms is not None:
            history = [one async for one in self._appraisals.all(evaluation)]
            return view_as_of(held.state, history, requests, as_of_ms)
        settled = self._appraisals.settled(evaluation)
        decided = {(unit, code): row_of(unit, code, found) async for unit, code, found in settled}
        unsettled = await self._appraisals.disputed(evaluation) + sum(one.decision is None for one in requests)
        return view(held.state, in_order(overruled(decided, requests)), unsettled)

    async def phase(self, plan: str, year: int) -> EvaluationPhase:
        """The phase alone."""
        held = await self._rounds.get(plan, year)
        return "DRAFT" if held is None else held.state.phase

    async def standing(self, plan: str, year: int) -> Standing:
        """What is left to be settled; what is unappraised is not counted here."""
        evaluation = evaluation_id(plan, year)
        return Standing(
            disputed=await self._appraisals.disputed(evaluation),
            open_requests=await self._clarifications.open_requests(evaluation),
        )
