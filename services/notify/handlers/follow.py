"""What other services announce: keep the newest state and mark the work that follows from it, in one write.

Order and duplicates do not matter: a state is kept only if its revision is newer than what is held.
"""

from __future__ import annotations

from typing import Protocol

from services.notify.domain.instants import NEVER_MS
from services.notify.domain.signals import first_look_ms
from services.notify.handlers.ports import LedgerBook, PlanBook, SourceBook, UnitBook
from shared.events.anchor import AnchorState
from shared.events.catalog import BY_TYPE, read
from shared.events.envelope import Envelope
from shared.events.obligation import ObligationState
from shared.events.plan import PlanState
from shared.events.report import ReportState
from shared.events.score import EvaluationState, ScoreState
from shared.events.unit import UnitState

AT_ONCE_MS = 0


class AnchorBook(Protocol):
    async def put(self, state: AnchorState) -> bool: ...


class Follow:
    """One method per noun that notify listens to."""

    def __init__(
        self,
        *,
        plans: PlanBook,
        units: UnitBook,
        ledger: LedgerBook,
        reports: SourceBook[ReportState],
        scores: SourceBook[ScoreState],
        evaluations: SourceBook[EvaluationState],
        anchors: AnchorBook,
    ) -> None:
        self._plans = plans
        self._units = units
        self._ledger = ledger
        self._reports = reports
        self._scores = scores
        self._evaluations = evaluations
        self._anchors = anchors

    async def follow(self, envelope: Envelope) -> None:
        """Keep what an event carries. A type that is not in the catalogue yet is not for us."""
        if envelope.type not in BY_TYPE:
            return
        match read(envelope):
            case PlanState() as state:
                await self._plans.add(state)
            case UnitState() as state:
                await self._units.put(state, check_at_ms=AT_ONCE_MS)
            case ObligationState() as state:
                # What was not known has no alert: look when it can be overdue. A change may end one: look now.
                await self._ledger.put(state, first_check_at_ms=first_look_ms(state), check_at_ms=AT_ONCE_MS)
            case ReportState() as state:
                # Its numbers are compared with those of other periods; what supports and explains them is not.
                numbers = tuple(
                    value.model_copy(update={"evidence": None, "reason": None})
                    for value in state.values
                    if value.status == "reported"
                )
                lean = state.model_copy(update={"values": numbers})
                await self._reports.put(state.report, lean, check_at_ms=AT_ONCE_MS)
            case ScoreState() as state:
                await self._scores.put(envelope.subject, state, check_at_ms=AT_ONCE_MS)
            case EvaluationState() as state:
                await self._evaluations.put(state.evaluation, state, check_at_ms=NEVER_MS)
            case AnchorState() as state:
                await self._anchors.put(state)
            case _:
                return
