"""Answer why: where a unit's index comes from, why it moved, what it would take. None where there is no such thing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from services.scoring.domain.computation import Computation
from services.scoring.domain.decompose import changes, compare
from services.scoring.domain.decompose.again import inputs_of, with_inputs
from services.scoring.domain.evaluations import evaluation_id
from services.scoring.domain.explain import Note, explain
from services.scoring.domain.what_it_takes import what_it_takes
from shared.clock import Clock
from shared.events.score import EvaluationState


class Computing(Protocol):
    async def __call__(self, plan: str, year: int) -> Computation | None: ...

    async def as_of(self, plan: str, year: int, at_ms: int) -> Computation | None: ...


class Results(Protocol):
    async def evaluation(self, evaluation: str) -> tuple[EvaluationState, str] | None: ...


class Units(Protocol):
    async def names(self, units: Sequence[str], *, as_of_ms: int | None = None) -> Mapping[str, dict[str, str]]: ...


class Notes(Protocol):
    async def of(self, evaluation: str, unit: str, *, as_of_ms: int | None = None) -> Mapping[str, Note]: ...


class NoNotes:
    """Nobody has appraised anything."""

    async def of(self, evaluation: str, unit: str, *, as_of_ms: int | None = None) -> Mapping[str, Note]:
        return {}


class Explanations:
    """What can be asked about one unit of one evaluation."""

    def __init__(
        self,
        *,
        results: Results,
        units: Units,
        computing: Computing,
        last: Mapping[str, Computation],
        clock: Clock,
        notes: Notes | None = None,
    ) -> None:
        self._results = results
        self._units = units
        self._computing = computing
        self._last = last
        self._clock = clock
        self._notes = notes or NoNotes()

    async def explanation(self, plan: str, year: int, unit: str) -> dict[str, Any] | None:
        """Where the unit's index comes from, as it stands.

        `is_published` says whether that is what the saved evaluation was computed from, or whether a recomputation is
        still to come.
        """
        state = await self._saved(plan, year)
        computation = None if state is None else await self._current(plan, year, state)
        if state is None or computation is None:
            return None
        published = computation.inputs_sha256 == state.inputs_sha256
        return await self._explained(plan, year, unit, computation, is_published=published)

    async def past(self, plan: str, year: int, unit: str, at_ms: int) -> dict[str, Any] | None:
        """The same as it stood at a past instant: from what was known by then, the same whenever it is asked."""
        computation = await self._computing.as_of(plan, year, at_ms)
        if computation is None:
            return None
        return await self._explained(plan, year, unit, computation, as_of_ms=at_ms)

    async def changes(self, plan: str, year: int, unit: str, since_ms: int) -> dict[str, Any] | None:
        """Why index and rank of the unit are others than at an instant of the same evaluation."""
        before, after = await self._computing.as_of(plan, year, since_ms), await self._now(plan, year)
        if before is None or after is None or not _has(unit, before, after):
            return None
        told = await asyncio.to_thread(changes, before, after, unit)
        return await self._headed(plan, year, unit, {"since_ms": since_ms, **told})

    async def compare(self, plan: str, year: int, unit: str, other: int) -> dict[str, Any] | None:
        """Why index and rank of the unit are others than in another year (`before`)."""
        before, after = await self._now(plan, other), await self._now(plan, year)
        if before is None or after is None or not _has(unit, before, after):
            return None
        told = await asyncio.to_thread(compare, before, after, unit)
        return await self._headed(plan, year, unit, {"with": other, **told})

    async def what_it_takes(self, plan: str, year: int, unit: str, rank: int | None) -> dict[str, Any] | None:
        """What alone would lift the unit to the next band, or to a rank."""
        held = await self._now(plan, year)
        if held is None or not _has(unit, held):
            return None
        told = await asyncio.to_thread(_needed, held, unit, rank)
        return await self._headed(plan, year, unit, {"as_of_ms": held.as_of_ms, **told})

    async def _saved(self, plan: str, year: int) -> EvaluationState | None:
        saved = await self._results.evaluation(evaluation_id(plan, year))
        return None if saved is None else saved[0]

    async def _now(self, plan: str, year: int) -> Computation | None:
        state = await self._saved(plan, year)
        return None if state is None else await self._current(plan, year, state)

    async def _current(self, plan: str, year: int, state: EvaluationState) -> Computation | None:
        """What stands: of a closed round what was sealed, whatever has arrived since."""
        held = self._last.get(evaluation_id(plan, year))
        if held is not None and held.inputs_sha256 == state.inputs_sha256 and held.phase == state.phase:
            return held
        if not state.provisional:
            return await self._computing.as_of(plan, year, self._clock.now_ms())
        return await self._computing(plan, year)

    async def _explained(
        self,
        plan: str,
        year: int,
        unit: str,
        computation: Computation,
        *,
        as_of_ms: int | None = None,
        is_published: bool | None = None,
    ) -> dict[str, Any] | None:
        """`is_published` is told of the present only, `asked_as_of_ms` of the past only."""
        if not _has(unit, computation):
            return None
        notes = await self._notes.of(evaluation_id(plan, year), unit, as_of_ms=as_of_ms)
        told = await asyncio.to_thread(_explained, computation, unit, notes)
        asked = {"is_published": is_published} if as_of_ms is None else {"asked_as_of_ms": as_of_ms}
        facts = {
            "plan_version": computation.evaluation.plan.version,
            "phase": computation.phase,
            "provisional": computation.provisional,
            "as_of_ms": computation.as_of_ms,
            "inputs_sha256": computation.inputs_sha256,
        }
        return await self._headed(plan, year, unit, {**facts, **asked, **told}, as_of_ms=as_of_ms)

    async def _headed(
        self, plan: str, year: int, unit: str, told: dict[str, Any], *, as_of_ms: int | None = None
    ) -> dict[str, Any]:
        names = await self._units.names([unit], as_of_ms=as_of_ms)
        head = {"evaluation": evaluation_id(plan, year), "plan": plan, "year": year, "names": names.get(unit)}
        return {**head, **told}


def _has(unit: str, *computations: Computation) -> bool:
    return any(unit in computation.evaluation.cohort.position for computation in computations)


def _explained(computation: Computation, unit: str, notes: Mapping[str, Note]) -> dict[str, Any]:
    return explain(
        computation.evaluation,
        computation.sources,
        unit,
        now_ms=computation.now_ms,
        reported=computation.reported,
        notes=notes,
    )


def _needed(computation: Computation, unit: str, rank: int | None) -> dict[str, Any]:
    return what_it_takes(
        computation.evaluation,
        inputs_of(computation),
        unit,
        again=lambda inputs: with_inputs(computation, inputs),
        rank=rank,
    )
