"""Recompute one evaluation, the whole cohort, and save what changed.

Claim the mark, read the inputs, compute, save the scores that changed, save the evaluation if it changed, and take the
mark away last. A crash anywhere before that leaves the mark: computing again finds what is saved already, saves the
rest, and announces nothing twice. The same inputs change nothing: no revision, no event.

Once the round is closed the numbers of its edition stand. They are saved as final ones a last time, whatever arrived
since they were sealed; from then on it is only noted that the inputs are others than the sealed ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import structlog

from services.scoring.domain.cells import Ints
from services.scoring.domain.computation import Computation
from services.scoring.domain.evaluations import Mark, content_sha256, evaluation_id
from services.scoring.domain.phase import provisional
from services.scoring.domain.saved import NewScore, SavedScore, changed_scores
from services.scoring.domain.sealed import Sealed
from services.scoring.domain.summary import left_content
from services.scoring.handlers.compute import Editions, NoEditions
from shared.clock import Clock
from shared.errors import Permanent, Transient
from shared.events.score import EvaluationState

log = structlog.get_logger(__name__)

REMEMBERED_MAX = 4
IDENTITY = ("evaluation", "plan", "year")
HISTORY = ("revision", "computed_at_ms")
"""Fields of an evaluation's state that its content does not have."""

Held = tuple[EvaluationState, str] | None


class Computing(Protocol):
    async def __call__(self, plan: str, year: int) -> Computation | None: ...

    async def as_of(self, plan: str, year: int, at_ms: int) -> Computation | None: ...


class Marks(Protocol):
    async def claim(self, mark: Mark) -> bool: ...

    async def renew(self, mark: Mark) -> bool: ...

    async def finish(self, mark: Mark, *, tick_ms: int | None) -> bool: ...

    async def release(self, mark: Mark) -> bool: ...

    async def mark(self, plan: str, year: int) -> None: ...


class Results(Protocol):
    async def scores(self, evaluation: str) -> Mapping[str, SavedScore]: ...

    async def save_scores(self, scores: Sequence[NewScore]) -> None: ...

    async def evaluation(self, evaluation: str) -> tuple[EvaluationState, str] | None: ...

    async def save_evaluation(self, state: EvaluationState, sha: str) -> None: ...


class Recompute:
    """Brings the saved results of one (plan, year) up to what the store holds."""

    def __init__(
        self,
        *,
        computing: Computing,
        marks: Marks,
        results: Results,
        clock: Clock,
        editions: Editions | None = None,
    ) -> None:
        self._computing = computing
        self._marks = marks
        self._results = results
        self._clock = clock
        self._editions = editions or NoEditions()
        self.last: dict[str, Computation] = {}
        """The newest computations of this process by evaluation, few: for explanations."""

    async def run(self, mark: Mark) -> str:
        """Named outcome: `held` by another, `waits` for plan or obligations, `unchanged`, `changed`.

        Transient when another instance interfered; the mark stays and the work is done again.
        """
        if not await self._marks.claim(mark):
            return "held"
        try:
            computation = await self._computing(mark.plan, mark.year)
            changed = 0 if computation is None else await self._bring(mark, computation)
        except (Transient, asyncio.CancelledError):
            # A service that stops gives its work back; after a crash the lease has to run out.
            await self._marks.release(mark)
            raise
        tick_ms = computation.next_change_ms if computation else None
        if not await self._marks.finish(mark, tick_ms=tick_ms):
            # Another took over while this one was slow, and may have been overwritten: look once more.
            await self._marks.mark(mark.plan, mark.year)
        if computation is None:
            return "waits"
        log.info("evaluation.recomputed", plan=mark.plan, year=mark.year, changed=changed)
        return "changed" if changed else "unchanged"

    async def _bring(self, mark: Mark, computation: Computation) -> int:
        saved = await self._results.evaluation(evaluation_id(mark.plan, mark.year))
        held = saved[0] if saved else None
        if provisional(computation.phase):
            return await self._save(mark, computation, saved)
        sealed = await self._sealed(mark, computation, held)
        moved_on = computation.inputs_sha256 != sealed.inputs_sha256
        if held is not None and held.inputs_sha256 == sealed.inputs_sha256 and not held.provisional:
            kept = held.model_dump(mode="json", exclude={*IDENTITY, *HISTORY})
            noted = {**kept, "phase": computation.phase, "inputs_changed_since_seal": moved_on}
            return await self._save_evaluation(mark, noted, saved)
        standing = await self._as_sealed(mark, computation, sealed) if moved_on else computation
        return await self._save(mark, standing, saved, inputs_changed_since_seal=moved_on)

    async def _sealed(self, mark: Mark, computation: Computation, held: EvaluationState | None) -> Sealed:
        """Whose numbers stand: the newest edition's; without editions, those saved when the round was closed."""
        sealed = await self._editions.sealed(mark.plan, mark.year)
        if sealed is not None:
            return sealed
        if held is not None and not held.provisional:
            return Sealed("", held.inputs_sha256, held.as_of_ms)
        return Sealed("", computation.inputs_sha256, computation.now_ms)

    async def _as_sealed(self, mark: Mark, computation: Computation, sealed: Sealed) -> Computation:
        """The computation that was sealed, again: the inputs have moved on before its numbers were saved."""
        again = await self._editions.again(mark.plan, mark.year)
        if again is None:
            again = await self._computing.as_of(mark.plan, mark.year, sealed.inputs_at_ms)
        if again is None or again.inputs_sha256 != sealed.inputs_sha256:
            raise Permanent(f"{evaluation_id(mark.plan, mark.year)}: what was sealed cannot be computed again")
        return replace(again, phase=computation.phase, provisional=False)

    async def _save(
        self, mark: Mark, computation: Computation, held: Held, *, inputs_changed_since_seal: bool = False
    ) -> int:
        evaluation = evaluation_id(mark.plan, mark.year)
        now_ms = self._clock.now_ms()
        saved = await self._results.scores(evaluation)
        changed = await self._save_scores(mark, _left(mark, computation, saved, now_ms))
        for number, at in enumerate(computation.slices()):
            # In a thread, as the computation itself: the texts of a large cohort take their time.
            scores = await asyncio.to_thread(_changed, mark, computation, at, saved, now_ms)
            changed += await self._save_scores(mark, scores, long=number > 0)
        content = {**computation.content(), "inputs_changed_since_seal": inputs_changed_since_seal}
        announced = await self._save_evaluation(mark, content, held)
        self._remember(evaluation, computation)
        return changed + announced

    async def _save_scores(self, mark: Mark, scores: Sequence[NewScore], *, long: bool = False) -> int:
        """How many were saved; before it, and where the work is `long`, the lease is renewed."""
        if (scores or long) and not await self._marks.renew(mark):
            raise Transient(f"{evaluation_id(mark.plan, mark.year)}: another has taken over")
        if scores:
            await self._results.save_scores(scores)
        return len(scores)

    async def _save_evaluation(self, mark: Mark, content: dict[str, Any], saved: Held) -> int:
        sha = content_sha256(content)
        if saved is not None and saved[1] == sha:
            return 0
        state = EvaluationState(
            revision=1 if saved is None else saved[0].revision + 1,
            evaluation=evaluation_id(mark.plan, mark.year),
            plan=mark.plan,
            year=mark.year,
            computed_at_ms=self._clock.now_ms(),
            **content,
        )
        await self._results.save_evaluation(state, sha)
        return 1

    def _remember(self, evaluation: str, computation: Computation) -> None:
        self.last.pop(evaluation, None)
        self.last[evaluation] = computation
        while len(self.last) > REMEMBERED_MAX:
            self.last.pop(next(iter(self.last)))


def _changed(
    mark: Mark, computation: Computation, at: Ints, saved: Mapping[str, SavedScore], now_ms: int
) -> list[NewScore]:
    """The scores to save of the units at these positions."""
    units = computation.evaluation.cohort.units
    contents = dict(zip([units[place] for place in at.tolist()], computation.units(at), strict=True))
    return changed_scores(mark, contents, saved, listed=True, now_ms=now_ms)


def _left(mark: Mark, computation: Computation, saved: Mapping[str, SavedScore], now_ms: int) -> list[NewScore]:
    """The scores to save of the units that have left the cohort."""
    version, position = computation.evaluation.plan.version, computation.evaluation.cohort.position
    left = {unit: left_content(version, held.peer_group) for unit, held in saved.items() if unit not in position}
    return changed_scores(mark, left, saved, listed=False, now_ms=now_ms)
