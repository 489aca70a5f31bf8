"""Keep the results of each provisional round as they were when it began: the final is held against them later."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from services.scoring.domain.computation import Computation
from services.scoring.domain.editions.content import KEPT_OF_PROVISIONAL, content_of
from services.scoring.domain.editions.files import Part
from services.scoring.domain.editions.snapshot import Snapshot
from services.scoring.domain.round.view import CLOSED
from shared.clock import Clock
from shared.events.round import RoundState
from shared.events.score import EvaluationPhase

log = structlog.get_logger(__name__)


PROVISIONAL: EvaluationPhase = "PROVISIONAL"
PAGE = 100


@dataclass(frozen=True, slots=True)
class Entered:
    """A round entered PROVISIONAL at this instant."""

    plan: str
    year: int
    at_ms: int


class Rounds(Protocol):
    async def page(
        self, *, plan: str | None, limit: int, cursor: str | None
    ) -> tuple[list[RoundState], str | None]: ...


class Computing(Protocol):
    async def as_of(self, plan: str, year: int, at_ms: int) -> Computation | None: ...


class Snapshots(Protocol):
    async def of(self, plan: str, year: int) -> list[Snapshot]: ...

    async def keep(self, snapshot: Snapshot) -> bool: ...


class PartStore(Protocol):
    async def keep(self, folder: str, files: Mapping[str, Sequence[Part]]) -> None: ...


class KeepProvisionals:
    """Takes the snapshots that are missing. Computed as of the instant of entry, so it does not matter how late."""

    def __init__(
        self,
        *,
        rounds: Rounds,
        computing: Computing,
        snapshots: Snapshots,
        parts: PartStore,
        clock: Clock,
        code_version: str,
    ) -> None:
        self._rounds = rounds
        self._computing = computing
        self._snapshots = snapshots
        self._parts = parts
        self._clock = clock
        self._code_version = code_version
        self._kept: set[Entered] = set()

    async def due(self, _now_ms: int) -> int:
        """Keep what is missing; how many."""
        kept = 0
        for entered in await self._entered():
            held = await self._snapshots.of(entered.plan, entered.year)
            if all(each.entered_at_ms != entered.at_ms for each in held):
                kept += await self._keep(entered, number=len(held) + 1)
            else:
                self._kept.add(entered)
        return kept

    async def _entered(self) -> list[Entered]:
        """Entries into PROVISIONAL of the rounds that are not sealed, of which this process knows no snapshot."""
        found: list[Entered] = []
        cursor: str | None = None
        while True:
            states, cursor = await self._rounds.page(plan=None, limit=PAGE, cursor=cursor)
            for state in states:
                if state.phase not in CLOSED:
                    steps = [step for step in state.steps if step.after == PROVISIONAL]
                    found += [Entered(state.plan, state.year, step.at_ms) for step in steps]
            if cursor is None:
                return [entered for entered in found if entered not in self._kept]

    async def _keep(self, entered: Entered, number: int) -> bool:
        computation = await self._computing.as_of(entered.plan, entered.year, entered.at_ms)
        if computation is None:
            return False
        edition = computation.reference.edition if computation.reference else ""
        content = await asyncio.to_thread(
            content_of, computation, code_version=self._code_version, edition=edition, final=False
        )
        snapshot = Snapshot(
            plan=entered.plan,
            year=entered.year,
            number=number,
            entered_at_ms=entered.at_ms,
            taken_at_ms=self._clock.now_ms(),
            inputs_sha256=content.facts.inputs_sha256,
            as_of_ms=content.facts.as_of_ms,
            reference=edition,
            units=content.facts.units,
            ranked=content.facts.ranked,
            files={kind: content.files[kind] for kind in KEPT_OF_PROVISIONAL},
        )
        await self._parts.keep(snapshot.folder, {kind: content.parts[kind] for kind in KEPT_OF_PROVISIONAL})
        kept = await self._snapshots.keep(snapshot)
        log.info("provisional.kept", plan=entered.plan, year=entered.year, number=number, kept=kept)
        return kept
