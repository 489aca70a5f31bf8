"""The auditor's pass, hourly on the platform's clock: derive, compare, raise or end its alerts. It mends nothing.

Any number of instances may look: the alerts have one fingerprint per plan and kind of difference. A crash costs a
look, which the next hour makes up: each covers two days, and more after downtime.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import structlog

from services.notify.domain.alerts import Alert
from services.notify.domain.auditor import (
    DIGEST_MISSING,
    GRACE_MS,
    MESSAGE_STUCK,
    Difference,
    Window,
    alert_differences,
    record_differences,
    rung_differences,
    signals,
)
from services.notify.domain.auditor_digests import expected_digests
from services.notify.domain.deliveries import Delivery
from services.notify.domain.digests.run import digest_id
from services.notify.domain.inspections.nudges import Nudge
from services.notify.domain.instants import DAY_MS, HOUR_MS
from services.notify.domain.ledger import Entry
from services.notify.domain.rungs import Reminder
from services.notify.handlers.ports import PlanBook
from services.notify.handlers.watch import Raise
from shared.plan.model import Plan
from shared.plan.working_days import working_days_of

EVERY_MS = HOUR_MS
LOOK_BACK_MS = 2 * DAY_MS
LOOK_BACK_MAX_MS = 6 * DAY_MS
"""Runs older than a week are not made up any more, so nothing older is missed."""

REACH_MS = 200 * DAY_MS
"""Rungs stand at most 120 working days from their due day."""

ROWS_MAX = 50_000
STUCK_MAX = 100
log = structlog.stdlib.get_logger(__name__)


class AuditedLedger(Protocol):
    async def due_between(self, plan: str, from_ms: int, to_ms: int) -> list[Entry]: ...


class AuditedReminders(Protocol):
    async def due(self, now_ms: int) -> list[Reminder]: ...
    async def fired_between(self, after_ms: int, until_ms: int, limit: int) -> list[Reminder]: ...


class AuditedNudges(Protocol):
    async def due(self, now_ms: int) -> list[Nudge]: ...


class AuditedDeliveries(Protocol):
    async def due(self, now_ms: int, limit: int) -> list[Delivery]: ...
    async def made_between(self, kind: str, after_ms: int, until_ms: int, limit: int) -> list[Delivery]: ...
    async def which_exist(self, ids: list[str]) -> frozenset[str]: ...


class AuditedDigests(Protocol):
    async def get(self, digest: str) -> object | None: ...


class AuditedAlerts(Protocol):
    def ongoing(self, *, plan: str, unit: str | None = None) -> AsyncIterator[Alert]: ...


@dataclass(frozen=True, slots=True)
class Looked:
    """One pass that this process finished: when (epoch ms), and how many differences there were."""

    at_ms: int
    differences: int


class Auditor:
    """Looks once an hour. `last`: the newest pass that was finished; None before the first."""

    def __init__(
        self,
        *,
        plans: PlanBook,
        ledger: AuditedLedger,
        reminders: AuditedReminders,
        nudges: AuditedNudges,
        deliveries: AuditedDeliveries,
        digests: AuditedDigests,
        alerts: AuditedAlerts,
        raise_alert: Raise,
    ) -> None:
        self._plans = plans
        self._ledger = ledger
        self._reminders = reminders
        self._nudges = nudges
        self._deliveries = deliveries
        self._digests = digests
        self._alerts = alerts
        self._raise = raise_alert
        self._looked_ms = 0
        self.last: Looked | None = None

    async def run(self, now_ms: int) -> int:
        """How many differences there are; 0 between two looks."""
        if 0 <= now_ms - self._looked_ms < EVERY_MS:
            return 0
        back_ms = min(max(LOOK_BACK_MS, now_ms - self._looked_ms), LOOK_BACK_MAX_MS)
        self._looked_ms = now_ms
        found = await self.look(Window(now_ms - back_ms, now_ms - GRACE_MS, now_ms))
        self.last = Looked(now_ms, found)
        return found

    async def look(self, window: Window) -> int:
        """Compare everything within the window; how many differences there are."""
        rows = await self._reminders.fired_between(window.from_ms, window.to_ms, ROWS_MAX)
        common = await self._record(rows, window)
        found = 0
        for code in await self._plans.codes():
            newest = await self._plans.newest(code)
            if newest is None:
                continue
            plan, published_at_ms = newest
            ours = [row for row in rows if row.plan == code]
            differences = [one for one, of_plan in common if of_plan == code]
            differences += await self._ladders(code, ours, window)
            differences += await self._missing_digests(plan, published_at_ms, window)
            differences += alert_differences([one async for one in self._alerts.ongoing(plan=code)], window.now_ms)
            await self._raise.apply_all(signals(plan, differences, now_ms=window.now_ms), window.now_ms)
            found += len(differences)
        if found:
            log.warning("auditor.differences", count=found)
        return found

    async def _record(self, rows: Sequence[Reminder], window: Window) -> list[tuple[Difference, str]]:
        """What the record of rows and messages says about itself, each with its plan."""
        before_ms = window.now_ms - GRACE_MS
        stuck: list[Reminder | Nudge] = [*await self._reminders.due(before_ms), *await self._nudges.due(before_ms)]
        stuck = stuck[:STUCK_MAX]
        sent = [row for row in rows if row.status == "SENT"]
        existing = await self._deliveries.which_exist(sorted({id for row in sent for id in row.deliveries}))
        made = [
            one
            for kind in ("reminder", "inspection")
            for one in await self._deliveries.made_between(kind, window.from_ms, window.now_ms, ROWS_MAX)
        ]
        late = await self._deliveries.due(before_ms, STUCK_MAX)
        plan_of = {row.id: row.plan for row in (*rows, *stuck)} | {one.id: one.plan for one in made}
        found = [(one, plan_of[one.about]) for one in record_differences(stuck, sent, made, existing)]
        return found + [(Difference(MESSAGE_STUCK, one.id), one.plan) for one in late]

    async def _ladders(self, code: str, rows: Sequence[Reminder], window: Window) -> list[Difference]:
        entries = await self._ledger.due_between(code, window.from_ms - REACH_MS, window.to_ms + REACH_MS)
        keys = {(entry.state.plan, entry.state.plan_version) for entry in entries}
        versions = {key: await self._plans.version(*key) for key in keys}
        return rung_differences(entries, rows, lambda plan, version: versions.get((plan, version)), _is_working, window)

    async def _missing_digests(self, plan: Plan, published_at_ms: int, window: Window) -> list[Difference]:
        reach_ms = window.from_ms - REACH_MS
        states = [entry.state for entry in await self._ledger.due_between(plan.code, reach_ms, window.now_ms)]
        expected = expected_digests(plan, published_at_ms, states, lambda day: _is_working(plan, day), window)
        ids = [digest_id(plan.code, audience, moment_ms) for audience, moment_ms in expected]
        return [Difference(DIGEST_MISSING, id) for id in ids if await self._digests.get(id) is None]


def _is_working(plan: Plan, day: date) -> bool:
    """The calendar is the plan's own; what is counted with it is not the planner's."""
    return working_days_of(plan.holidays).is_working(day)
