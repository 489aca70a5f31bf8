"""Answer what a group of units reached together: every indicator summed apart, never averaged."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any, Protocol

import numpy as np

from services.scoring.domain.cells import Bools
from services.scoring.domain.computation import Computation
from services.scoring.domain.evaluations import evaluation_id
from services.scoring.domain.totals import totals
from services.scoring.domain.unit_tree import Placed, members


class Computing(Protocol):
    async def __call__(self, plan: str, year: int) -> Computation | None: ...

    async def as_of(self, plan: str, year: int, at_ms: int) -> Computation | None: ...


class Units(Protocol):
    async def placed(self, *, as_of_ms: int | None = None) -> tuple[Placed, ...]: ...


class Totals:
    """Sums over groups of units of one evaluation."""

    def __init__(self, *, computing: Computing, units: Units) -> None:
        self._computing = computing
        self._units = units

    async def of(
        self,
        plan: str,
        year: int,
        *,
        peer_group: str | None = None,
        subtree: str | None = None,
        units: Collection[str] = (),
        as_of_ms: int | None = None,
    ) -> dict[str, Any] | None:
        """Of the cohort, those that meet every condition given; all without one. None without such an evaluation.

        `subtree`: who stood there on the last day of the last period that the unit owes a report for.
        """
        computation = await self._computed(plan, year, as_of_ms)
        if computation is None:
            return None
        placed = await self._units.placed(as_of_ms=as_of_ms) if subtree is not None else ()
        inside = _inside(computation, peer_group=peer_group, subtree=subtree, placed=placed, units=units)
        found = await asyncio.to_thread(totals, computation.evaluation, dict(computation.overrides), inside)
        return {
            "evaluation": evaluation_id(plan, year),
            "plan": plan,
            "plan_version": computation.evaluation.plan.version,
            "year": year,
            "phase": computation.phase,
            "provisional": computation.provisional,
            "as_of_ms": computation.as_of_ms,
            "inputs_sha256": computation.inputs_sha256,
            "units": int(inside.sum()),
            "outside": sorted(set(units) - set(computation.evaluation.cohort.units)),
            "indicators": [total.content() for total in found],
        }

    async def _computed(self, plan: str, year: int, as_of_ms: int | None) -> Computation | None:
        if as_of_ms is None:
            return await self._computing(plan, year)
        return await self._computing.as_of(plan, year, as_of_ms)


def _inside(
    computation: Computation,
    *,
    peer_group: str | None,
    subtree: str | None,
    placed: tuple[Placed, ...],
    units: Collection[str],
) -> Bools:
    cohort = computation.evaluation.cohort
    mask = np.ones(len(cohort.units), dtype=bool)
    if peer_group is not None:
        mask &= np.array([cohort.peer_group(at) == peer_group for at in range(len(mask))], dtype=bool)
    if subtree is not None:
        there = members(placed, subtree, _days(computation))
        mask &= np.array([unit in there for unit in cohort.units], dtype=bool)
    if units:
        named = frozenset(units)
        mask &= np.array([unit in named for unit in cohort.units], dtype=bool)
    return mask


def _days(computation: Computation) -> dict[str, str]:
    """Unit -> the last day of its last period of the year; the year's end where that is not known."""
    days: dict[str, str] = {}
    for owed in computation.sources.owed:
        days[owed.unit] = max(days.get(owed.unit, ""), owed.period_last)
    return {unit: day or f"{computation.evaluation.year:04d}-12-31" for unit, day in days.items()}
