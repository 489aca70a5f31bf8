"""Who read scores that are not published: a line of the audit log for every such read."""

from __future__ import annotations

from typing import Protocol

from shared.audit.log import Audit
from shared.clock import Clock
from shared.events.score import EvaluationPhase

LISTS = "evaluations"
"""The chain of reads that concern no single plan."""
_PUBLIC: frozenset[EvaluationPhase] = frozenset({"PUBLISHED", "CORRECTED"})


class Rounds(Protocol):
    async def phase(self, plan: str, year: int) -> EvaluationPhase: ...


class NoteReading:
    """Writes down reads. Before the answer: who has it, has left a line."""

    def __init__(self, *, rounds: Rounds, audit: Audit, clock: Clock) -> None:
        self._rounds = rounds
        self._audit = audit
        self._clock = clock

    async def read(self, plan: str | None, year: int | None, what: str, *, by: str) -> None:
        """Note that `by` asks for `what` (a path) of (plan, year); nothing where the scores are published."""
        if plan is not None and year is not None and await self._rounds.phase(plan, year) in _PUBLIC:
            return
        chain = plan or LISTS
        await self._audit.record(chain, "scores.read", what, by=by, at_ms=self._clock.now_ms())
