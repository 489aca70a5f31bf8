"""Recompute one evaluation, the whole cohort, and save what changed.

Claim the mark, read the inputs, compute, save the scores that changed, save the evaluation if it changed, and take the
mark away last. A crash anywhere before that leaves the mark: computing again finds what is saved already, saves the
rest, and announces nothing twice. The same inputs change nothing: no revision, no event.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import structlog

from services.scoring.domain.computation import Computation, compute
from services.scoring.domain.evaluations import Mark, content_sha256, evaluation_id
from services.scoring.domain.inputs import Accepted, Sources
from services.scoring.domain.ledger import Owed, versions
from services.scoring.domain.saved import NewScore, SavedScore, changed_scores
from services.scoring.domain.summary import left_content
from services.scoring.domain.versions import PlanVersion, in_force
from shared.clock import Clock
from shared.errors import Transient
from shared.events.score import EvaluationState
from shared.plan.model import Plan

log = structlog.get_logger(__name__)

SCORES_BETWEEN_RENEWALS = 1000
REMEMBERED_MAX = 4


class Plans(Protocol):
    async def versions(self, plan: str) -> list[PlanVersion]: ...

    async def plan(self, version: PlanVersion) -> Plan: ...


class Ledger(Protocol):
    async def of(self, evaluation: str) -> tuple[Owed, ...]: ...


class Observations(Protocol):
    async def counting(self, evaluation: str) -> tuple[Accepted, ...]: ...


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


class Compute:
    """Computes an evaluation from the store, and remembers the last few for whoever asks why."""

    def __init__(self, *, plans: Plans, ledger: Ledger, observations: Observations, clock: Clock) -> None:
        self._plans = plans
        self._ledger = ledger
        self._observations = observations
        self._clock = clock

    async def __call__(self, plan: str, year: int) -> Computation | None:
        """None while nothing is owed, or while no plan version in force has arrived."""
        evaluation = evaluation_id(plan, year)
        obligations = await self._ledger.of(evaluation)
        version = in_force(await self._plans.versions(plan), versions(obligations), year)
        if version is None:
            return None
        sources = Sources(obligations, await self._observations.counting(evaluation))
        document = await self._plans.plan(version)
        # In a thread: a large cohort must not hold up consumers and probes.
        return await asyncio.to_thread(compute, document, version.sha256, year, sources, self._clock.now_ms())


class Recompute:
    """Brings the saved results of one (plan, year) up to what the store holds."""

    def __init__(
        self,
        *,
        computing: Callable[[str, int], Awaitable[Computation | None]],
        marks: Marks,
        results: Results,
        clock: Clock,
    ) -> None:
        self._computing = computing
        self._marks = marks
        self._results = results
        self._clock = clock
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
            changed = 0 if computation is None else await self._save(mark, computation)
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

    async def _save(self, mark: Mark, computation: Computation) -> int:
        evaluation = evaluation_id(mark.plan, mark.year)
        now_ms = self._clock.now_ms()
        saved = await self._results.scores(evaluation)
        contents = dict(zip(computation.evaluation.cohort.units, computation.units(), strict=True))
        version = computation.evaluation.plan.version
        left = {unit: left_content(version, held.peer_group) for unit, held in saved.items() if unit not in contents}
        changed = changed_scores(mark, contents, saved, left, now_ms=now_ms)
        for start in range(0, len(changed), SCORES_BETWEEN_RENEWALS):
            if not await self._marks.renew(mark):
                raise Transient(f"{evaluation}: another has taken over")
            await self._results.save_scores(changed[start : start + SCORES_BETWEEN_RENEWALS])
        announced = await self._save_evaluation(mark, computation, now_ms)
        self._remember(evaluation, computation)
        return len(changed) + announced

    async def _save_evaluation(self, mark: Mark, computation: Computation, now_ms: int) -> int:
        evaluation = evaluation_id(mark.plan, mark.year)
        content = computation.content()
        sha = content_sha256(content)
        saved = await self._results.evaluation(evaluation)
        if saved is not None and saved[1] == sha:
            return 0
        revision = 1 if saved is None else saved[0].revision + 1
        state = EvaluationState(
            revision=revision,
            evaluation=evaluation,
            plan=mark.plan,
            year=mark.year,
            computed_at_ms=now_ms,
            **content,
        )
        await self._results.save_evaluation(state, sha)
        return 1

    def _remember(self, evaluation: str, computation: Computation) -> None:
        self.last.pop(evaluation, None)
        self.last[evaluation] = computation
        while len(self.last) > REMEMBERED_MAX:
            self.last.pop(next(iter(self.last)))
