"""Notices about alerts: one message per recipient and 15-minute window, for a named reason only.

A new alert waits a minute, so that what opens together is told together, and what is resolved within it is not told.
Crash: the message (unique per recipient and window) is made first, the mark is taken off after; the message says what
it covers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from prometheus_client import Counter

from services.notify.domain.alerts import MISSING_CONTACT, Alert, noticed
from services.notify.domain.consolidation import Made, share_out
from services.notify.domain.contacts import Recipient, resolve
from services.notify.domain.deliveries import Delivery, created
from services.notify.domain.instants import MINUTE_MS, window_start
from services.notify.domain.letters import AlertLetter, alert_letter
from services.notify.handlers.ports import AlertNoticeBook, DeliveryBook, PlanBook, UnitBook, Writer
from shared.events.unit import UnitState
from shared.plan.model import Plan

WINDOW_MS = 15 * MINUTE_MS


class TellAlerts:
    """Tells the standing body what to look at, and operations whose contacts are missing."""

    def __init__(
        self,
        *,
        plans: PlanBook,
        units: UnitBook,
        alerts: AlertNoticeBook,
        deliveries: DeliveryBook,
        writer: Writer,
        notices: Counter,
    ) -> None:
        self._plans = plans
        self._units = units
        self._alerts = alerts
        self._deliveries = deliveries
        self._writer = writer
        self._notices = notices

    async def run(self, now_ms: int) -> int:
        """Every alert about which a notice is due; leaves none due. How many were decided."""
        due = await self._alerts.notice_due(now_ms)
        if not due:
            return 0
        units = await self._units.all()
        by_plan: dict[str, list[Alert]] = defaultdict(list)
        for alert in due:
            by_plan[alert.plan].append(alert)
        for code, alerts in sorted(by_plan.items()):
            newest = await self._plans.newest(code)
            if newest is not None:
                await self._tell(newest[0], alerts, units, now_ms)
        return len(due)

    async def _tell(self, plan: Plan, alerts: Sequence[Alert], units: Mapping[str, UnitState], now_ms: int) -> None:
        hands: dict[str, tuple[Recipient, list[Alert]]] = {}
        for audience in ("standing_body", "operations"):
            told = [alert for alert in alerts if _audience(alert) == audience]
            for recipient in audience_of(plan, audience, units) if told else ():
                hands.setdefault(recipient.address, (recipient, []))[1].extend(told)
        waiting: set[str] = set()
        for address in sorted(hands):
            recipient, told = hands[address]
            waiting |= await self._hand_over(plan, recipient, told, units, now_ms)
        for alert in alerts:
            await self._mark(alert, waits=alert.notice_key in waiting, now_ms=now_ms)

    async def _hand_over(
        self, plan: Plan, recipient: Recipient, alerts: Sequence[Alert], units: Mapping[str, UnitState], now_ms: int
    ) -> set[str]:
        """Make this window's message for one recipient; the keys that wait for the next window."""
        slot = f"{plan.code}@{window_start(now_ms, WINDOW_MS)}"
        by_key = {alert.notice_key: alert for alert in alerts}
        since_ms = min(window_start(now_ms, WINDOW_MS), *(alert.changed_at_ms for alert in alerts))
        for _ in range(2):
            made = await self._deliveries.made_since("alert", recipient.address, since_ms)
            share = share_out(tuple(by_key), [Made(one.slot, frozenset(one.covers)) for one in made], slot)
            if not share.send:
                return set(share.wait)
            told = [by_key[key] for key in share.send]
            letter = alert_letter(plan, recipient, told, units, now_ms=now_ms)
            delivery = self._delivery(letter, told, slot, now_ms)
            if await self._deliveries.add(delivery, now_ms=now_ms):
                for alert in told:
                    self._notices.labels("alert", alert.notice).inc()
                return set()
        return set(share.send)

    def _delivery(self, letter: AlertLetter, told: Sequence[Alert], slot: str, now_ms: int) -> Delivery:
        about = {alert.unit for alert in told}
        return created(
            kind="alert",
            subject=told[0].id,
            slot=slot,
            plan=letter.plan,
            unit=next(iter(about)) if len(about) == 1 else "",
            recipient=letter.recipient,
            covers=tuple(alert.notice_key for alert in told),
            letter=self._writer.alert(letter),
            reason="+".join(sorted({alert.notice for alert in told})),
            now_ms=now_ms,
        )

    async def _mark(self, alert: Alert, *, waits: bool, now_ms: int) -> None:
        """Told (or nobody to tell), or put off to the next window. Who moved on meanwhile is found again."""
        if not waits:
            await self._alerts.mark(noticed(alert))
            return
        next_ms = window_start(now_ms, WINDOW_MS) + WINDOW_MS
        await self._alerts.mark(replace(alert, notice_at_ms=next_ms))


def audience_of(plan: Plan, audience: str, units: Mapping[str, UnitState]) -> tuple[Recipient, ...]:
    """The people of a digest's audience: its roles at the standing body's unit, else above it. Each address once."""
    if plan.standing_body is None:
        return ()
    roles = [role for digest in plan.digests if digest.audience == audience for role in digest.to]
    return resolve(roles, plan.standing_body, units, standing_body=plan.standing_body).recipients


def _audience(alert: Alert) -> str:
    return "operations" if alert.rule == MISSING_CONTACT else "standing_body"
