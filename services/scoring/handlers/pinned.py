"""The inputs of an analysis as they stood when it was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

from services.scoring.domain.analysis.job import Job
from services.scoring.domain.analysis.kinds import Material
from services.scoring.domain.analysis.models import Models
from services.scoring.domain.analysis.refused import refused
from services.scoring.domain.analysis.variations import Case
from services.scoring.domain.computation import Computation
from services.scoring.domain.evaluate import evaluate
from services.scoring.domain.evaluations import evaluation_id
from services.scoring.domain.inputs import gather
from services.scoring.domain.ledger import Owed
from services.scoring.domain.versions import PlanVersion
from shared.events.score import EvaluationState
from shared.plan.model import Plan
from shared.refusal import Refusal, not_found

YEARS_BACK = 3
"""How far a forecast looks back."""
MODELS_MAX = 2


class Computing(Protocol):
    async def __call__(self, plan: str, year: int) -> Computation | None: ...

    async def as_of(self, plan: str, year: int, at_ms: int) -> Computation | None: ...


class Results(Protocol):
    async def evaluation(self, evaluation: str) -> tuple[EvaluationState, str] | None: ...


class Plans(Protocol):
    async def versions(self, plan: str) -> list[PlanVersion]: ...

    async def plan(self, version: PlanVersion) -> Plan: ...


class Ledger(Protocol):
    async def of(self, evaluation: str) -> tuple[Owed, ...]: ...


class Pinned:
    """Finds what an analysis is computed from; remembers the last few models, so that what-ifs answer at once."""

    def __init__(
        self,
        *,
        results: Results,
        computing: Computing,
        plans: Plans,
        ledger: Ledger,
        last: Mapping[str, Computation],
    ) -> None:
        self._results = results
        self._computing = computing
        self._plans = plans
        self._ledger = ledger
        self._last = last
        self._models: dict[str, Models] = {}
        self._building = asyncio.Lock()

    async def saved(self, plan: str, year: int) -> EvaluationState:
        """The saved evaluation; Refusal where there is none."""
        found = await self._results.evaluation(evaluation_id(plan, year))
        if found is None:
            raise not_found("đánh giá này", "such evaluation")
        return found[0]

    async def computation(self, plan: str, year: int) -> tuple[EvaluationState, Computation]:
        """The saved evaluation with its computation."""
        state = await self.saved(plan, year)
        return state, await self._computation(plan, year, state.inputs_sha256, state.computed_at_ms)

    async def models(self, plan: str, year: int) -> tuple[EvaluationState, Models]:
        """The saved evaluation with its model."""
        state = await self.saved(plan, year)
        async with self._building:
            models = self._models.get(state.inputs_sha256)
            if models is None:
                computation = await self._computation(plan, year, state.inputs_sha256, state.computed_at_ms)
                models = Models(_case(computation))
                self._models[state.inputs_sha256] = models
                while len(self._models) > MODELS_MAX:
                    self._models.pop(next(iter(self._models)))
        return state, models

    async def material(self, job: Job) -> Material:
        """What the analysis is made of. Refusal when its inputs cannot be had any more."""
        computation = await self._computation(job.plan, job.year, job.inputs_sha256, job.computed_at_ms)
        return Material(
            case=_case(computation),
            run=job.id,
            now_ms=computation.now_ms,
            other=await self._other(job, computation) if job.kind == "dual_run" else None,
            ledger=await self._history(job, computation) if job.kind == "forecast" else (),
            last_final=computation.reference,
        )

    async def _computation(self, plan: str, year: int, inputs_sha256: str, at_ms: int) -> Computation:
        """The one with these inputs: at hand, computed from what stands now, or from what stood then."""
        held = self._last.get(evaluation_id(plan, year))
        if held is not None and held.inputs_sha256 == inputs_sha256:
            return held
        found = await self._computing(plan, year)
        if found is None or found.inputs_sha256 != inputs_sha256:
            found = await self._computing.as_of(plan, year, at_ms)
        if found is not None and found.inputs_sha256 == inputs_sha256:
            return found
        raise Refusal(
            "state",
            "Số liệu đầu vào đã thay đổi từ khi yêu cầu; hãy yêu cầu lại.",
            "The inputs have changed since this was asked for: ask again.",
        )

    async def _other(self, job: Job, computation: Computation) -> Case:
        """The same sources by another version of the plan."""
        wanted = job.parameters["version"]
        found = [version for version in await self._plans.versions(job.plan) if version.version == wanted]
        if not found:
            raise refused("version", f"Không có phiên bản {wanted}.", f"There is no version {wanted}.")
        plan = await self._plans.plan(found[-1])
        return await asyncio.to_thread(_by_version, plan, job.year, computation)

    async def _history(self, job: Job, computation: Computation) -> tuple[Owed, ...]:
        """The ledger of the year as pinned, and those of some years before."""
        years = range(job.year - YEARS_BACK, job.year)
        before = [await self._ledger.of(evaluation_id(job.plan, year)) for year in years]
        return tuple(owed for ledger in before for owed in ledger) + computation.sources.obligations


def _case(computation: Computation) -> Case:
    evaluation = computation.evaluation
    return Case(evaluation, lambda: gather(evaluation.plan, computation.sources, computation.now_ms))


def _by_version(plan: Plan, year: int, computation: Computation) -> Case:
    inputs = gather(plan, computation.sources, computation.now_ms)
    return Case(evaluate(plan, year, inputs, reference=computation.reference), inputs)
