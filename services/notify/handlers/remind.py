"""Due rungs become mail: one message per recipient and local day, over all forms, units and inspections.

Order of writes: the delivery (unique per recipient and day, content pinned), then the rows. A crash between the two
leaves rows that are still due; at the next pass the delivery says that it covers them, and nothing is sent twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from prometheus_client import Counter, Histogram

from services.notify.domain.consolidation import Made, share_out
from services.notify.domain.contacts import Recipient, address_mark, resolve
from services.notify.domain.day_mail import (
    Owed,
    OwedDeadline,
    OwedReport,
    day_letter,
    first_told_ms,
    kind_of,
    ready_ms,
    wait,
)
from services.notify.domain.deliveries import Delivery, Letter, created
from services.notify.domain.inspections.letter import InspectionLetter
from services.notify.domain.inspections.nudges import Nudge
from services.notify.domain.instants import at_local, local_day
from services.notify.domain.letters import ReminderLetter
from services.notify.domain.quiet_hours import WAITS_FOR_NEXT_MAIL, Wait, next_mail_ms
from services.notify.domain.rungs import DUE, Reminder
from services.notify.domain.signals import missing_contact
from services.notify.domain.telling import Told, after_pass
from services.notify.handlers.ports import DeliveryBook, UnitBook
from services.notify.handlers.watch import Raise
from shared.events.unit import UnitState

AT_ONCE = 50
"""Recipients that are worked on side by side: the store commits their writes in groups."""


class DueReports(Protocol):
    """Rungs of obligations."""

    async def owed(self, now_ms: int) -> tuple[list[OwedReport], int]: ...
    async def settle(self, rows: Sequence[Reminder], now_ms: int) -> None: ...


class DueDeadlines(Protocol):
    """Rungs of deadlines of inspections."""

    async def owed(self, now_ms: int) -> tuple[list[OwedDeadline], int]: ...
    async def settle(self, rows: Sequence[Nudge], now_ms: int) -> None: ...


class DayWriter(Protocol):
    def reminder(self, letter: ReminderLetter) -> Letter: ...
    def inspection(self, letter: InspectionLetter) -> Letter: ...


class DayDeliveries(DeliveryBook, Protocol):
    async def get(self, delivery: str) -> Delivery | None: ...


@dataclass(slots=True)
class Hand:
    """What one pass holds for one recipient: row id -> what is owed."""

    recipient: Recipient
    owed: dict[str, Owed] = field(default_factory=dict)


class Remind:
    """Makes the day's messages of everything that is due, and notes on each row what became of it."""

    def __init__(
        self,
        *,
        reports: DueReports,
        deadlines: DueDeadlines,
        units: UnitBook,
        deliveries: DayDeliveries,
        writer: DayWriter,
        raise_alert: Raise,
        notices: Counter,
        delay: Histogram,
    ) -> None:
        self._reports = reports
        self._deadlines = deadlines
        self._units = units
        self._deliveries = deliveries
        self._writer = writer
        self._raise = raise_alert
        self._notices = notices
        self._delay = delay

    async def run(self, now_ms: int) -> int:
        """One pass over everything that is due; leaves nothing due. How many rows were decided."""
        reports, settled = await self._reports.owed(now_ms)
        deadlines, settled_too = await self._deadlines.owed(now_ms)
        if reports or deadlines:
            told = await self._send([*reports, *deadlines], await self._units.all(), now_ms)
            await self._reports.settle([after_pass(one.row, told[one.row.id], now_ms) for one in reports], now_ms)
            await self._deadlines.settle([after_pass(one.row, told[one.row.id], now_ms) for one in deadlines], now_ms)
        return settled + settled_too + len(reports) + len(deadlines)

    async def _send(self, owed: Sequence[Owed], units: Mapping[str, UnitState], now_ms: int) -> dict[str, Told]:
        """Every row with each of its recipients: those whose time has come get today's message, the others wait."""
        told: dict[str, Told] = {one.row.id: Told() for one in owed}
        hands: dict[str, Hand] = {}
        for one in owed:
            for recipient in await self._recipients(one, units, now_ms):
                told[one.row.id].reached = True
                if address_mark(recipient.address) in one.row.told:
                    continue
                waits = wait(one, recipient, now_ms)
                if waits is not None:
                    told[one.row.id].waits.append(waits)
                else:
                    hands.setdefault(recipient.address, Hand(recipient)).owed[one.row.id] = one
        addresses = sorted(hands)
        for start in range(0, len(addresses), AT_ONCE):
            batch = [hands[address] for address in addresses[start : start + AT_ONCE]]
            await asyncio.gather(*(self._hand_over(hand, told, units, now_ms) for hand in batch))
        return told

    async def _recipients(self, owed: Owed, units: Mapping[str, UnitState], now_ms: int) -> tuple[Recipient, ...]:
        plan, place = owed.plan, owed.place
        resolution = resolve(owed.row.roles, place, units, standing_body=plan.standing_body)
        revision = units[place].revision if place in units else 0
        for role in resolution.missing:
            signal = missing_contact(plan.code, place, role, firing=True, source_revision=revision)
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
        made = await self._made(hand, at_local(local_day(now_ms, zone), "00:00", zone))
        for _ in range(2):
            share = share_out(tuple(hand.owed), [Made(one.slot, frozenset(one.covers)) for one in made], slot)
            delivery = self._delivery(hand, share.send, slot, units, now_ms) if share.send else None
            if delivery is None:
                break
            if await self._deliveries.add(delivery, now_ms=now_ms):
                made = [*made, delivery]
                self._count(hand, delivery, now_ms)
                break
            held = await self._deliveries.get(delivery.id)
            made = [*made, *([held] if held is not None else [])]
        for key in (*share.told, *share.send):
            told[key].deliveries += [one.id for one in made if key in one.covers]
            told[key].marks.append(address_mark(hand.recipient.address))
        for key in share.wait:
            until_ms = next_mail_ms(now_ms, zone, hand.owed[key].hours)
            told[key].waits.append(Wait(until_ms, WAITS_FOR_NEXT_MAIL))

    async def _made(self, hand: Hand, today_ms: int) -> list[Delivery]:
        """Messages that may tell what is owed. One that is not found here is met under its id when it is added."""
        since_ms = min(today_ms, *(first_told_ms(one) for one in hand.owed.values()))
        kinds = ["reminder", "inspection"]
        if all(isinstance(one, OwedReport) for one in hand.owed.values()):
            kinds.remove("inspection")
        return [
            one for kind in kinds for one in await self._deliveries.made_since(kind, hand.recipient.address, since_ms)
        ]

    def _written(self, letter: ReminderLetter | InspectionLetter) -> Letter:
        if isinstance(letter, ReminderLetter):
            return self._writer.reminder(letter)
        return self._writer.inspection(letter)

    def _count(self, hand: Hand, delivery: Delivery, now_ms: int) -> None:
        self._notices.labels(delivery.kind, DUE).inc()
        for one in (hand.owed[key] for key in delivery.covers):
            if isinstance(one, OwedReport):
                self._delay.observe(max(0.0, (now_ms - ready_ms(one, hand.recipient)) / 1000))

    def _delivery(
        self, hand: Hand, keys: tuple[str, ...], slot: str, units: Mapping[str, UnitState], now_ms: int
    ) -> Delivery:
        owed = [hand.owed[key] for key in keys]
        letter = day_letter(owed, hand.recipient, units, now_ms=now_ms)
        told_units = {one.state.unit for one in owed}
        reminders = [one for one in owed if isinstance(one, OwedReport)]
        first = owed[0]
        return created(
            kind=kind_of(owed),
            subject=first.row.id if isinstance(first, OwedReport) else first.state.inspection,
            slot=slot,
            plan=letter.plan,
            unit=next(iter(told_units)) if len(told_units) == 1 else "",
            recipient=hand.recipient,
            covers=keys,
            letter=self._written(letter),
            reason=DUE,
            now_ms=now_ms,
            due_at_ms=min((ready_ms(one, hand.recipient) for one in reminders), default=0),
            legal=any(one.is_legal for one in owed),
        )
