"""Answer questions about evaluations: which there are, how units stand, why a unit stands where it does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from services.scoring.domain.computation import Computation
from services.scoring.domain.evaluations import evaluation_id
from services.scoring.domain.explain import explain
from shared.events.score import EvaluationState


class Page(Protocol):
    @property
    def states(self) -> list[dict[str, Any]]: ...

    @property
    def cursor(self) -> str | None: ...


class Results(Protocol):
    async def evaluation(self, evaluation: str) -> tuple[EvaluationState, str] | None: ...

    async def evaluations(self, *, plan: str | None, limit: int, cursor: str | None) -> Page: ...

    async def ranking(self, evaluation: str, *, peer_group: str | None, limit: int, cursor: str | None) -> Page: ...


class Units(Protocol):
    async def names(self, units: Sequence[str]) -> Mapping[str, dict[str, str]]: ...


class Answer:
    """Everything that can be asked; None where there is no such thing."""

    def __init__(
        self,
        *,
        results: Results,
        units: Units,
        computing: Callable[[str, int], Awaitable[Computation | None]],
        last: Mapping[str, Computation],
    ) -> None:
        self._results = results
        self._units = units
        self._computing = computing
        self._last = last

    async def evaluations(self, *, plan: str | None, limit: int, cursor: str | None) -> dict[str, Any]:
        """A page of evaluations by plan and year."""
        page = await self._results.evaluations(plan=plan, limit=limit, cursor=cursor)
        return {"items": page.states, "next_cursor": page.cursor}

    async def evaluation(
        self, plan: str, year: int, *, peer_group: str | None, limit: int, cursor: str | None
    ) -> dict[str, Any] | None:
        """The evaluation with a page of its units by peer group, rank, code."""
        evaluation = evaluation_id(plan, year)
        saved = await self._results.evaluation(evaluation)
        if saved is None:
            return None
        page = await self._results.ranking(evaluation, peer_group=peer_group, limit=limit, cursor=cursor)
        names = await self._units.names([state["unit"] for state in page.states])
        items = [_row(state, names.get(state["unit"])) for state in page.states]
        return {**saved[0].model_dump(mode="json"), "items": items, "next_cursor": page.cursor}

    async def explanation(self, plan: str, year: int, unit: str) -> dict[str, Any] | None:
        """Where the unit's index comes from.

        Computed from what the store holds now; `is_published` says whether that is what the saved evaluation was
        computed from, or whether a recomputation is still to come.
        """
        evaluation = evaluation_id(plan, year)
        saved = await self._results.evaluation(evaluation)
        if saved is None:
            return None
        state = saved[0]
        computation = self._last.get(evaluation)
        if computation is None or computation.inputs_sha256 != state.inputs_sha256:
            computation = await self._computing(plan, year)
        if computation is None or unit not in computation.evaluation.cohort.position:
            return None
        names = await self._units.names([unit])
        return {
            "evaluation": evaluation,
            "plan": plan,
            "plan_version": computation.evaluation.plan.version,
            "year": year,
            "phase": state.phase,
            "provisional": computation.provisional,
            "as_of_ms": computation.as_of_ms,
            "inputs_sha256": computation.inputs_sha256,
            "is_published": computation.inputs_sha256 == state.inputs_sha256,
            "names": names.get(unit),
            **explain(computation.evaluation, computation.sources, unit, now_ms=computation.now_ms),
        }


def _row(state: dict[str, Any], names: dict[str, str] | None) -> dict[str, Any]:
    shown = ("unit", "peer_group", "index", "band", "rank", "ranked", "coverage", "provisional", "groups", "revision")
    return {"names": names, **{name: state[name] for name in shown}}
