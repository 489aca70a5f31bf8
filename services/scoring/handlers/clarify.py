"""Requests for clarification and the decisions on them. Load, decide, save.

A request is inserted under the id of its criterion: the second one finds it taken. A decision that names another
outcome takes effect by itself, so that request and appraised value are one write. Repeating either finishes what a
crash may have cut off: the mark of the recomputation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from services.scoring.domain.evaluations import evaluation_id
from services.scoring.domain.round.appraising import Criterion, Finding
from services.scoring.domain.round.clarifying import decided, decision_of, one_only, requested, says_the_same
from services.scoring.domain.round.criteria import criterion, self_value
from services.scoring.domain.round.evidence import reporters
from services.scoring.domain.round.people import check_not_own
from services.scoring.domain.round.windows import check_open, check_phase
from services.scoring.handlers.round_case import RoundCases
from shared.audit.log import Audit
from shared.clock import Clock
from shared.errors import Transient
from shared.events.round import ClarificationState, ClarificationStatus, DatedEvidence
from shared.refusal import not_found

ATTEMPTS_MAX = 8


class HeldClarification(Protocol):
    @property
    def state(self) -> ClarificationState: ...


Held = TypeVar("Held", bound=HeldClarification)


class ClarificationStore(Protocol[Held]):
    async def get(self, criterion: Criterion) -> Held | None: ...

    async def request(self, state: ClarificationState) -> bool: ...

    async def save(self, held: Held, state: ClarificationState) -> bool: ...

    async def page(
        self,
        evaluation: str,
        *,
        unit: str | None,
        status: ClarificationStatus | None,
        limit: int,
        cursor: str | None,
    ) -> tuple[list[ClarificationState], str | None]: ...


class Marks(Protocol):
    async def mark(self, plan: str, year: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an appraiser decides about a request; with a finding, the criterion gets another result."""

    accepted: bool
    reason: str
    finding: Finding | None = None


class Clarify:
    """Takes requests of units and decisions of appraisers."""

    def __init__(
        self,
        *,
        cases: RoundCases,
        clarifications: ClarificationStore[Held],
        marks: Marks,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._cases = cases
        self._clarifications = clarifications
        self._marks = marks
        self._audit = audit
        self._clock = clock

    async def request(
        self, place: Criterion, text: str, evidence: Sequence[DatedEvidence], *, by: str
    ) -> tuple[ClarificationState, bool]:
        """The unit's one request about a criterion, and whether it is new."""
        case = await self._cases.load(place.plan, place.year, place.unit, to_decide=True)
        criterion(case.computation.evaluation.plan, place.indicator)
        held = await self._clarifications.get(place)
        if held is not None and says_the_same(held.state, text, evidence, by):
            return held.state, False
        now_ms = self._clock.now_ms()
        check_open(case.round, "clarification", now_ms)
        if held is not None:
            raise one_only(held.state)
        cut_off_day = case.round.calendar.cut_off_day
        state = requested(place, text, evidence, cut_off_day=cut_off_day, by=by, now_ms=now_ms)
        if not await self._clarifications.request(state):
            now = await self._clarifications.get(place)
            assert now is not None, "a clarification is never deleted"
            raise one_only(now.state)
        await self._note("clarification.requested", state, by)
        return state, True

    async def decide(self, place: Criterion, verdict: Verdict, *, subject: str, unit: str | None) -> ClarificationState:
        """Accept or reject. Not by a member of the unit, nor by who sent in its values or made the request."""
        case = await self._cases.load(place.plan, place.year, place.unit, to_decide=True)
        indicator = criterion(case.computation.evaluation.plan, place.indicator)
        check_phase(case.round, "CLARIFICATION", "FINAL_REVIEW")
        person = await self._cases.person(subject, unit)
        sent = reporters(await self._cases.sent(case))
        for _ in range(ATTEMPTS_MAX):
            held = await self._clarifications.get(place)
            if held is None:
                raise not_found("đề nghị giải trình cho tiêu chí này", "request for clarification of this criterion")
            check_not_own(person, place.unit, sent | {held.state.by})
            decision = decision_of(
                verdict.finding,
                accepted=verdict.accepted,
                reason=verdict.reason,
                by=subject,
                now_ms=self._clock.now_ms(),
                self_value=self_value(case.computation, place.indicator, case.at),
                is_quotient=indicator.is_quotient,
            )
            if held.state.decision == decision.model_copy(update={"at_ms": _at_ms(held.state)}):
                await self._marks.mark(place.plan, place.year)
                return held.state
            state = decided(held.state, decision)
            if await self._clarifications.save(held, state):
                await self._note("clarification.decided", state, subject)
                return state
        raise Transient(f"{place.id}: others decide this request; try again")

    async def page(
        self,
        plan: str,
        year: int,
        *,
        unit: str | None,
        status: ClarificationStatus | None,
        limit: int,
        cursor: str | None,
    ) -> tuple[list[ClarificationState], str | None]:
        """Requests of a round, and the cursor of what follows."""
        return await self._clarifications.page(
            evaluation_id(plan, year), unit=unit, status=status, limit=limit, cursor=cursor
        )

    async def _note(self, what: str, state: ClarificationState, by: str) -> None:
        await self._marks.mark(state.plan, state.year)
        await self._audit.record(
            state.plan,
            what,
            state.clarification,
            by=by,
            at_ms=state.changed_at_ms,
            revision=state.revision,
            status=state.status,
        )


def _at_ms(held: ClarificationState) -> int:
    return held.decision.at_ms if held.decision else 0
