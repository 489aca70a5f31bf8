"""What every decision in a round is held against: the round, the computed numbers, who sent them, who acts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.scoring.domain.computation import Computation
from services.scoring.domain.round.evidence import Sent
from services.scoring.domain.round.people import Person
from services.scoring.domain.round.refusals import no_round
from shared.events.round import RoundState
from shared.refusal import not_found


class HeldRound(Protocol):
    @property
    def state(self) -> RoundState: ...


class Rounds(Protocol):
    async def get(self, plan: str, year: int) -> HeldRound | None: ...


class Reports(Protocol):
    async def sent(self, reports: Sequence[str]) -> list[Sent]: ...


class Numbers(Protocol):
    async def current(self, plan: str, year: int) -> Computation | None: ...

    async def recent(self, plan: str, year: int) -> Computation | None: ...


class Units(Protocol):
    async def lineage(self, unit: str) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Case:
    """One unit in a round. `at`: its place in the cohort."""

    round: RoundState
    computation: Computation
    unit: str
    at: int


class RoundCases:
    """Loads cases."""

    def __init__(
        self,
        *,
        rounds: Rounds,
        reports: Reports,
        units: Units,
        numbers: Numbers,
    ) -> None:
        self._rounds = rounds
        self._reports = reports
        self._units = units
        self._numbers = numbers

    async def round(self, plan: str, year: int) -> RoundState:
        """The round; refused where none was opened."""
        held = await self._rounds.get(plan, year)
        if held is None:
            raise no_round(plan, year)
        return held.state

    async def computation(self, plan: str, year: int) -> Computation:
        """The numbers from what the store holds now; refused as not found while nothing can be computed."""
        return _there(await self._numbers.current(plan, year), plan, year)

    async def load(self, plan: str, year: int, unit: str, *, to_decide: bool = False) -> Case:
        """The unit's case; refused without a round, and for a unit that is not in the evaluation.

        `to_decide`: numbers of a few seconds ago will do.
        """
        round = await self.round(plan, year)
        numbers = self._numbers.recent if to_decide else self._numbers.current
        computation = _there(await numbers(plan, year), plan, year)
        at = computation.evaluation.cohort.position.get(unit)
        if at is None:
            raise not_found(f"đơn vị {unit} trong đánh giá {plan} năm {year}", f"unit {unit} in {plan} for {year}")
        return Case(round, computation, unit, at)

    async def sent(self, case: Case) -> list[Sent]:
        """The unit's reports that count: who sent them, with which evidence."""
        standing = case.computation.sources.standing().values()
        return await self._reports.sent(sorted(report.report for owed, report in standing if owed.unit == case.unit))

    async def person(self, subject: str, unit: str | None) -> Person:
        """Who acts, with the units that they belong to."""
        return Person(subject, await self._units.lineage(unit) if unit else ())


def _there(found: Computation | None, plan: str, year: int) -> Computation:
    if found is None:
        raise not_found(f"đánh giá {plan} năm {year}", f"evaluation of {plan} for {year}")
    return found
