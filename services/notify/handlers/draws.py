"""The random draw by people: announce it, enter the seed when it is public, let anybody repeat it.

The announcement is inserted under the id of its year: who is second finds it taken. The seed goes in where none is.
"""

from __future__ import annotations

from typing import Protocol

from services.notify.domain.inspections.draw import Draw, Verified, announced, drawn, verified
from services.notify.domain.inspections.proposals import eligible
from services.notify.domain.inspections.refusals import refused
from services.notify.domain.instants import local_day
from services.notify.handlers.ports import PlanBook, UnitBook
from shared.audit.log import Audit
from shared.clock import Clock
from shared.errors import Transient
from shared.plan.model import Plan
from shared.refusal import not_found

ATTEMPTS_MAX = 8


class DrawStore(Protocol):
    async def get(self, draw: str) -> Draw | None: ...
    async def add(self, draw: Draw) -> bool: ...
    async def save(self, draw: Draw) -> bool: ...
    async def of_plan(self, plan: str) -> list[Draw]: ...


class DrawDesk:
    """Draws of units."""

    def __init__(self, *, plans: PlanBook, units: UnitBook, draws: DrawStore, audit: Audit, clock: Clock) -> None:
        self._plans = plans
        self._units = units
        self._draws = draws
        self._audit = audit
        self._clock = clock

    async def announce(
        self, plan: str, year: int, *, seed_source: str, seed_day: str, percent: int | None, by: str
    ) -> tuple[Draw, bool]:
        """Fix and publish the list, before the seed can be known; and whether it is new. One a plan and year."""
        document = await self._plan(plan)
        today = self._today(document)
        made = announced(
            plan,
            year,
            [unit.unit for unit in eligible(document, await self._units.all(), today)],
            percent or document.inspection_process.draw_percent,
            seed_source=seed_source,
            seed_day=seed_day,
            today=today,
            by=by,
            now_ms=self._clock.now_ms(),
        )
        if await self._draws.add(made):
            await self._note("inspection_draw.announced", made, by, made.announced_at_ms, commitment=made.commitment)
            return made, True
        held = await self.get(made.id)
        if (held.commitment, held.seed_source, held.seed_day) == (made.commitment, seed_source, seed_day):
            return held, False
        raise refused(
            "already_announced",
            f"Đã công bố việc bốc thăm năm {year}; mỗi năm chỉ bốc thăm một lần.",
            f"The draw of {year} was announced; there is one a year.",
            draw=held.id,
            commitment=held.commitment,
        )

    async def enter_seed(self, draw: str, seed: str, *, by: str) -> Draw:
        """The published seed; the draw follows from it. The same seed again changes nothing."""
        for _ in range(ATTEMPTS_MAX):
            held = await self.get(draw)
            if held.seed == seed:
                return held
            today = self._today(await self._plan(held.plan))
            made = drawn(held, seed, today=today, by=by, now_ms=self._clock.now_ms())
            if await self._draws.save(made):
                at_ms = made.drawn_at_ms or 0
                await self._note("inspection_draw.drawn", made, by, at_ms, seed=seed, drawn=len(made.drawn))
                return made
        raise Transient(f"{draw} moved on {ATTEMPTS_MAX} times while its seed was entered")

    async def get(self, draw: str) -> Draw:
        """The draw; Refusal when there is none."""
        held = await self._draws.get(draw)
        if held is None:
            raise not_found(f"lần bốc thăm {draw}", f"draw {draw}")
        return held

    async def of_plan(self, plan: str) -> list[Draw]:
        """The draws of a plan by year."""
        return await self._draws.of_plan(plan)

    async def verify(self, draw: str) -> tuple[Draw, Verified]:
        """The draw, and everything computed again from its list and seed."""
        held = await self.get(draw)
        return held, verified(held)

    async def _plan(self, plan: str) -> Plan:
        newest = await self._plans.newest(plan)
        if newest is None:
            raise not_found(f"kế hoạch {plan}", f"plan {plan}")
        return newest[0]

    def _today(self, plan: Plan) -> str:
        return local_day(self._clock.now_ms(), plan.time_zone).isoformat()

    async def _note(self, what: str, draw: Draw, by: str, at_ms: int, **more: str | int) -> None:
        await self._audit.record(draw.plan, what, draw.id, by=by, at_ms=at_ms, **more)
