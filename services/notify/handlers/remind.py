"""Due rungs become mail: one message per recipient and local day, over all forms and units.

Order of writes: the delivery (unique per recipient and day, content pinned), then the rows. A crash between the two
leaves rows that are still due; at the next pass the delivery says that it covers them, and nothing is sent twice.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from prometheus_client import Counter, Histogram

from services.notify.domain.consolidation import Made, share_out
from services.notify.domain.contacts import Recipient, address_mark, resolve
from services.notify.domain.deliveries import Delivery, created
from services.notify.domain.instants import HOUR_MS, MINUTE_MS, at_local, local_day, same_wall_time
from services.notify.domain.ledger import Entry
from services.notify.domain.letters import reminder_letter
from services.notify.domain.quiet_hours import (
    WAITS_FOR_MORNING,
    WAITS_FOR_NEXT_MAIL,
    Hours,
    Wait,
    next_mail_ms,
    wait_of,
)
from services.notify.domain.rungs import (
    DUE,
    MISSING_CONTACT,
    NOT_DELIVERED,
    PLANNED,
    Reminder,
    Verdict,
    decide,
    put_off,
    settle,
)
from services.notify.domain.signals import missing_contact
from services.notify.handlers.ports import DeliveryBook, LedgerBook, PlanBook, ReminderBook, UnitBook, Writer
from services.notify.handlers.watch import Raise
from shared.events.obligation import ObligationState
from shared.events.unit import UnitState
from shared.plan.calendar import working_days_of
from shared.plan.model import Ladder, Plan

MAIL_AT = "09:00"
ON_TIME_MS = 15 * MINUTE_MS
ZONES_SPAN_MS = 26 * HOUR_MS
"""The same clock time comes so much earlier in the first zone of the world than in the last."""

LEGAL_KINDS = frozenset({"overdue", "escalation"})
"""Rungs whose message is a legal notice: it cannot be switched off or held back."""

IDS_MAX = 1000
AT_ONCE = 50
"""Rows and recipients that are worked on side by side: the store commits their writes in groups."""


@dataclass(frozen=True, slots=True)
class Owed:
    """One row that is to be sent, with its obligation as re-read and the plan version that governs it."""

    row: Reminder
    state: ObligationState
    plan: Plan

    @property
    def hours(self) -> Hours:
        ladder = _ladder(self.plan, self.state.form)
        mail_at = ladder.at if ladder else MAIL_AT
        return Hours(mail_at, self.plan.quiet_hours, working_days_of(self.plan.holidays))


@dataclass(slots=True)
class Hand:
    """What one pass holds for one recipient: row id -> what is owed."""

    recipient: Recipient
    owed: dict[str, Owed] = field(default_factory=dict)


@dataclass(slots=True)
class Told:
    """What became of one row in this pass: the messages that tell it, and the waits of its other recipients."""

    deliveries: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    reached: bool = False


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
        ledger = await self._entries(due)
        verdicts = await self._verdicts(due, ledger, now_ms)
        settled = [one for one in verdicts if one.action == "settle"]
        await self._settle([settle(one.reminder, one.status, one.reason, now_ms=now_ms) for one in settled], now_ms)
        owed = [
            Owed(one.reminder, ledger[one.reminder.obligation].state, plan)
            for one in verdicts
            if one.action == "send" and (plan := await self._plan_of(ledger[one.reminder.obligation].state)) is not None
        ]
        if owed:
            await self._send(owed, await self._units.all(), now_ms)
        return len(settled) + len(owed)

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

    async def _send(self, owed: Sequence[Owed], units: Mapping[str, UnitState], now_ms: int) -> None:
        """Every row with each of its recipients: those whose time has come get today's message, the others wait."""
        told: dict[str, Told] = {one.row.id: Told() for one in owed}
        hands: dict[str, Hand] = {}
        for one in owed:
            for recipient in await self._recipients(one, units, now_ms):
                told[one.row.id].reached = True
                if address_mark(recipient.address) in one.row.told:
                    continue
                wait = _wait(one, recipient, now_ms)
                if wait is not None:
                    told[one.row.id].waits.append(wait)
                else:
                    hands.setdefault(recipient.address, Hand(recipient)).owed[one.row.id] = one
        addresses = sorted(hands)
        for start in range(0, len(addresses), AT_ONCE):
            batch = [hands[address] for address in addresses[start : start + AT_ONCE]]
            await asyncio.gather(*(self._hand_over(hand, told, units, now_ms) for hand in batch))
        await self._settle([_after_send(one.row, told[one.row.id], now_ms) for one in owed], now_ms)

    async def _recipients(self, owed: Owed, units: Mapping[str, UnitState], now_ms: int) -> tuple[Recipient, ...]:
        row, plan = owed.row, owed.plan
        resolution = resolve(row.roles, row.unit, units, standing_body=plan.standing_body)
        revision = units[row.unit].revision if row.unit in units else 0
        for role in resolution.missing:
            signal = missing_contact(plan.code, row.unit, role, firing=True, source_revision=revision)
            await self._raise.apply(signal, now_ms)
        return resolution.recipients

    async def _hand_over(
        self, hand: Hand, told: Mapping[str, Told], units: Mapping[str, UnitState], now_ms: int
    ) -> None:
        """Make today's message for one recipient, and note for each row which message tells it or until when it waits.

        Looked at twice: when another worker made today's message meanwhile, it may cover other rows.
        """
        zone = hand.recipient.time_zone
        slot = local_day(now_ms, zone).isoformat()
        today_ms = at_local(local_day(now_ms, zone), "00:00", zone)
        since_ms = min(today_ms, *(_first_told_ms(one.row) for one in hand.owed.values()))
        for _ in range(2):
            made = await self._deliveries.made_since("reminder", hand.recipient.address, since_ms)
            share = share_out(tuple(hand.owed), [Made(one.slot, frozenset(one.covers)) for one in made], slot)
            delivery = self._delivery(hand, share.send, slot, units, now_ms) if share.send else None
            if delivery is None or await self._deliveries.add(delivery, now_ms=now_ms):
                break
        if delivery is not None:
            made = [*made, delivery]
            self._count(hand, share.send, now_ms)
        for key in (*share.told, *share.send):
            told[key].deliveries += [one.id for one in made if key in one.covers]
            told[key].marks.append(address_mark(hand.recipient.address))
        for key in share.wait:
            until_ms = next_mail_ms(now_ms, zone, hand.owed[key].hours)
            told[key].waits.append(Wait(until_ms, WAITS_FOR_NEXT_MAIL))

    def _count(self, hand: Hand, keys: Sequence[str], now_ms: int) -> None:
        self._notices.labels("reminder", DUE).inc()
        for key in keys:
            self._delay.observe(max(0.0, (now_ms - _ready_ms(hand, key)) / 1000))

    def _delivery(
        self, hand: Hand, keys: tuple[str, ...], slot: str, units: Mapping[str, UnitState], now_ms: int
    ) -> Delivery:
        owed = [hand.owed[key] for key in keys]
        plan = owed[0].plan
        due = [(one.row, one.state, one.plan) for one in owed]
        letter = reminder_letter(plan, hand.recipient, due, units, now_ms=now_ms)
        told_units = {one.state.unit for one in owed}
        return created(
            kind="reminder",
            subject=keys[0],
            slot=slot,
            plan=plan.code,
            unit=next(iter(told_units)) if len(told_units) == 1 else "",
            recipient=hand.recipient,
            covers=keys,
            letter=self._writer.reminder(letter),
            reason=DUE,
            now_ms=now_ms,
            due_at_ms=min(_ready_ms(hand, key) for key in keys),
            legal=any(one.row.kind in LEGAL_KINDS for one in owed),
        )

    async def _settle(self, rows: Sequence[Reminder], now_ms: int) -> None:
        for start in range(0, len(rows), AT_ONCE):
            await asyncio.gather(*(self._settle_one(row, now_ms) for row in rows[start : start + AT_ONCE]))

    async def _settle_one(self, row: Reminder, now_ms: int) -> None:
        """A row that moved on meanwhile was settled by another worker: that decision stands."""
        if await self._reminders.replace(row, now_ms=now_ms) and row.status != "SENT":
            self._notices.labels("reminder", row.decision).inc()


def _ladder(plan: Plan, form: str) -> Ladder | None:
    named = next((one.ladder for one in plan.forms if one.code == form), None)
    return plan.ladder(named) if named else None


def _last_rung(plan: Plan, state: ObligationState) -> str | None:
    """The last rung of the obligation's ladder."""
    ladder = _ladder(plan, state.form)
    return max(ladder.rungs, key=lambda rung: rung.working_days).code if ladder else None


def _morning_ms(owed: Owed, recipient: Recipient) -> int:
    """When the recipient's clocks show what the unit's show when the rung fires."""
    return same_wall_time(owed.row.fire_at_ms, owed.state.time_zone, recipient.time_zone)


def _ready_ms(hand: Hand, key: str) -> int:
    """Since when nothing but us keeps this row from this recipient."""
    owed = hand.owed[key]
    return max(owed.row.ready_at_ms, _morning_ms(owed, hand.recipient))


def _first_told_ms(row: Reminder) -> int:
    """No message before this instant can tell the row. One that waited may have been told to others days ago."""
    return row.ready_at_ms if row.decision == PLANNED else row.fire_at_ms - ZONES_SPAN_MS


def _wait(owed: Owed, recipient: Recipient, now_ms: int) -> Wait | None:
    morning_ms = _morning_ms(owed, recipient)
    if now_ms < morning_ms:
        return Wait(morning_ms, WAITS_FOR_MORNING)
    return wait_of(now_ms, recipient.time_zone, owed.hours)


def _after_send(row: Reminder, told: Told, now_ms: int) -> Reminder:
    """The row after this pass: sent, told in part and waiting for the rest, or without anybody to tell."""
    if not told.reached:
        return settle(row, "FAILED", MISSING_CONTACT, now_ms=now_ms)
    row = replace(
        row,
        deliveries=tuple(sorted({*row.deliveries, *told.deliveries})),
        told=tuple(sorted({*row.told, *told.marks})),
    )
    if not told.waits and set(row.told) <= set(row.unreached):
        return settle(row, "FAILED", NOT_DELIVERED, now_ms=now_ms)
    if not told.waits:
        return settle(row, "SENT", DUE, now_ms=now_ms)
    first = min(told.waits, key=lambda wait: wait.until_ms)
    # Looked at in time, it waits by rule; looked at late, the rule only adds to a delay of ours.
    by_rule = first.reason in (WAITS_FOR_NEXT_MAIL, WAITS_FOR_MORNING) or now_ms - row.next_at_ms <= ON_TIME_MS
    return put_off(row, first.until_ms, first.reason, now_ms=now_ms, by_rule=by_rule)
