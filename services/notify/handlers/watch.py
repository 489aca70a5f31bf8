"""Signals become alerts: every source that changed, or whose time has come, is looked at once per revision.

Crash: the alert is saved before the mark is taken off; looking again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from services.notify.domain.alerts import MISSING_CONTACT, Signal, after_signal, alert_id
from services.notify.domain.contacts import resolve
from services.notify.domain.instants import NEVER_MS
from services.notify.domain.ledger import Entry
from services.notify.domain.signals import missing_contact, of_obligation, of_report, of_score, overdue_from_ms
from services.notify.handlers.ports import AlertBook, LedgerToCheck, PlanBook, SourceBook, UnitBook
from shared.errors import Transient
from shared.events.report import ReportState
from shared.events.score import ScoreState
from shared.plan.model import Plan

PAGE = 200
ATTEMPTS_MAX = 5

S = TypeVar("S", ReportState, ScoreState)


class Raise:
    """Applies one signal to the alert with its fingerprint."""

    def __init__(self, alerts: AlertBook) -> None:
        self._alerts = alerts

    async def apply(self, signal: Signal, now_ms: int) -> bool:
        """Whether the alert was opened, updated or resolved. Transient when others change it all the time."""
        id = alert_id(signal.plan, signal.unit, signal.rule, signal.subject)
        for _ in range(ATTEMPTS_MAX):
            alert = after_signal(await self._alerts.get(id), signal, now_ms=now_ms)
            if alert is None:
                return False
            if await self._alerts.save(alert, now_ms=now_ms):
                return True
        raise Transient(f"{id} moved on {ATTEMPTS_MAX} times while a signal was applied")

    async def apply_all(self, signals: Sequence[Signal], now_ms: int) -> int:
        return sum([await self.apply(signal, now_ms) for signal in signals])


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
    ) -> None:
        self._plans = plans
        self._units = units
        self._obligations = obligations
        self._reports = reports
        self._scores = scores
        self._alerts = alerts
        self._raise = Raise(alerts)

    async def run(self, now_ms: int) -> int:
        """How many sources were looked at. Those whose plan is not known yet stay marked and wait for it."""
        looked = await self._look_at_obligations(now_ms)
        looked += await self._look_at(self._reports, of_report, now_ms)
        looked += await self._look_at(self._scores, of_score, now_ms)
        return looked + await self._look_at_contacts(now_ms)

    async def _look_at_obligations(self, now_ms: int) -> int:
        done = 0
        while entries := await self._obligations.to_check(now_ms, PAGE):
            progressed = sum([await self._look_at_obligation(entry, now_ms) for entry in entries])
            done += progressed
            if not progressed:
                break
        return done

    async def _look_at_obligation(self, entry: Entry, now_ms: int) -> bool:
        state = entry.state
        plan = await self._plans.version(state.plan, state.plan_version)
        if plan is None:
            return False
        await self._raise.apply_all(of_obligation(plan, state, now_ms=now_ms), now_ms)
        again_ms = overdue_from_ms(state)
        await self._obligations.checked(state, next_ms=again_ms if again_ms > now_ms else NEVER_MS)
        return True

    async def _look_at(self, source: SourceBook[S], signals_of: Callable[[Plan, S], list[Signal]], now_ms: int) -> int:
        """Every marked state of a source, page by page, until none is left whose plan is known."""
        done = 0
        while found := await source.to_check(now_ms, PAGE):
            progressed = 0
            for id, state in found:
                plan = await self._plans.version(state.plan, state.plan_version)
                if plan is not None:
                    await self._raise.apply_all(signals_of(plan, state), now_ms)
                    await source.checked(id, state)
                    progressed += 1
            done += progressed
            if not progressed:
                break
        return done

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
