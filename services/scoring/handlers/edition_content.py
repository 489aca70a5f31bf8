"""What would be sealed now: the final computation as content, with what it changes and how far provisional was off."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Protocol

from services.scoring.domain.computation import Computation
from services.scoring.domain.editions.changes import input_changes, units_of
from services.scoring.domain.editions.content import DIFF, INPUTS, STATISTICS, Content, content_of
from services.scoring.domain.editions.diff import counts, differences
from services.scoring.domain.editions.edition import Edition, edition_id
from services.scoring.domain.editions.files import lines_of
from services.scoring.domain.editions.proposal import check_year_over
from services.scoring.domain.editions.revision import Provisional, statistics_of
from services.scoring.domain.editions.snapshot import Snapshot
from services.scoring.handlers.edition_results import SealedResults
from shared.canonical import canonical

AT_ONCE = 1
"""Evaluations laid out at one time: each holds the texts of a whole cohort in memory, some 7 KB a unit."""


class Computing(Protocol):
    async def final(self, plan: str, year: int) -> Computation | None:
        """As the store stands now, with every number that is taken from data derived anew."""
        ...


class Snapshots(Protocol):
    async def of(self, plan: str, year: int) -> list[Snapshot]: ...


class ComposeContent:
    """Computes and lays out what an edition would hold."""

    def __init__(
        self, *, computing: Computing, results: SealedResults, provisionals: Snapshots, code_version: str
    ) -> None:
        self._computing = computing
        self._results = results
        self._provisionals = provisionals
        self._code_version = code_version
        self._free = asyncio.Semaphore(AT_ONCE)

    async def content(self, plan: str, year: int, number: int) -> Content | None:
        """What the digest is over. None where there is nothing to seal; refused while the year is not over."""
        async with self._free:
            computation = await self._computing.final(plan, year)
            if computation is None:
                return None
            check_year_over(computation.sources.owed, computation.now_ms)
            edition = edition_id(plan, year, number)
            # In a thread: a large cohort must not hold up consumers and probes.
            return await asyncio.to_thread(content_of, computation, code_version=self._code_version, edition=edition)

    async def with_history(self, content: Content, before: Edition | None) -> Content:
        """The same with the differences from the edition before, and the statistics of the provisional rounds."""
        if before is not None:
            content = await self._compared(content, before)
        told = []
        for held in await self._provisionals.of(content.facts.plan, content.facts.year):
            rows = await self._results.all_rows(held)
            snapshot = Provisional(held.number, held.taken_at_ms, held.inputs_sha256, held.reference, rows)
            told.append(await asyncio.to_thread(statistics_of, snapshot, content.rows))
        return content.with_lines(STATISTICS, [canonical(each).decode() for each in told])

    async def _compared(self, content: Content, before: Edition) -> Content:
        agreed = before.agreed
        was, inputs = await self._results.all_rows(agreed), await self._results.lines(agreed, INPUTS)
        now = list(lines_of(part.text for part in content.parts[INPUTS]))
        same_plan = agreed.facts.plan_sha256 == content.facts.plan_sha256

        def compare() -> Content:
            touched = units_of(input_changes(inputs, now))
            found = differences(was, content.rows, touched=touched, same_plan=same_plan)
            lines = [canonical(change).decode() for change in found]
            return replace(content.with_lines(DIFF, lines), counts=counts(found))

        return await asyncio.to_thread(compare)
