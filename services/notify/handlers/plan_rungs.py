"""When an obligation becomes known or changes: its rungs as rows.

Crash: rows are inserted if absent and the mark is taken off last, so the work is repeated without effect, never lost.
"""

from __future__ import annotations

import asyncio

from services.notify.domain.instants import local_day
from services.notify.domain.ledger import Entry
from services.notify.domain.rungs import Reminder, is_replanned, outdated, planned, replanned, settle
from services.notify.handlers.ports import LedgerToPlan, PlanBook, ReminderBook
from shared.plan.calendar import rung_fire_ms, working_days_of
from shared.plan.model import Plan, Rung

PAGE = 200
AT_ONCE = 25
"""Obligations planned side by side: the store commits their writes in groups."""


class PlanRungs:
    """Plans the rungs of every marked obligation whose plan is known."""

    def __init__(self, *, plans: PlanBook, ledger: LedgerToPlan, reminders: ReminderBook) -> None:
        self._plans = plans
        self._ledger = ledger
        self._reminders = reminders

    async def run(self, now_ms: int) -> int:
        """Everything that is marked now; how many obligations were planned."""
        done = 0
        cursor: str | None = None
        while True:
            entries, cursor = await self._ledger.to_plan(PAGE, cursor)
            for start in range(0, len(entries), AT_ONCE):
                batch = entries[start : start + AT_ONCE]
                done += sum(await asyncio.gather(*(self._plan(entry, now_ms) for entry in batch)))
            if cursor is None:
                return done

    async def _plan(self, entry: Entry, now_ms: int) -> bool:
        state = entry.state
        plan = await self._plans.version(state.plan, state.plan_version)
        if plan is None:
            return False
        rows = await self._reminders.of_obligation(state.obligation)
        for row in outdated(rows, state):
            await self._reminders.replace(settle(row, "SUPERSEDED", "extended", now_ms=now_ms), now_ms=now_ms)
        known = {row.id: row for row in rows}
        asked = _wanted(plan, entry, now_ms) if state.outcome == "PENDING" else []
        if fresh := [row for row in asked if row.id not in known]:
            await self._reminders.add(fresh, now_ms=now_ms)
        for row in asked:
            held = known.get(row.id)
            if held is not None and is_replanned(held):
                await self._reminders.replace(replanned(held, row, now_ms=now_ms), now_ms=now_ms)
        await self._ledger.planned(state)
        return True


def _wanted(plan: Plan, entry: Entry, now_ms: int) -> list[Reminder]:
    """The rows that the plan asks for. A form without a ladder, or that the plan does not have, asks for none."""
    state = entry.state
    form = next((form for form in plan.forms if form.code == state.form), None)
    if form is None or form.ladder is None:
        return []
    ladder = plan.ladder(form.ladder)
    due = local_day(state.due_at_ms, state.time_zone)
    working = working_days_of(plan.holidays)

    def fire_ms(rung: Rung) -> int:
        return rung_fire_ms(ladder, rung, due, state.time_zone, working)

    # An extension makes a new due day known when it is granted, not when the obligation was.
    known_at_ms = state.changed_at_ms if state.cause in ("extended", "recalculated") else entry.known_at_ms
    return planned(state, ladder, fire_ms, known_at_ms=known_at_ms, now_ms=now_ms)
