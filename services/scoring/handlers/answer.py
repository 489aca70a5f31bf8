"""Answer questions about evaluations: which there are, how units stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from services.scoring.domain.evaluations import evaluation_id
from services.scoring.domain.summary import LISTED
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

    def __init__(self, *, results: Results, units: Units) -> None:
        self._results = results
        self._units = units

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


def _row(state: dict[str, Any], names: dict[str, str] | None) -> dict[str, Any]:
    """What a list says of the unit. A score kept by an older release may lack what was added since."""
    return {"names": names, **{name: state.get(name) for name in LISTED}, "revision": state["revision"]}
