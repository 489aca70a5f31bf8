"""When an obligation becomes known or changes: its rungs as rows.

Crash: rows are inserted if absent and the mark is taken off last, so the work is repeated without effect, never lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date

from services.notify.domain.contacts import lineage
from services.notify.domain.instants import local_day, same_wall_time
from services.notify.domain.ledger import Entry
from services.notify.domain.rungs import EXTENDED, Reminder, is_replanned, outdated, planned, replanned
from services.notify.domain.telling import settle
from services.notify.handlers.ports import LedgerToPlan, PlanBook, ReminderBook, UnitBook
from shared.events.obligation import ObligationState
from shared.events.unit import UnitState
from shared.plan.calendar import rung_fire_ms, working_days_of
from shared.plan.model import Ladder, Plan

PAGE = 900
BATCH = 150
"""Obligations whose new rows are one write; the batches of a page are planned side by side, so that the store commits
their writes and the marks that follow in a few large groups."""


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
        shared: _Shared | None = None
        while True:
            entries, cursor = await self._ledger.to_plan(PAGE, cursor)
            if entries:
                shared = shared or _Shared(await self._units.all())
                batches = (entries[start : start + BATCH] for start in range(0, len(entries), BATCH))
                done += sum(await asyncio.gather(*(self._plan_all(batch, shared, now_ms) for batch in batches)))
            if cursor is None:
                return done

    async def _plan_all(self, entries: Sequence[Entry], shared: _Shared, now_ms: int) -> int:
        """The new rows of a batch are one write, then each obligation's mark comes off."""
        wanted: dict[str, list[Reminder]] = {}
        for entry in entries:
            plan = await self._plans.version(entry.state.plan, entry.state.plan_version)
            if plan is not None:
                wanted[entry.state.obligation] = _wanted(plan, entry, shared, now_ms)
        known = [entry for entry in entries if entry.state.obligation in wanted]
        again = [entry.state for entry in known if entry.state.revision > 1 or entry.state.outcome != "PENDING"]
        held = dict(zip((state.obligation for state in again), await self._rows_of(again), strict=True))
        fresh = [row for id, rows in wanted.items() for row in _fresh(rows, held.get(id, ()))]
        if fresh:
            await self._reminders.add(fresh, now_ms=now_ms)
        await asyncio.gather(*(self._settle(entry, wanted, held, now_ms) for entry in known))
        return len(known)

    async def _rows_of(self, states: Sequence[ObligationState]) -> list[list[Reminder]]:
        return list(await asyncio.gather(*(self._reminders.of_obligation(state.obligation) for state in states)))

    async def _settle(
        self,
        entry: Entry,
        wanted: Mapping[str, Sequence[Reminder]],
        held: Mapping[str, Sequence[Reminder]],
        now_ms: int,
    ) -> None:
        """Rows of another due day are superseded, those that were so for this one are planned again."""
        state = entry.state
        before = held.get(state.obligation, ())
        for row in outdated(before, state):
            await self._reminders.replace(settle(row, "SUPERSEDED", EXTENDED, now_ms=now_ms), now_ms=now_ms)
        by_id = {row.id: row for row in before}
        for row in wanted[state.obligation] if before else ():
            was = by_id.get(row.id)
            if was is not None and is_replanned(was):
                await self._reminders.replace(replanned(was, row, now_ms=now_ms), now_ms=now_ms)
        await self._ledger.planned(entry, has_rungs=state.outcome == "PENDING")


class _Shared:
    """What the obligations of one run have in common: many are due on the same day, many units are in one zone."""

    def __init__(self, units: Mapping[str, UnitState]) -> None:
        self._units = units
        self._zones: dict[tuple[str | None, str], frozenset[str]] = {}
        self._fires: dict[tuple[str, str, str, date, str], Mapping[str, int]] = {}

    def zones(self, plan: Plan, unit: str) -> frozenset[str]:
        """Where those live who may be told about a unit: the zones of its lineage."""
        key = (plan.standing_body, unit)
        if key not in self._zones:
            places = lineage(unit, self._units, plan.standing_body)
            self._zones[key] = frozenset(self._units[code].time_zone for code in places if code in self._units)
        return self._zones[key]

    def fires(self, plan: Plan, ladder: Ladder, due: date, zone: str) -> Mapping[str, int]:
        """Rung -> the instant at which it fires for this due day."""
        key = (plan.code, plan.version, ladder.code, due, zone)
        if key not in self._fires:
            working = working_days_of(plan.holidays)
            self._fires[key] = {rung.code: rung_fire_ms(ladder, rung, due, zone, working) for rung in ladder.rungs}
        return self._fires[key]


def _fresh(wanted: Sequence[Reminder], held: Sequence[Reminder]) -> list[Reminder]:
    known = {row.id for row in held}
    return [row for row in wanted if row.id not in known]


def _wanted(plan: Plan, entry: Entry, shared: _Shared, now_ms: int) -> list[Reminder]:
    """The rows that the plan asks for. What is settled, or a form without a ladder or a plan, asks for none."""
    state = entry.state
    form = next((form for form in plan.forms if form.code == state.form), None)
    if state.outcome != "PENDING" or form is None or form.ladder is None:
        return []
    ladder, zone = plan.ladder(form.ladder), state.time_zone
    fires = shared.fires(plan, ladder, local_day(state.due_at_ms, zone), zone)
    others = shared.zones(plan, state.unit) - {zone}

    def first_ms(fire_at_ms: int) -> int:
        return min([fire_at_ms, *(same_wall_time(fire_at_ms, zone, other) for other in others)])

    # An extension makes a new due day known when it is granted, not when the obligation was.
    known_at_ms = state.changed_at_ms if state.cause in ("extended", "recalculated") else entry.known_at_ms
    return planned(
        state, ladder, lambda rung: fires[rung.code], known_at_ms=known_at_ms, now_ms=now_ms, first_ms=first_ms
    )
