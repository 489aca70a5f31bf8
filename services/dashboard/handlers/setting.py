"""What every page needs first: the plan and year that it is about, the units, the time, and how fresh all that is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from services.dashboard.domain.choice import choose_plan, choose_year, version_of, years_of
from services.dashboard.domain.facts import Choice, Setting
from services.dashboard.domain.freshness import Feed, Watermark, freshness
from shared.clock import Clock
from shared.events.plan import PlanState
from shared.events.unit import UnitState
from shared.plan.model import Plan

PARSED_MAX = 16


class PlansHeld(Protocol):
    """The plans that are known."""

    async def all(self) -> list[PlanState]: ...


class UnitsHeld(Protocol):
    """The units that are known."""

    async def all(self) -> dict[str, UnitState]: ...


class Settings:
    """Answers with the setting of a page."""

    def __init__(
        self,
        *,
        plans: PlansHeld,
        units: UnitsHeld,
        clock: Clock,
        watermark: Callable[[], Watermark],
        feed: Callable[[], Feed],
    ) -> None:
        self._plans = plans
        self._units = units
        self._clock = clock
        self._watermark = watermark
        self._feed = feed
        self._parsed: dict[str, Plan] = {}

    async def find(self, plan: str | None, year: int | None) -> Setting:
        """The setting for the asked plan and year; what is not known falls back to what is in force now."""
        now_ms = self._clock.now_ms()
        fresh = freshness(self._watermark(), self._feed(), now_ms)
        states = await self._plans.all()
        if not states:
            return Setting(now_ms, fresh, None)
        return Setting(now_ms, fresh, self._choice(states, plan, year, now_ms), await self._units.all())

    def _choice(self, states: Sequence[PlanState], plan: str | None, year: int | None, now_ms: int) -> Choice:
        code = choose_plan(states, plan, now_ms)
        versions = [state for state in states if state.plan == code]
        years = years_of(versions, now_ms)
        chosen = choose_year(years, year, now_ms)
        state = version_of(versions, chosen)
        newest = {held.plan: held for held in sorted(states, key=lambda held: held.published_at_ms)}
        return Choice(state, self._plan(state), chosen, tuple(newest[name] for name in sorted(newest)), years)

    def _plan(self, state: PlanState) -> Plan:
        """The parsed document; parsing takes milliseconds and a version never changes."""
        if state.sha256 not in self._parsed:
            if len(self._parsed) >= PARSED_MAX:
                self._parsed.clear()
            self._parsed[state.sha256] = Plan.model_validate(state.document)
        return self._parsed[state.sha256]
