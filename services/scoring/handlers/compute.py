"""Compute an evaluation from the store: as it stands now, or as it stood at any past instant."""

from __future__ import annotations

import asyncio
from typing import Protocol

from services.scoring.domain.computation import Computation, compute
from services.scoring.domain.earlier import Earlier, looks_back
from services.scoring.domain.evaluations import evaluation_id
from services.scoring.domain.findings import Finding
from services.scoring.domain.inputs import Accepted, Sources
from services.scoring.domain.last_year import Last, looks_at_last_year
from services.scoring.domain.ledger import Owed, versions
from services.scoring.domain.reference import Reference
from services.scoring.domain.round.view import RoundView
from services.scoring.domain.sealed import ANEW, Sealed
from services.scoring.domain.versions import PlanVersion, in_force
from shared.clock import Clock
from shared.plan.model import Plan

AS_OF_AT_ONCE = 1
"""Past evaluations computed at one time: each holds a whole cohort in memory."""


class Plans(Protocol):
    async def versions(self, plan: str, *, as_of_ms: int | None = None) -> list[PlanVersion]: ...

    async def plan(self, version: PlanVersion) -> Plan: ...


class Ledger(Protocol):
    async def of(self, evaluation: str, *, as_of_ms: int | None = None) -> tuple[Owed, ...]: ...


class Observations(Protocol):
    async def counting(self, evaluation: str, *, as_of_ms: int | None = None) -> tuple[Accepted, ...]: ...


class Findings(Protocol):
    async def of(self, evaluation: str, *, as_of_ms: int | None = None) -> tuple[Finding, ...]: ...


class Rounds(Protocol):
    async def of(self, plan: str, year: int, *, as_of_ms: int | None = None) -> RoundView: ...


class Editions(Protocol):
    async def last_final(self, plan: str, before_year: int, *, as_of_ms: int | None = None) -> Reference | None: ...

    async def sealed(self, plan: str, year: int, *, as_of_ms: int | None = None) -> Sealed | None: ...

    async def earlier(self, plan: str, before_year: int, *, as_of_ms: int | None = None) -> tuple[Earlier, ...]:
        """What was reported in the newest edition of each year before this one."""
        ...

    async def last_year(self, plan: str, before_year: int, *, as_of_ms: int | None = None) -> tuple[Last, ...]:
        """Cuts and bands of the last year before this one that was sealed."""
        ...

    async def again(self, plan: str, year: int) -> Computation | None:
        """The newest edition of the year once more, from the inputs that were sealed with it."""
        ...


class NoRounds:
    """Every evaluation is a draft, and nothing is appraised."""

    async def of(self, plan: str, year: int, *, as_of_ms: int | None = None) -> RoundView:
        return RoundView(plan, year)


class NoEditions:
    """Nothing was ever sealed."""

    async def last_final(self, plan: str, before_year: int, *, as_of_ms: int | None = None) -> Reference | None:
        return None

    async def sealed(self, plan: str, year: int, *, as_of_ms: int | None = None) -> Sealed | None:
        return None

    async def earlier(self, plan: str, before_year: int, *, as_of_ms: int | None = None) -> tuple[Earlier, ...]:
        return ()

    async def last_year(self, plan: str, before_year: int, *, as_of_ms: int | None = None) -> tuple[Last, ...]:
        return ()

    async def again(self, plan: str, year: int) -> Computation | None:
        return None


class Compute:
    """Computes whole cohorts. None while nothing is owed, or while no plan version in force has arrived."""

    def __init__(
        self,
        *,
        plans: Plans,
        ledger: Ledger,
        observations: Observations,
        findings: Findings,
        clock: Clock,
        rounds: Rounds | None = None,
        editions: Editions | None = None,
    ) -> None:
        self._plans = plans
        self._ledger = ledger
        self._observations = observations
        self._findings = findings
        self._clock = clock
        self._rounds = rounds or NoRounds()
        self._editions = editions or NoEditions()
        self._past = asyncio.Semaphore(AS_OF_AT_ONCE)

    async def __call__(self, plan: str, year: int) -> Computation | None:
        """As it stands now."""
        return await self._compute(plan, year, self._clock.now_ms(), as_of_ms=None)

    async def final(self, plan: str, year: int) -> Computation | None:
        """As it stands now, with every number that is taken from data derived anew: what would be sealed."""
        return await self._compute(plan, year, self._clock.now_ms(), as_of_ms=None, anew=True)

    async def with_inputs_at(self, plan: str, year: int, at_ms: int) -> Computation | None:
        """The final computation of what was known at a past instant, whatever stood sealed then: to prove a seal."""
        async with self._past:
            return await self._compute(plan, year, at_ms, as_of_ms=at_ms, anew=True)

    async def as_of(self, plan: str, year: int, at_ms: int) -> Computation | None:
        """As it stood at a past instant: from what the sources knew by then, with what was due by then.

        The same answer whenever it is asked, once every event of before that instant has arrived. Of a closed round
        the sealed inputs stand, so of a moment after the sealing the answer is the sealed evaluation.
        """
        async with self._past:
            view = await self._rounds.of(plan, year, as_of_ms=at_ms)
            sealed = await self._editions.sealed(plan, year, as_of_ms=at_ms) if view.closed else None
            inputs_at_ms = min(at_ms, sealed.inputs_at_ms) if sealed else at_ms
            return await self._compute(plan, year, inputs_at_ms, as_of_ms=inputs_at_ms, view=view)

    async def _compute(
        self,
        plan: str,
        year: int,
        now_ms: int,
        *,
        as_of_ms: int | None,
        view: RoundView | None = None,
        anew: bool = False,
    ) -> Computation | None:
        """`view` tells the phase where it is not that of the inputs' instant."""
        evaluation = evaluation_id(plan, year)
        obligations = await self._ledger.of(evaluation, as_of_ms=as_of_ms)
        version = in_force(await self._plans.versions(plan, as_of_ms=as_of_ms), versions(obligations), year)
        if version is None:
            return None
        round = await self._rounds.of(plan, year, as_of_ms=as_of_ms)
        phase = (view or round).phase
        anew = anew or phase in ANEW
        reference = None if anew else await self._editions.last_final(plan, year, as_of_ms=as_of_ms)
        accepted = await self._observations.counting(evaluation, as_of_ms=as_of_ms)
        document = await self._plans.plan(version)
        earlier = await self._editions.earlier(plan, year, as_of_ms=as_of_ms) if looks_back(document) else ()
        looks = looks_at_last_year(document)
        last_year = await self._editions.last_year(plan, year, as_of_ms=as_of_ms) if looks else ()
        findings = await self._findings.of(evaluation, as_of_ms=as_of_ms)
        sources = Sources(obligations, accepted, round.appraised, findings, earlier=earlier, last_year=last_year)
        # In a thread: a large cohort must not hold up consumers and probes.
        return await asyncio.to_thread(
            compute, document, version.sha256, year, sources, now_ms, phase=phase, reference=reference
        )
