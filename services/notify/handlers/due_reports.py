"""Due rungs of obligations: held against the ledger as it stands now, settled there, or handed on to be told."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence

from prometheus_client import Counter

from services.notify.domain.day_mail import OwedReport, ladder_of
from services.notify.domain.ledger import Entry
from services.notify.domain.rungs import Reminder, Verdict, decide
from services.notify.domain.telling import settle
from services.notify.handlers.ports import LedgerBook, PlanBook, ReminderBook
from shared.events.obligation import ObligationState
from shared.plan.model import Plan

IDS_MAX = 1000
AT_ONCE = 50
"""Rows that are written side by side: the store commits their writes in groups."""


class DueReports:
    """Decides every due rung: superseded, skipped, or owed."""

    def __init__(self, *, plans: PlanBook, ledger: LedgerBook, reminders: ReminderBook, notices: Counter) -> None:
        self._plans = plans
        self._ledger = ledger
        self._reminders = reminders
        self._notices = notices

    async def owed(self, now_ms: int) -> tuple[list[OwedReport], int]:
        """What is to be told now, and how many rows were settled without."""
        due = await self._reminders.due(now_ms)
        if not due:
            return [], 0
        ledger = await self._entries(due)
        verdicts = await self._verdicts(due, ledger, now_ms)
        settled = [one for one in verdicts if one.action == "settle"]
        await self.settle([settle(one.reminder, one.status, one.reason, now_ms=now_ms) for one in settled], now_ms)
        owed = [
            OwedReport(one.reminder, ledger[one.reminder.obligation].state, plan)
            for one in verdicts
            if one.action == "send" and (plan := await self._plan_of(ledger[one.reminder.obligation].state)) is not None
        ]
        return owed, len(settled)

    async def settle(self, rows: Sequence[Reminder], now_ms: int) -> None:
        """Save what was decided. A row that moved on meanwhile was settled by another worker: that stands."""
        for start in range(0, len(rows), AT_ONCE):
            await asyncio.gather(*(self._settle_one(row, now_ms) for row in rows[start : start + AT_ONCE]))

    async def _settle_one(self, row: Reminder, now_ms: int) -> None:
        if await self._reminders.replace(row, now_ms=now_ms) and row.status != "SENT":
            self._notices.labels("reminder", row.decision).inc()

    async def _entries(self, due: Sequence[Reminder]) -> dict[str, Entry]:
        """The obligations as they are now: re-read, never remembered."""
        ids = sorted({row.obligation for row in due})
        found: dict[str, Entry] = {}
        for start in range(0, len(ids), IDS_MAX):
            found |= await self._ledger.get_many(ids[start : start + IDS_MAX])
        return found

    async def _plan_of(self, state: ObligationState) -> Plan | None:
        return await self._plans.version(state.plan, state.plan_version)

    async def _verdicts(self, due: Sequence[Reminder], ledger: Mapping[str, Entry], now_ms: int) -> list[Verdict]:
        by_obligation: dict[str, list[Reminder]] = defaultdict(list)
        for row in due:
            by_obligation[row.obligation].append(row)
        found: list[Verdict] = []
        for obligation, rows in by_obligation.items():
            entry = ledger.get(obligation)
            state = entry.state if entry else None
            plan = await self._plan_of(state) if state else None
            last = _last_rung(plan, state) if plan and state else None
            found += decide(state, rows, now_ms=now_ms, last_rung=last)
        return found


def _last_rung(plan: Plan, state: ObligationState) -> str | None:
    """The last rung of the obligation's ladder."""
    ladder = ladder_of(plan, state.form)
    return max(ladder.rungs, key=lambda rung: rung.working_days).code if ladder else None
