"""What follows from an edition: the round takes its step, the scores are brought to what is sealed.

The edition is written first, marked as not followed; then the round; then the mark of the recomputation; then the
edition is marked as followed. A crash in between leaves it to the schedule. Every step finds what is done already.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from services.scoring.domain.editions.edition import Edition
from services.scoring.domain.round.machine import CLOCK
from services.scoring.domain.round.view import RoundView
from shared.events.score import EvaluationPhase

BEFORE: Mapping[EvaluationPhase, frozenset[EvaluationPhase]] = {
    "SEALED": frozenset({"FINAL_REVIEW", "CORRECTED"}),
    "PUBLISHED": frozenset({"SEALED"}),
}
"""From where the round goes to the phase that an edition's status stands for."""


class EditionStore(Protocol):
    async def followed(self, edition: Edition) -> bool: ...

    async def following(self) -> list[Edition]: ...


class Rounds(Protocol):
    async def of(self, plan: str, year: int) -> RoundView: ...


class Steps(Protocol):
    async def enter(self, plan: str, year: int, after: EvaluationPhase, *, by: str, reason: str) -> None:
        """A step of the round that editions take. Entered already: nothing happens."""
        ...


class Marks(Protocol):
    async def mark(self, plan: str, year: int) -> None: ...


class FollowEditions:
    """Tells the round and the scores of an edition."""

    def __init__(self, *, editions: EditionStore, rounds: Rounds, steps: Steps, marks: Marks) -> None:
        self._editions = editions
        self._rounds = rounds
        self._steps = steps
        self._marks = marks

    async def follow(self, edition: Edition) -> None:
        """Idempotent; an edition that was followed is left alone."""
        if edition.is_followed:
            return
        facts, phase = edition.agreed.facts, edition.status
        if (await self._rounds.of(facts.plan, facts.year)).phase in BEFORE[phase]:
            by = edition.published_by or edition.agreed.confirmed_by or CLOCK
            await self._steps.enter(facts.plan, facts.year, phase, by=by, reason=edition.id)
        await self._marks.mark(facts.plan, facts.year)
        await self._editions.followed(edition)

    async def due(self, _now_ms: int) -> int:
        """Follow what a crash left; how many."""
        held = await self._editions.following()
        for edition in held:
            await self.follow(edition)
        return len(held)
