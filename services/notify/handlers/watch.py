"""Signals become alerts: every source that changed, or whose time has come, is looked at once per revision.

Crash: the alert is saved before the mark is taken off; looking again changes nothing.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from services.notify.domain.alerts import KINDS, MISSING_CONTACT, OPERATIONS, Signal, after_signal, alert_id
from services.notify.domain.contacts import resolve
from services.notify.domain.escalation import Step, chain_of
from services.notify.domain.inhibition import INHIBITABLE
from services.notify.domain.instants import DAY_MS
from services.notify.domain.ledger import Entry
from services.notify.domain.signals import (
    missing_contact,
    next_look_ms,
    of_obligation,
    of_report,
    of_streak,
    rules_of,
)
from services.notify.domain.signals_outliers import of_history, of_peers
from services.notify.domain.signals_scores import due_instants, dues_at, of_score
from services.notify.handlers.ports import (
    AlertBook,
    AlertMarks,
    LedgerToCheck,
    NumberBook,
    PlanBook,
    SourceBook,
    UnitBook,
)
from services.notify.handlers.review import review_at
from shared.errors import Transient
from shared.events.obligation import ObligationState
from shared.events.report import ReportState
from shared.events.score import ScoreState
from shared.plan.base import Frequency
from shared.plan.model import Plan

PAGE = 200
AT_ONCE = 25
"""Units that are looked at side by side: the store commits their writes in groups."""
T = TypeVar("T")
ATTEMPTS_MAX = 5
STREAK_BACK_MS = 3 * 366 * DAY_MS
STREAK_OBLIGATIONS_MAX = 200
YEARS_KEPT = 64


class Raise:
    """Applies one signal to the alert with its fingerprint. `plans`: where an opening alert takes its chain from."""

    def __init__(self, alerts: AlertBook, plans: PlanBook | None = None) -> None:
        self._alerts = alerts
        self._plans = plans

    async def apply(self, signal: Signal, now_ms: int) -> bool:
        """Whether the alert was opened, updated or resolved. Transient when others change it all the time."""
        id = alert_id(signal.plan, signal.unit, signal.rule, signal.subject)
        for _ in range(ATTEMPTS_MAX):
            held = await self._alerts.get(id)
            if held is None and not signal.firing:
                return False
            chain = await self._chain(signal) if held is None or not held.is_ongoing else ()
            alert = after_signal(held, signal, now_ms=now_ms, chain=chain)
            if alert is None:
                return False
            if await self._alerts.save(alert, now_ms=now_ms):
                return True
        raise Transient(f"{id} moved on {ATTEMPTS_MAX} times while a signal was applied")

    async def apply_all(self, signals: Sequence[Signal], now_ms: int) -> int:
        return sum([await self.apply(signal, now_ms) for signal in signals])

    async def _chain(self, signal: Signal) -> tuple[Step, ...]:
        newest = await self._plans.newest(signal.plan) if self._plans and signal.firing else None
        if newest is None:
            return ()
        return chain_of(newest[0], signal.severity, operations=KINDS.get(signal.signal) == OPERATIONS)


class Watch:
    """Looks at obligations, reports, scores and contacts whose marks are due, until none is."""

    def __init__(
        self,
        *,
        plans: PlanBook,
        units: UnitBook,
        obligations: LedgerToCheck,
        reports: SourceBook[ReportState],
        scores: SourceBook[ScoreState],
        alerts: AlertBook,
        marks: AlertMarks,
        numbers: NumberBook,
    ) -> None:
        self._plans = plans
        self._units = units
        self._obligations = obligations
        self._reports = reports
        self._scores = scores
        self._alerts = alerts
        self._marks = marks
        self._numbers = numbers
        self._raise = Raise(alerts, plans)
        self._dues: dict[tuple[str, str, int], Mapping[Frequency, tuple[int, ...]]] = {}

    async def run(self, now_ms: int) -> int:
        """How many sources were looked at. Those whose plan is not known yet stay marked and wait for it."""
        looked = await self._look_at_obligations(now_ms)
        looked += await self._look_at_reports(now_ms)
        looked += await self._look_at_scores(now_ms)
        return looked + await self._look_at_contacts(now_ms)

    async def _look_at_obligations(self, now_ms: int) -> int:
        done = 0
        while entries := await self._obligations.to_check(now_ms, PAGE):
            by_unit: dict[str, list[Entry]] = defaultdict(list)
            for entry in entries:
                by_unit[entry.state.unit].append(entry)
            progressed = await _side_by_side(by_unit, lambda entry: self._look_at_obligation(entry, now_ms))
            done += progressed
            if not progressed:
                break
        return done

    async def _look_at_obligation(self, entry: Entry, now_ms: int) -> bool:
        state = entry.state
        plan = await self._plans.version(state.plan, state.plan_version)
        if plan is None:
            return False
        signals = of_obligation(plan, state, now_ms=now_ms)
        if any(rules_of(plan, "two_in_a_row")) and _was_due(state, now_ms):
            signals += await self._streak(plan, state, now_ms)
        await self._raise.apply_all(signals, now_ms)
        if state.reliefs or state.outcome == "WAIVED" or state.cause in ("extended", "waived"):
            await self._review(state, now_ms)
        await self._obligations.checked(state, next_ms=next_look_ms(plan, state, now_ms=now_ms))
        return True

    async def _streak(self, plan: Plan, state: ObligationState, now_ms: int) -> list[Signal]:
        around = await self._obligations.around(
            state.unit, at_least_ms=now_ms - STREAK_BACK_MS, below_ms=now_ms + 1, limit=STREAK_OBLIGATIONS_MAX
        )
        # What is looked at itself may be due later now: it is passed over, and still ends a row that it was in.
        states = {held.obligation: held for held in [*around, state] if held.plan == state.plan}
        return of_streak(plan, list(states.values()), form=state.form, now_ms=now_ms)

    async def _review(self, state: ObligationState, now_ms: int) -> None:
        """An extension or a waiver may explain other alerts of the unit."""
        async for alert in self._marks.ongoing(plan=state.plan, unit=state.unit):
            if alert.signal in INHIBITABLE:
                await review_at(self._marks, alert, now_ms)

    async def _look_at_reports(self, now_ms: int) -> int:
        done = 0
        while found := await self._reports.to_check(now_ms, PAGE):
            by_unit: dict[str, list[tuple[str, ReportState]]] = defaultdict(list)
            for id, state in found:
                by_unit[state.unit].append((id, state))
            progressed = await _side_by_side(by_unit, lambda held: self._look_at_report(*held, now_ms))
            done += progressed
            if not progressed:
                break
        return done

    async def _look_at_report(self, id: str, state: ReportState, now_ms: int) -> bool:
        plan = await self._plans.version(state.plan, state.plan_version)
        if plan is None:
            return False
        peer_group = ""
        if any(rule.condition for rule in plan.inspection):
            entry = await self._obligations.get(state.obligation)
            peer_group = entry.state.peer_group if entry else ""
        signals = of_report(plan, state, peer_group=peer_group)
        if any(rules_of(plan, "outlier_own_history")):
            signals += of_history(plan, state, await self._numbers.put(state), peer_group=peer_group)
        await self._raise.apply_all(signals, now_ms)
        await self._reports.checked(id, state)
        return True

    async def _look_at_scores(self, now_ms: int) -> int:
        """A page of scores, each by itself; then all units of their years among their peers; then the marks."""
        done = 0
        while found := await self._scores.to_check(now_ms, PAGE):
            looked: list[tuple[str, ScoreState]] = []
            moved: dict[tuple[str, int], Plan] = {}
            for id, state in found:
                plan = await self._plans.version(state.plan, state.plan_version)
                if plan is not None:
                    await self._raise.apply_all(await self._of_score(plan, state), now_ms)
                    moved[state.plan, state.year] = plan
                    looked.append((id, state))
            for (code, year), plan in moved.items():
                await self._look_at_peers(plan, code, year, now_ms)
            for id, state in looked:
                await self._scores.checked(id, state)
            done += len(looked)
            if not looked:
                break
        return done

    async def _of_score(self, plan: Plan, state: ScoreState) -> list[Signal]:
        last_year = None
        if any(rules_of(plan, "band_fell")):
            last_year = await self._scores.get(f"score-{state.plan}-{state.year - 1}-{state.unit}")
        dues = None
        if any(rules_of(plan, "pace_at_risk")):
            dues = dues_at(self._due_instants(plan, state.year), state.computed_at_ms)
        return of_score(plan, state, last_year=last_year, dues=dues)

    def _due_instants(self, plan: Plan, year: int) -> Mapping[Frequency, tuple[int, ...]]:
        key = (plan.code, plan.version, year)
        if key not in self._dues:
            if len(self._dues) >= YEARS_KEPT:
                self._dues.clear()
            self._dues[key] = due_instants(plan, year)
        return self._dues[key]

    async def _look_at_peers(self, plan: Plan, code: str, year: int, now_ms: int) -> None:
        """Only what fires, or may end an alert, is taken to the store: of a thousand units that is a few."""
        rules = list(rules_of(plan, "outlier_peers"))
        states = await self._scores.of_year(code, year) if rules else []
        held = {alert.id for rule in rules for alert in await self._alerts.open_of_rule(rule.code)}
        for signal in of_peers(plan, states):
            if signal.firing or alert_id(signal.plan, signal.unit, signal.rule, signal.subject) in held:
                await self._raise.apply(signal, now_ms)

    async def _look_at_contacts(self, now_ms: int) -> int:
        """Contacts changed somewhere: does an open `missing contact` alert have its person now?"""
        changed = await self._units.to_check(now_ms, PAGE)
        done = len(changed)
        if not changed:
            return 0
        units = await self._units.all()
        for alert in await self._alerts.open_of_rule(MISSING_CONTACT):
            newest = await self._plans.newest(alert.plan)
            standing_body = newest[0].standing_body if newest else None
            found = resolve([alert.subject], alert.unit, units, standing_body=standing_body)
            if not found.missing:
                revision = units[alert.unit].revision if alert.unit in units else 0
                signal = missing_contact(alert.plan, alert.unit, alert.subject, firing=False, source_revision=revision)
                await self._raise.apply(signal, now_ms)
        while changed:
            for unit in changed:
                await self._units.checked(unit)
            changed = await self._units.to_check(now_ms, PAGE)
            done += len(changed)
        return done


async def _side_by_side(by_unit: Mapping[str, Sequence[T]], look: Callable[[T], Awaitable[bool]]) -> int:
    """Units side by side, AT_ONCE at a time; what is of one unit one after another: it may be about one alert."""

    async def of_unit(held: Sequence[T]) -> int:
        return sum([await look(one) for one in held])

    units = list(by_unit.values())
    done = 0
    for start in range(0, len(units), AT_ONCE):
        done += sum(await asyncio.gather(*(of_unit(held) for held in units[start : start + AT_ONCE])))
    return done


def _was_due(state: ObligationState, now_ms: int) -> bool:
    """Whether its limit, the present or the planned one, has passed: before that no row of periods can change."""
    limits = [state.grace_end_ms, *([state.planned.grace_end_ms] if state.planned else [])]
    return min(limits) < now_ms
