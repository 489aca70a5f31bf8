"""When an obligation becomes known or changes: its rungs as rows.

Crash: rows are inserted if absent and the mark is taken off last, so the work is repeated without effect, never lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from services.notify.domain.contacts import lineage
from services.notify.domain.instants import local_day, same_wall_time
from services.notify.domain.ledger import Entry
from services.notify.domain.rungs import EXTENDED, Reminder, is_replanned, outdated, planned, replanned, settle
from services.notify.handlers.ports import LedgerToPlan, PlanBook, ReminderBook, UnitBook
from shared.events.obligation import ObligationState
from shared.events.unit import UnitState
from shared.plan.calendar import rung_fire_ms, working_days_of
from shared.plan.model import Plan, Rung

PAGE = 200
AT_ONCE = 50
"""Obligations planned side by side: the store commits their writes in groups."""


class PlanRungs:
    """Plans the rungs of every marked obligation whose plan is known."""

    def __init__(self, *, plans: PlanBook, units: UnitBook, ledger: LedgerToPlan, reminders: ReminderBook) -> None:
        self._plans = plans
        self._units = units
        self._ledger = ledger
        self._reminders = reminders

    async def run(self, now_ms: int) -> int:
        """Everything that is marked now; how many obligations were planned."""
        done = 0
        cursor: str | None = None
        units: Mapping[str, UnitState] | None = None
        while True:
            entries, cursor = await self._ledger.to_plan(PAGE, cursor)
            if entries and units is None:
                units = await self._units.all()
            for start in range(0, len(entries), AT_ONCE):
                done += await self._plan_all(entries[start : start + AT_ONCE], units or {}, now_ms)
            if cursor is None:
                return done

    async def _plan_all(self, entries: Sequence[Entry], units: Mapping[str, UnitState], now_ms: int) -> int:
        """The new rows of a batch are one write, then each obligation's mark comes off."""
        wanted: dict[str, list[Reminder]] = {}
        for entry in entries:
            plan = await self._plans.version(entry.state.plan, entry.state.plan_version)
            if plan is not None:
                wanted[entry.state.obligation] = _wanted(plan, entry, units, now_ms)
        known = [entry.state for entry in entries if entry.state.obligation in wanted]
        again = [state for state in known if state.revision > 1 or state.outcome != "PENDING"]
        held = dict(zip((state.obligation for state in again), await self._rows_of(again), strict=True))
        fresh = [row for state in known for row in _fresh(wanted[state.obligation], held.get(state.obligation, ()))]
        if fresh:
            await self._reminders.add(fresh, now_ms=now_ms)
        await asyncio.gather(
            *(self._settle(state, wanted[state.obligation], held.get(state.obligation, ()), now_ms) for state in known)
        )
        return len(known)

    async def _rows_of(self, states: Sequence[ObligationState]) -> list[list[Reminder]]:
        return list(await asyncio.gather(*(self._reminders.of_obligation(state.obligation) for state in states)))

    async def _settle(
        self, state: ObligationState, wanted: Sequence[Reminder], held: Sequence[Reminder], now_ms: int
    ) -> None:
        """Rows of another due day are superseded, those that were so for this one are planned again."""
        for row in outdated(held, state):
            await self._reminders.replace(settle(row, "SUPERSEDED", EXTENDED, now_ms=now_ms), now_ms=now_ms)
        by_id = {row.id: row for row in held}
        for row in wanted:
            before = by_id.get(row.id)
            if before is not None and is_replanned(before):
                await self._reminders.replace(replanned(before, row, now_ms=now_ms), now_ms=now_ms)
        await self._ledger.planned(state, has_rungs=state.outcome == "PENDING")


def _fresh(wanted: Sequence[Reminder], held: Sequence[Reminder]) -> list[Reminder]:
    known = {row.id for row in held}
    return [row for row in wanted if row.id not in known]


def _wanted(plan: Plan, entry: Entry, units: Mapping[str, UnitState], now_ms: int) -> list[Reminder]:
    """The rows that the plan asks for. What is settled, or a form without a ladder or a plan, asks for none."""
    state = entry.state
    form = next((form for form in plan.forms if form.code == state.form), None)
    if state.outcome != "PENDING" or form is None or form.ladder is None:
        return []
    ladder = plan.ladder(form.ladder)
    due = local_day(state.due_at_ms, state.time_zone)
    working = working_days_of(plan.holidays)
    places = [units[code] for code in lineage(state.unit, units, plan.standing_body) if code in units]
    zones = sorted({place.time_zone for place in places} | {state.time_zone})

    def fire_ms(rung: Rung) -> int:
        return rung_fire_ms(ladder, rung, due, state.time_zone, working)

    def first_ms(fire_at_ms: int) -> int:
        return min(same_wall_time(fire_at_ms, state.time_zone, zone) for zone in zones)

    # An extension makes a new due day known when it is granted, not when the obligation was.
    known_at_ms = state.changed_at_ms if state.cause in ("extended", "recalculated") else entry.known_at_ms
    return planned(state, ladder, fire_ms, known_at_ms=known_at_ms, now_ms=now_ms, first_ms=first_ms)
