"""Signals become alerts: every source that changed, or whose time has come, is looked at once per revision.

Crash: the alert is saved before the mark is taken off; looking again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
from services.notify.handlers.side_by_side import lanes, side_by_side
from shared.errors import Transient
from shared.events.obligation import ObligationState
from shared.events.report import ReportState
from shared.events.score import ScoreState
from shared.plan.base import Frequency
from shared.plan.model import Plan

PAGE = 200
ATTEMPTS_MAX = 5
STREAK_BACK_MS = 3 * 366 * DAY_MS
STREAK_OBLIGATIONS_MAX = 200
PACED = frozenset({"pace_at_risk", "far_below_target"})
"""Signals that ask how much of the year is due."""
YEARS_KEPT = 64


class Raise:
    """Applies one signal to the alert with its fingerprint. `plans`: where an opening alert takes its chain from."""

    def __init__(self, alerts: AlertBook, plans: PlanBook | None = None) -> None:
        self._alerts = alerts
        self._plans = plans
        self._seen_ms = 0
        self._seen: dict[str, Plan] = {}

    async def apply(self, signal: Signal, now_ms: int) -> bool:
        """Whether the alert was opened, updated or resolved. Transient when others change it all the time."""
        id = alert_id(signal.plan, signal.unit, signal.rule, signal.subject)
        for _ in range(ATTEMPTS_MAX):
            held = await self._alerts.get(id)
            if held is None and not signal.firing:
                return False
            chain = await self._chain(signal, now_ms) if held is None or not held.is_ongoing else ()
            alert = after_signal(held, signal, now_ms=now_ms, chain=chain)
            if alert is None:
                return False
            if await self._alerts.save(alert, now_ms=now_ms):
                return True
        raise Transient(f"{id} moved on {ATTEMPTS_MAX} times while a signal was applied")

    async def apply_all(self, signals: Sequence[Signal], now_ms: int) -> int:
        return sum([await self.apply(signal, now_ms) for signal in signals])

    async def _chain(self, signal: Signal, now_ms: int) -> tuple[Step, ...]:
        plan = await self._newest(signal.plan, now_ms) if signal.firing else None
        return chain_of(plan, signal.severity, operations=KINDS.get(signal.signal) == OPERATIONS) if plan else ()

    async def _newest(self, code: str, now_ms: int) -> Plan | None:
        """Asked once an instant: on the day after a deadline a pass opens alerts by the hundred."""
        if self._seen_ms != now_ms:
            self._seen_ms, self._seen = now_ms, {}
        if code not in self._seen and self._plans is not None:
            newest = await self._plans.newest(code)
            if newest is None:
                return None
            self._seen[code] = newest[0]
        return self._seen.get(code)


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
            by_unit = lanes(entries, lambda entry: entry.state.unit)
            progressed = await side_by_side(by_unit, lambda entry: self._look_at_obligation(entry, now_ms))
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
        """An extension or a waiver may explain other alerts of the unit; what is muted may not be explained any more.

        The newest state does not say what an earlier one, never seen here, gave or took back: so muted ones are asked.
        """
        relieves = bool(state.reliefs) or state.outcome == "WAIVED"
        async for alert in self._marks.ongoing(plan=state.plan, unit=state.unit):
            if alert.signal in INHIBITABLE and (relieves or alert.muted_by):
                await review_at(self._marks, alert, now_ms)

    async def _look_at_reports(self, now_ms: int) -> int:
        done = 0
        while found := await self._reports.to_check(now_ms, PAGE):
            by_unit = lanes(found, lambda held: held[1].unit)
            progressed = await side_by_side(by_unit, lambda held: self._look_at_report(*held, now_ms))
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
            plans = {id: await self._plans.version(state.plan, state.plan_version) for id, state in found}
            known = [(id, state, plan) for id, state in found if (plan := plans[id]) is not None]
            by_unit = lanes(known, lambda held: held[1].unit)
            await side_by_side(by_unit, lambda held: self._look_at_score(held[2], held[1], now_ms))
            for (code, year), plan in {(state.plan, state.year): plan for _, state, plan in known}.items():
                await self._look_at_peers(plan, code, year, now_ms)
            await side_by_side(by_unit, lambda held: self._score_done(held[0], held[1]))
            done += len(known)
            if not known:
                break
        return done

    async def _look_at_score(self, plan: Plan, state: ScoreState, now_ms: int) -> bool:
        await self._raise.apply_all(await self._of_score(plan, state), now_ms)
        return True

    async def _score_done(self, id: str, state: ScoreState) -> bool:
        await self._scores.checked(id, state)
        return True

    async def _of_score(self, plan: Plan, state: ScoreState) -> list[Signal]:
        last_year = None
        if any(rules_of(plan, "band_fell")):
            last_year = await self._scores.get(f"score-{state.plan}-{state.year - 1}-{state.unit}")
        dues = None
        if any(rule.signal in PACED for rule in plan.inspection):
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
        ids = (
            (signal, alert_id(signal.plan, signal.unit, signal.rule, signal.subject))
            for signal in of_peers(plan, states)
        )
        told = [signal for signal, id in ids if signal.firing or id in held]
        await side_by_side(lanes(told, lambda signal: signal.unit), lambda signal: self._raise.apply(signal, now_ms))

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


def _was_due(state: ObligationState, now_ms: int) -> bool:
    """Whether its limit, the present or the planned one, has passed: before that no row of periods can change."""
    limits = [state.grace_end_ms, *([state.planned.grace_end_ms] if state.planned else [])]
    return min(limits) < now_ms
