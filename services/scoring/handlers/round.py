"""Open a round, take its steps, move its windows; by people, by the clock, by editions. Load, decide, save.

Every change is one write of the round with its event. After it the evaluation is marked for recomputing; a crash
between the two is made good by the first pass after a start, which marks every round that is not closed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from services.scoring.domain.round.machine import CLOCK, Standing, entered, stepped, ticked
from services.scoring.domain.round.opening import Rules, opened
from services.scoring.domain.round.refusals import no_round, refused
from services.scoring.domain.round.view import CLOSED
from services.scoring.domain.round.windows import rescheduled
from services.scoring.domain.versions import PlanVersion
from shared.audit.log import Audit
from shared.clock import Clock
from shared.errors import Transient
from shared.events.round import Calendar, RoundState, Window, WindowName
from shared.events.score import EvaluationPhase
from shared.refusal import not_found

ATTEMPTS_MAX = 8
STEPS_AT_ONCE = 10
"""More than there are steps of time."""


class HeldRound(Protocol):
    @property
    def state(self) -> RoundState: ...


Held = TypeVar("Held", bound=HeldRound)


class RoundStore(Protocol[Held]):
    async def get(self, plan: str, year: int) -> Held | None: ...

    async def open(self, state: RoundState) -> bool: ...

    async def save(self, held: Held, state: RoundState) -> bool: ...

    async def due(self, now_ms: int) -> list[Held]: ...

    async def page(
        self, *, plan: str | None, limit: int, cursor: str | None
    ) -> tuple[list[RoundState], str | None]: ...


class Decided(Protocol):
    async def standing(self, plan: str, year: int) -> Standing: ...


class Plans(Protocol):
    async def versions(self, plan: str) -> list[PlanVersion]: ...


class Marks(Protocol):
    async def mark(self, plan: str, year: int) -> None: ...


class RunRound:
    """Everything that moves a round."""

    def __init__(
        self,
        *,
        rounds: RoundStore[Held],
        decided: Decided,
        plans: Plans,
        unappraised: Callable[[str, int], Awaitable[int | None]],
        marks: Marks,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._rounds = rounds
        self._decided = decided
        self._plans = plans
        self._unappraised = unappraised
        self._marks = marks
        self._audit = audit
        self._clock = clock
        self._started = False

    async def open(
        self, plan: str, year: int, calendar: Calendar, rules: Rules, *, by: str, reason: str
    ) -> tuple[RoundState, bool]:
        """The round, and whether it is new: the same call again finds it. 409 where another one is open."""
        if not await self._plans.versions(plan):
            raise not_found(f"kế hoạch {plan}", f"plan {plan}")
        state = opened(plan, year, calendar, rules, by=by, reason=reason, now_ms=self._clock.now_ms())
        if await self._rounds.open(state):
            await self._note("round.opened", state, by)
            return state, True
        held = await self.get(plan, year)
        if (held.calendar, held.opened_by, held.reason) == (calendar, by, reason):
            await self._marks.mark(plan, year)
            return held, False
        raise refused(
            "round_exists",
            f"Đợt đánh giá {plan} năm {year} đã được mở.",
            f"A round of {plan} for {year} is open.",
            phase=held.phase,
        )

    async def get(self, plan: str, year: int) -> RoundState:
        """The round; refused as not found where none was opened."""
        held = await self._rounds.get(plan, year)
        if held is None:
            raise not_found(f"đợt đánh giá {plan} năm {year}", f"round of {plan} for {year}")
        return held.state

    async def page(self, *, plan: str | None, limit: int, cursor: str | None) -> tuple[list[RoundState], str | None]:
        """Rounds by id, and the cursor of what follows."""
        return await self._rounds.page(plan=plan, limit=limit, cursor=cursor)

    async def standing(self, plan: str, year: int) -> Standing:
        """What is left to be settled."""
        return await self._decided.standing(plan, year)

    async def step(
        self,
        plan: str,
        year: int,
        after: EvaluationPhase,
        *,
        by: str,
        reason: str,
        closes_at_ms: int | None = None,
    ) -> RoundState:
        """A step that a person asks for. `closes_at_ms`: the new end of the window that a step back opens again."""

        async def decide(held: RoundState, now_ms: int) -> RoundState:
            left = await self._decided.standing(plan, year)
            if (held.phase, after) == ("APPRAISAL", "PROVISIONAL"):
                left = Standing(left.disputed, left.open_requests, await self._unappraised(plan, year))
            return stepped(held, after, left, by=by, reason=reason, now_ms=now_ms, closes_at_ms=closes_at_ms)

        return await self._change(plan, year, decide, "round.stepped", by)

    async def reschedule(
        self, plan: str, year: int, name: WindowName, to: Window, *, by: str, reason: str
    ) -> RoundState:
        """Move a window: extend one that is open, move one that is to come."""

        async def decide(held: RoundState, now_ms: int) -> RoundState:
            return rescheduled(held, name, to, by=by, reason=reason, now_ms=now_ms)

        return await self._change(plan, year, decide, "round.rescheduled", by)

    async def enter(self, plan: str, year: int, after: EvaluationPhase, *, by: str, reason: str) -> None:
        """A step of the editions: SEALED, PUBLISHED, CORRECTED. Entered already: nothing happens."""

        async def decide(held: RoundState, now_ms: int) -> RoundState | None:
            if held.phase == after:
                return None
            left = await self._decided.standing(plan, year)
            return entered(held, after, left, by=by, reason=reason, now_ms=now_ms)

        await self._change(plan, year, decide, "round.stepped", by)

    async def due(self, now_ms: int) -> int:
        """Take the steps of time that are due and that nothing holds up; how many."""
        await self._mark_at_start()
        taken = 0
        for held in await self._rounds.due(now_ms):
            for _ in range(STEPS_AT_ONCE):
                if not await self._tick(held.state.plan, held.state.year, now_ms):
                    break
                taken += 1
        return taken

    async def _tick(self, plan: str, year: int, now_ms: int) -> bool:
        held = await self._rounds.get(plan, year)
        if held is None:
            return False
        fresh = ticked(held.state, await self._decided.standing(plan, year), now_ms)
        if fresh is None or not await self._rounds.save(held, fresh):
            return False  # another instance was faster: the next pass looks again
        await self._note("round.stepped", fresh, CLOCK)
        return True

    async def _change(
        self,
        plan: str,
        year: int,
        decide: Callable[[RoundState, int], Awaitable[RoundState | None]],
        what: str,
        by: str,
    ) -> RoundState:
        for _ in range(ATTEMPTS_MAX):
            held = await self._rounds.get(plan, year)
            if held is None:
                raise no_round(plan, year)
            fresh = await decide(held.state, self._clock.now_ms())
            if fresh is None:
                await self._marks.mark(plan, year)
                return held.state
            if await self._rounds.save(held, fresh):
                await self._note(what, fresh, by)
                return fresh
        raise Transient(f"round of {plan} for {year}: others change it; try again")

    async def _note(self, what: str, state: RoundState, by: str) -> None:
        """The consequences of a change: the evaluation is recomputed, the audit log has its line."""
        await self._marks.mark(state.plan, state.year)
        await self._audit.record(
            state.plan,
            what,
            state.round,
            by=by,
            at_ms=state.changed_at_ms,
            revision=state.revision,
            phase=state.phase,
        )

    async def _mark_at_start(self) -> None:
        if self._started:
            return
        cursor: str | None = None
        while True:
            states, cursor = await self._rounds.page(plan=None, limit=100, cursor=cursor)
            for state in states:
                if state.phase not in CLOSED:
                    await self._marks.mark(state.plan, state.year)
            if cursor is None:
                break
        self._started = True
