"""The reports of a file, submitted one after the other through the one handler that takes reports.

Reports of one unit's form go in the order of their periods; sequences go side by side. Sequences that give files as
evidence go by themselves, after the others: whose a file is depends on who comes first, and must not depend on luck.

A rehearsal (dry run) decides on the same cases with what the earlier reports of the file would have left behind laid
over the store, so its results are those of the real run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Protocol

from services.intake.domain.decide import Decision
from services.intake.domain.grouping import (
    Group,
    Prepared,
    Record,
    prepared,
    sequences,
    stray,
    unread,
    with_left_out,
)
from services.intake.domain.imported import FileConflict, ReportResult, all_rejected, decided, refusal_conflicts
from services.intake.domain.submission import Mode, ReportInput
from shared.errors import Transient
from shared.refusal import Refusal

IN_FLIGHT = 48
TRIES_MAX = 4
PAUSE_SECONDS = 0.2


class Submit(Protocol):
    async def submit(
        self, given: ReportInput, *, by: str, named_version: int | None, dry_run: bool, at_ms: int | None = None
    ) -> Decision: ...


class Memory(Protocol):
    """What a dry run would have written so far, laid over the store that its submissions see."""

    def remember(self, decision: Decision) -> None: ...
    def forget(self, ids: Iterable[str]) -> None: ...


class FileReports:
    """Submits the reports of one file on somebody's behalf, as received at `at_ms`. With `memory` writes nothing."""

    def __init__(self, submit: Submit, *, by: str, mode: Mode, at_ms: int, memory: Memory | None = None) -> None:
        self._submit = submit
        self._memory = memory
        self._by = by
        self._mode: Mode = mode
        self._at_ms = at_ms

    async def take(self, records: Iterable[Record]) -> list[ReportResult]:
        """The results of these records, the same order whatever was faster. Transient: try the same records again."""
        found, strays = sequences(records)
        alone = [held for held in found if any(group.names_files for group in held)]
        together = [held for held in found if not any(group.names_files for group in held)]
        results = await self._side_by_side(together)
        for sequence in alone:
            results.append(await self._sequence(sequence))
        return [*map(stray, strays), *(result for held in results for result in held)]

    async def _side_by_side(self, held: Sequence[list[Group]]) -> list[list[ReportResult]]:
        results: list[list[ReportResult]] = [[] for _ in held]
        todo = iter(range(len(held)))

        async def worker() -> None:
            for place in todo:
                results[place] = await self._sequence(held[place])

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(IN_FLIGHT, len(held))):
                    group.create_task(worker())
        except ExceptionGroup as faults:
            # The first fault ended the others; callers know it by its own kind (Transient: try again).
            raise faults.exceptions[0] from faults
        return results

    async def _sequence(self, groups: Iterable[Group]) -> list[ReportResult]:
        remembered: dict[str, None] = {}
        results = [await self._one(group, remembered) for group in groups]
        if self._memory is not None:
            self._memory.forget(remembered)
        return results

    async def _one(self, group: Group, remembered: dict[str, None]) -> ReportResult:
        ready = prepared(group, self._mode)
        if ready.given is None:
            return unread(group, await self._all_faults(group, ready))
        given, lines = ready.given, ready.lines or (group.line,)
        try:
            decision = await self._decision(given, group.named_version, dry_run=self._memory is not None)
        except Refusal as refusal:
            return _refused(group, given, lines, refusal)
        if self._memory is not None:
            self._memory.remember(decision)
            remembered[decision.entry.id] = None
        return with_left_out(decided(given, lines, decision, dry_run=self._memory is not None), group, ready.conflicts)

    async def _all_faults(self, group: Group, ready: Prepared) -> Sequence[FileConflict]:
        """Why the group is no submission, and what is wrong with those of its rows that can be read.

        Who mends a file is told everything at once, whatever the mode is. Nothing is written for that.
        """
        rest = prepared(group, "PARTIAL") if self._mode == "ATOMIC" else ready
        if rest.given is None:
            return ready.conflicts
        try:
            decision = await self._decision(rest.given, group.named_version, dry_run=True)
        except Refusal as refusal:
            return (*rest.conflicts, *refusal_conflicts(refusal, rest.lines, group.objects))
        more = decided(rest.given, rest.lines, decision, dry_run=True).conflicts
        return (*rest.conflicts, *(conflict for conflict in more if not group.is_about_unread(conflict)))

    async def _decision(self, given: ReportInput, named: int | None, *, dry_run: bool) -> Decision:
        for attempt in range(1, TRIES_MAX + 1):
            try:
                return await self._submit.submit(
                    given, by=self._by, named_version=named, dry_run=dry_run, at_ms=self._at_ms
                )
            except Transient:
                if attempt == TRIES_MAX:
                    raise
                await asyncio.sleep(PAUSE_SECONDS * attempt)
        raise AssertionError("the loop above returns or raises")


def _refused(group: Group, given: ReportInput, lines: Sequence[int], refusal: Refusal) -> ReportResult:
    found = refusal_conflicts(refusal, lines, group.objects)
    return ReportResult(
        line=group.line,
        plan=given.plan,
        form=given.form,
        unit=given.unit,
        period=given.period,
        result="refused",
        counts=all_rejected(max(1, group.rows)),
        conflicts=tuple(found),
        conflict_groups_total=len(found),
        rejected_lines=tuple(sorted(set(lines))),
    )
