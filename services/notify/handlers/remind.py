"""Due rungs become mail: one message per recipient and local day, over all forms and units.

Order of writes: the delivery (unique per recipient and day, content pinned), then the rows. A crash between the two
leaves rows that are still due; at the next pass the delivery says that it covers them, and nothing is sent twice.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import Counter, Histogram

from services.notify.domain.consolidation import Made, share_out
from services.notify.domain.contacts import Recipient, resolve
from services.notify.domain.deliveries import Delivery, created
from services.notify.domain.instants import at_local, local_day
from services.notify.domain.ledger import Entry
from services.notify.domain.letters import reminder_letter
from services.notify.domain.rungs import Reminder, Verdict, decide, put_off, settle
from services.notify.domain.signals import missing_contact
from services.notify.handlers.ports import DeliveryBook, LedgerBook, PlanBook, ReminderBook, UnitBook, Writer
from services.notify.handlers.watch import Raise
from shared.events.obligation import ObligationState
from shared.events.unit import UnitState
from shared.plan.calendar import working_days_of
from shared.plan.model import Plan

MAIL_AT = "09:00"
IDS_MAX = 1000
AT_ONCE = 25
"""Rows settled side by side: the store commits their writes in groups."""


@dataclass(slots=True)
class Hand:
    """What one pass holds for one recipient of one plan."""

    recipient: Recipient
    plan: Plan
    due: dict[str, tuple[Reminder, ObligationState, Plan]]


class Remind:
    """Decides every due row and makes the day's messages."""

    def __init__(
        self,
        *,
        plans: PlanBook,
        units: UnitBook,
        ledger: LedgerBook,
        reminders: ReminderBook,
        deliveries: DeliveryBook,
        writer: Writer,
        raise_alert: Raise,
        notices: Counter,
        delay: Histogram,
    ) -> None:
        self._plans = plans
        self._units = units
        self._ledger = ledger
        self._reminders = reminders
        self._deliveries = deliveries
        self._writer = writer
        self._raise = raise_alert
        self._notices = notices
        self._delay = delay

    async def run(self, now_ms: int) -> int:
        """One pass over everything that is due; leaves nothing due. How many rows were decided."""
        due = await self._reminders.due(now_ms)
        if not due:
            return 0
        units = await self._units.all()
        ledger = await self._entries(due)
        verdicts = _verdicts(due, ledger)
        to_send = [verdict.reminder for verdict in verdicts if verdict.action == "send"]
        await self._settle(
            [
                settle(verdict.reminder, verdict.status, verdict.reason, now_ms=now_ms)
                for verdict in verdicts
                if verdict.action == "settle"
            ],
            now_ms,
        )
        await self._send(to_send, ledger, units, now_ms)
        return len(verdicts)

    async def _entries(self, due: Sequence[Reminder]) -> dict[str, Entry]:
        """The obligations as they are now: re-read, never remembered."""
        ids = sorted({row.obligation for row in due})
        found: dict[str, Entry] = {}
        for start in range(0, len(ids), IDS_MAX):
            found |= await self._ledger.get_many(ids[start : start + IDS_MAX])
        return found

    async def _send(
        self, rows: Sequence[Reminder], ledger: Mapping[str, Entry], units: Mapping[str, UnitState], now_ms: int
    ) -> None:
        hands: dict[str, Hand] = {}
        wanted: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            state = ledger[row.obligation].state
            plan = await self._plans.version(state.plan, state.plan_version)
            if plan is None:
                continue
            for recipient in await self._recipients(row, plan, units, now_ms):
                hand = hands.setdefault(recipient.address, Hand(recipient, plan, {}))
                hand.due[row.id] = (row, state, plan)
                wanted[row.id].add(recipient.address)
        waiting: dict[str, int] = {}
        for address in sorted(hands):
            for key in await self._hand_over(hands[address], units, now_ms):
                waiting[key] = _next_mail(hands[address], now_ms)
        await self._settle([_after_send(row, wanted[row.id], waiting.get(row.id), now_ms) for row in rows], now_ms)

    async def _recipients(
        self, row: Reminder, plan: Plan, units: Mapping[str, UnitState], now_ms: int
    ) -> tuple[Recipient, ...]:
        resolution = resolve(row.roles, row.unit, units, standing_body=plan.standing_body)
        revision = units[row.unit].revision if row.unit in units else 0
        for role in resolution.missing:
            signal = missing_contact(plan.code, row.unit, role, firing=True, source_revision=revision)
            await self._raise.apply(signal, now_ms)
        return resolution.recipients

    async def _hand_over(self, hand: Hand, units: Mapping[str, UnitState], now_ms: int) -> tuple[str, ...]:
        """Make today's message for one recipient; the keys that must wait for the next day's."""
        slot = local_day(now_ms, hand.recipient.time_zone).isoformat()
        since_ms = min(row.fire_at_ms for row, _, _ in hand.due.values())
        since_ms = min(
            since_ms, at_local(local_day(now_ms, hand.recipient.time_zone), "00:00", hand.recipient.time_zone)
        )
        for _ in range(2):
            made = await self._deliveries.made_since("reminder", hand.recipient.address, since_ms)
            share = share_out(tuple(hand.due), [Made(one.slot, frozenset(one.covers)) for one in made], slot)
            if not share.send:
                return share.wait
            if await self._deliveries.add(self._delivery(hand, share.send, slot, units, now_ms), now_ms=now_ms):
                self._notices.labels("reminder", "due").inc()
                for key in share.send:
                    self._delay.observe(max(0.0, (now_ms - hand.due[key][0].fire_at_ms) / 1000))
                return ()
            # Another worker made today's message meanwhile: look again at what it covers.
        return share.send

    def _delivery(
        self, hand: Hand, keys: tuple[str, ...], slot: str, units: Mapping[str, UnitState], now_ms: int
    ) -> Delivery:
        due = [hand.due[key] for key in keys]
        letter = reminder_letter(hand.plan, hand.recipient, due, units, now_ms=now_ms)
        told_units = {state.unit for _, state, _ in due}
        return created(
            kind="reminder",
            subject=keys[0],
            slot=slot,
            plan=hand.plan.code,
            unit=next(iter(told_units)) if len(told_units) == 1 else "",
            recipient=hand.recipient,
            covers=keys,
            letter=self._writer.reminder(letter),
            reason="due",
            now_ms=now_ms,
        )

    async def _settle(self, rows: Sequence[Reminder], now_ms: int) -> None:
        for start in range(0, len(rows), AT_ONCE):
            await asyncio.gather(*(self._settle_one(row, now_ms) for row in rows[start : start + AT_ONCE]))

    async def _settle_one(self, row: Reminder, now_ms: int) -> None:
        """A row that moved on meanwhile was settled by another worker: that decision stands."""
        if await self._reminders.replace(row, now_ms=now_ms) and row.status != "SENT":
            self._notices.labels("reminder", row.decision).inc()


def _next_mail(hand: Hand, now_ms: int) -> int:
    """09:00 of the recipient's next working day."""
    zone = hand.recipient.time_zone
    day = working_days_of(hand.plan.holidays).add(local_day(now_ms, zone), 1)
    return at_local(day, MAIL_AT, zone)


def _verdicts(due: Sequence[Reminder], ledger: Mapping[str, Entry]) -> list[Verdict]:
    by_obligation: dict[str, list[Reminder]] = defaultdict(list)
    for row in due:
        by_obligation[row.obligation].append(row)
    found: list[Verdict] = []
    for obligation, rows in by_obligation.items():
        entry = ledger.get(obligation)
        found += decide(entry.state if entry else None, rows)
    return found


def _after_send(row: Reminder, recipients: set[str], wait_until_ms: int | None, now_ms: int) -> Reminder:
    if not recipients:
        return settle(row, "FAILED", "missing_contact", now_ms=now_ms)
    if wait_until_ms is not None:
        return put_off(row, wait_until_ms, now_ms=now_ms)
    return settle(row, "SENT", "due", now_ms=now_ms)
