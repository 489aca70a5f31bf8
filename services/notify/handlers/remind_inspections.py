"""Due reminders of inspections become mail: one message per recipient and local day, over all inspections.

Order of writes: the delivery (unique per recipient and day, content pinned), then the rows. A crash between the two
leaves rows that are still due; at the next pass the delivery says that it covers them, and nothing is sent twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from prometheus_client import Counter

from services.notify.domain.consolidation import Made, share_out
from services.notify.domain.contacts import Recipient, resolve
from services.notify.domain.deliveries import Delivery, Letter, created
from services.notify.domain.inspections.letter import InspectionLetter, inspection_letter
from services.notify.domain.inspections.nudges import MAIL_AT, Nudge, decide, put_off, settled
from services.notify.domain.instants import at_local, local_day
from services.notify.domain.quiet_hours import Hours, next_mail_ms, wait_of
from services.notify.domain.signals import missing_contact
from services.notify.handlers.ports import DeliveryBook, PlanBook, UnitBook
from services.notify.handlers.watch_inspections import HeldInspection, RaiseAlerts
from shared.events.inspection import InspectionState
from shared.events.unit import UnitState
from shared.plan.calendar import working_days_of
from shared.plan.model import Plan

KIND: Literal["inspection"] = "inspection"


class DueNudges(Protocol):
    async def due(self, now_ms: int) -> list[Nudge]: ...
    async def replace(self, row: Nudge) -> bool: ...


class Inspections(Protocol):
    async def get(self, inspection: str) -> HeldInspection | None: ...


class InspectionWriter(Protocol):
    def inspection(self, letter: InspectionLetter) -> Letter: ...


@dataclass(frozen=True, slots=True)
class Owed:
    """One row that is to be told, with its inspection as re-read and its plan."""

    row: Nudge
    state: InspectionState
    plan: Plan

    @property
    def hours(self) -> Hours:
        return Hours(MAIL_AT, self.plan.quiet_hours, working_days_of(self.plan.holidays))


@dataclass(slots=True)
class Hand:
    """What one pass holds for one recipient: row id -> what is owed."""

    recipient: Recipient
    owed: dict[str, Owed] = field(default_factory=dict)


class RemindInspections:
    """Decides every due row and makes the day's messages."""

    def __init__(
        self,
        *,
        plans: PlanBook,
        units: UnitBook,
        inspections: Inspections,
        nudges: DueNudges,
        deliveries: DeliveryBook,
        writer: InspectionWriter,
        raise_alerts: RaiseAlerts,
        notices: Counter,
    ) -> None:
        self._plans = plans
        self._units = units
        self._inspections = inspections
        self._nudges = nudges
        self._deliveries = deliveries
        self._writer = writer
        self._raise = raise_alerts
        self._notices = notices

    async def run(self, now_ms: int) -> int:
        """One pass over everything that is due; leaves nothing due. How many rows were decided."""
        due = await self._nudges.due(now_ms)
        if not due:
            return 0
        owed = await self._decide(due, now_ms)
        units = await self._units.all()
        waits: dict[str, list[int]] = {one.row.id: [] for one in owed}
        reached: set[str] = set()
        hands: dict[str, Hand] = {}
        for one in owed:
            for recipient in await self._recipients(one, units, now_ms):
                reached.add(one.row.id)
                wait = wait_of(now_ms, recipient.time_zone, one.hours)
                if wait is not None:
                    waits[one.row.id].append(wait.until_ms)
                else:
                    hands.setdefault(recipient.address, Hand(recipient)).owed[one.row.id] = one
        for address in sorted(hands):
            await self._hand_over(hands[address], units, waits, now_ms)
        for one in owed:
            await self._nudges.replace(_after(one.row, waits[one.row.id], one.row.id in reached, now_ms))
        return len(due)

    async def _decide(self, due: Sequence[Nudge], now_ms: int) -> list[Owed]:
        """Settle what is done, superseded or skipped; what is left is to be told."""
        by_inspection: dict[str, list[Nudge]] = defaultdict(list)
        for row in due:
            by_inspection[row.inspection].append(row)
        owed: list[Owed] = []
        for inspection, rows in by_inspection.items():
            held = await self._inspections.get(inspection)
            state = held.state if held else None
            newest = await self._plans.newest(state.plan) if state else None
            for verdict in decide(state, rows):
                if verdict.status == "PENDING" and state is not None and newest is not None:
                    owed.append(Owed(verdict.nudge, state, newest[0]))
                    continue
                status = "FAILED" if verdict.status == "PENDING" else verdict.status
                reason = "plan_unknown" if verdict.status == "PENDING" else verdict.reason
                await self._nudges.replace(settled(verdict.nudge, status, reason, now_ms=now_ms))
                self._notices.labels(KIND, reason).inc()
        return owed

    async def _recipients(self, owed: Owed, units: Mapping[str, UnitState], now_ms: int) -> tuple[Recipient, ...]:
        """Steps concern the standing body, findings the unit."""
        standing_body = owed.plan.standing_body
        at = standing_body if owed.row.kind == "step" and standing_body else owed.row.unit
        resolution = resolve(owed.row.roles, at, units, standing_body=standing_body)
        revision = units[at].revision if at in units else 0
        await self._raise.apply_all(
            [
                missing_contact(owed.plan.code, at, role, firing=True, source_revision=revision)
                for role in resolution.missing
            ],
            now_ms,
        )
        return resolution.recipients

    async def _hand_over(
        self, hand: Hand, units: Mapping[str, UnitState], waits: Mapping[str, list[int]], now_ms: int
    ) -> None:
        """Make today's message for one recipient. Looked at twice: another worker may have made it meanwhile."""
        zone = hand.recipient.time_zone
        slot = local_day(now_ms, zone).isoformat()
        today_ms = at_local(local_day(now_ms, zone), "00:00", zone)
        since_ms = min(today_ms, *(one.row.fire_at_ms for one in hand.owed.values()))
        for _ in range(2):
            made = await self._deliveries.made_since(KIND, hand.recipient.address, since_ms)
            share = share_out(tuple(hand.owed), [Made(one.slot, frozenset(one.covers)) for one in made], slot)
            if not share.send:
                break
            if await self._deliveries.add(self._delivery(hand, share.send, slot, units, now_ms), now_ms=now_ms):
                self._notices.labels(KIND, "due").inc()
                return
        for key in (*share.wait, *share.send):
            waits[key].append(next_mail_ms(now_ms, zone, hand.owed[key].hours))

    def _delivery(
        self, hand: Hand, keys: Sequence[str], slot: str, units: Mapping[str, UnitState], now_ms: int
    ) -> Delivery:
        owed = [hand.owed[key] for key in keys]
        due = [(one.row, one.state) for one in owed]
        letter = inspection_letter(owed[0].plan, hand.recipient, due, units, now_ms=now_ms)
        about = {one.state.unit for one in owed}
        return created(
            kind=KIND,
            subject=owed[0].state.inspection,
            slot=slot,
            plan=owed[0].plan.code,
            unit=next(iter(about)) if len(about) == 1 else "",
            recipient=hand.recipient,
            covers=tuple(keys),
            letter=self._writer.inspection(letter),
            reason="due",
            now_ms=now_ms,
        )


def _after(row: Nudge, waits: Sequence[int], is_reached: bool, now_ms: int) -> Nudge:
    """The row after the pass: sent to all, still waited for by some, or nobody to tell."""
    if not is_reached:
        return settled(row, "FAILED", "missing_contact", now_ms=now_ms)
    if waits:
        return put_off(row, min(waits), now_ms=now_ms)
    return settled(row, "SENT", "due", now_ms=now_ms)
