"""The numbers of an evaluation for whoever looks or decides, without computing a large cohort for every request.

`current`: what the store holds now. The last computation of this process is that while the evaluation is not marked and
it is what was saved; else it is computed. `recent`: for decisions, which need what the unit reported and not what other
decisions have just changed: a computation of the last seconds will do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from services.scoring.domain.computation import Computation
from services.scoring.domain.evaluations import evaluation_id
from shared.clock import Clock
from shared.events.score import EvaluationState

RECENT_MS = 5_000
REMEMBERED_MAX = 4


class Marks(Protocol):
    async def is_clean(self, plan: str, year: int) -> bool: ...


class Results(Protocol):
    async def evaluation(self, evaluation: str) -> tuple[EvaluationState, str] | None: ...


class Numbers:
    """Finds computations at hand, and computes where there is none."""

    def __init__(
        self,
        *,
        computing: Callable[[str, int], Awaitable[Computation | None]],
        last: Mapping[str, Computation],
        marks: Marks,
        results: Results,
        clock: Clock,
    ) -> None:
        self._computing = computing
        self._last = last
        self._marks = marks
        self._results = results
        self._clock = clock
        self._recent: dict[str, tuple[int, Computation]] = {}

    async def current(self, plan: str, year: int) -> Computation | None:
        """From what the store holds now; None while nothing can be computed."""
        evaluation = evaluation_id(plan, year)
        held = self._last.get(evaluation)
        if held is not None and await self._marks.is_clean(plan, year):
            saved = await self._results.evaluation(evaluation)
            if saved is not None and (saved[0].inputs_sha256, saved[0].phase) == (held.inputs_sha256, held.phase):
                return held
        return await self._computed(plan, year)

    async def recent(self, plan: str, year: int) -> Computation | None:
        """As `current`, or as of a few seconds ago."""
        held = self._recent.get(evaluation_id(plan, year))
        if held is not None and 0 <= self._clock.now_ms() - held[0] <= RECENT_MS:
            return held[1]
        found = await self.current(plan, year)
        return self._remembered(plan, year, found)

    async def _computed(self, plan: str, year: int) -> Computation | None:
        return self._remembered(plan, year, await self._computing(plan, year))

    def _remembered(self, plan: str, year: int, found: Computation | None) -> Computation | None:
        if found is not None:
            evaluation = evaluation_id(plan, year)
            self._recent.pop(evaluation, None)
            self._recent[evaluation] = (self._clock.now_ms(), found)
            while len(self._recent) > REMEMBERED_MAX:
                self._recent.pop(next(iter(self._recent)))
        return found
