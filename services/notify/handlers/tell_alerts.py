"""Notices about alerts: one message per group and recipient, for a named reason only; repeats of a day are one message.

Four jobs in this order: windows that begin or end mark what they concern; promises and steps that are due change their
alerts; every changed alert is held against silences and outages, and its groups are told to look; groups whose look has
come decide by the table of `domain/grouping`.

Crash: a look that tells is written down before any message is made, with exactly what it tells; the message is unique
per group, number and recipient; the log comes last. So what was begun is finished, and nothing is told twice or lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog
from prometheus_client import Counter

from services.notify.domain.alerts import OPERATIONS, Alert, group_key, reviewed, stepped
from services.notify.domain.contacts import Recipient, resolve
from services.notify.domain.deliveries import created
from services.notify.domain.grouping import (
    AUDIENCE,
    REPEAT,
    Decision,
    Group,
    begun,
    decide,
    group_id,
    looked,
    new_group,
    touched,
)
from services.notify.domain.inhibition import INHIBITABLE, Source, labels_of, muted_by, of_outage, of_relief
from services.notify.domain.instants import DAY_MS, NEVER_MS, local_day
from services.notify.domain.letters import OWN_REASONS, alert_letter
from services.notify.domain.silences import Outage, Silence, silence_of
from services.notify.handlers.ports import (
    AlertWork,
    DeliveryBook,
    GroupBook,
    LedgerAround,
    PlanBook,
    UnitBook,
    WindowBook,
    Writer,
)
from services.notify.handlers.side_by_side import lanes, side_by_side
from services.notify.handlers.silences import SilenceDesk
from shared.errors import Transient
from shared.events.unit import UnitState
from shared.plan.model import Plan

ATTEMPTS_MAX = 8
GRACE_MAX_MS = 121 * DAY_MS
"""A relief whose due instant is longer ago than the longest grace explains nothing any more."""
AHEAD_MS = 400 * DAY_MS
OBLIGATIONS_MAX = 500
REPEATED_MAX = 100
NOBODY = "nobody_to_tell"
"""The named reason of a notice that had no recipient: what it was about stays untold."""

log = structlog.stdlib.get_logger(__name__)


@dataclass(slots=True)
class _Seen:
    """What one pass has read, so that many alerts of a plan or a unit cost one query."""

    silences: dict[str, list[Silence]] = field(default_factory=dict)
    outages: dict[str, list[Outage]] = field(default_factory=dict)
    reliefs: dict[str, list[Source]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Around:
    """What the looks of one pass share: the units, and the newest version of each plan as it is asked for."""

    units: Mapping[str, UnitState]
    plans: dict[str, Plan | None]


class TellAlerts:
    """Tells the standing body what to look at, operations what does not work, and the next level when nobody acts."""

    def __init__(
        self,
        *,
        plans: PlanBook,
        units: UnitBook,
        alerts: AlertWork,
        groups: GroupBook,
        windows: SilenceDesk,
        silences: WindowBook[Silence],
        outages: WindowBook[Outage],
        ledger: LedgerAround,
        deliveries: DeliveryBook,
        writer: Writer,
        notices: Counter,
    ) -> None:
        self._plans = plans
        self._units = units
        self._alerts = alerts
        self._groups = groups
        self._windows = windows
        self._silences = silences
        self._outages = outages
        self._ledger = ledger
        self._deliveries = deliveries
        self._writer = writer
        self._notices = notices
        self._repeated: set[str] = set()
        self._repeating = asyncio.Lock()

    async def run(self, now_ms: int) -> int:
        """Everything about notices that is due at this instant; leaves none due. How many decisions were made."""
        done = await self._windows.run(now_ms)
        done += await self._step(now_ms)
        done += await self._review(now_ms)
        return done + await self._look(now_ms)

    # --- promises and steps ---

    async def _step(self, now_ms: int) -> int:
        done = 0
        while due := await self._alerts.steps_due(now_ms):
            await side_by_side(lanes(due, lambda alert: alert.id), lambda alert: self._step_one(alert, now_ms))
            done += len(due)
        return done

    async def _step_one(self, alert: Alert, now_ms: int) -> bool:
        """Who moved on meanwhile is found again while a step of it is due."""
        after = stepped(alert, now_ms=now_ms)
        if after is None:
            return False
        if after.revision != alert.revision:
            return await self._alerts.save(after, now_ms=now_ms)
        return await self._alerts.mark(after)

    # --- muted or not, and which groups have to look ---

    async def _review(self, now_ms: int) -> int:
        done, seen = 0, _Seen()
        while due := await self._alerts.notice_due(now_ms):
            of_unit = lanes(due, lambda alert: (alert.plan, alert.unit))
            await side_by_side(of_unit, lambda alert: self._review_one(alert, seen, now_ms))
            done += len(due)
        return done

    async def _review_one(self, alert: Alert, seen: _Seen, now_ms: int) -> bool:
        """Groups first, then the alert: a crash between the two lets the groups look once more."""
        after = await self._under_windows(alert, seen, now_ms) if alert.is_ongoing else alert
        changed = after.revision != alert.revision
        at_ms = now_ms if changed else alert.notice_at_ms
        for receiver in after.receivers:
            await self._touch(after, receiver, at_ms, at_once=changed and after.notice == "unsilenced")
        ends = [after.silenced_until_ms] if after.phase == "SILENCED" else []
        ends += [after.muted_until_ms] if after.muted_by else []
        settled = replace(after, notice_at_ms=min((end for end in ends if end > now_ms), default=NEVER_MS))
        return await (self._alerts.save(settled, now_ms=now_ms) if changed else self._alerts.mark(settled))

    async def _under_windows(self, alert: Alert, seen: _Seen, now_ms: int) -> Alert:
        if alert.plan not in seen.silences:
            seen.silences[alert.plan] = await self._silences.not_over(alert.plan, now_ms)
        silence = silence_of(alert, seen.silences[alert.plan], now_ms)
        source = await self._explained(alert, seen, now_ms) if alert.signal in INHIBITABLE else None
        return reviewed(
            alert,
            silence=silence.id if silence else "",
            silenced_until_ms=silence.ends_at_ms if silence else 0,
            muted_by=source.reason if source else "",
            muted_until_ms=source.ends_ms if source else 0,
            now_ms=now_ms,
        )

    async def _explained(self, alert: Alert, seen: _Seen, now_ms: int) -> Source | None:
        if alert.plan not in seen.outages:
            seen.outages[alert.plan] = await self._outages.not_over(alert.plan, now_ms)
        if alert.unit not in seen.reliefs:
            states = await self._ledger.around(
                alert.unit, at_least_ms=now_ms - GRACE_MAX_MS, below_ms=now_ms + AHEAD_MS, limit=OBLIGATIONS_MAX
            )
            found = [of_relief(state, now_ms) for state in states]
            seen.reliefs[alert.unit] = [source for source in found if source is not None]
        active = [of_outage(outage) for outage in seen.outages[alert.plan] if outage.is_active(now_ms)]
        return muted_by(labels_of(alert), [*active, *seen.reliefs[alert.unit]])

    async def _touch(self, alert: Alert, receiver: str, at_ms: int, *, at_once: bool) -> None:
        id = group_id(alert.plan, alert.unit, alert.kind, receiver)
        for _ in range(ATTEMPTS_MAX):
            held = await self._groups.get(id)
            group = held or new_group(alert.plan, alert.unit, alert.kind, receiver)
            if await self._groups.save(touched(group, changed_at_ms=at_ms, at_once=at_once)):
                return
        raise Transient(f"{id} moved on {ATTEMPTS_MAX} times while an alert joined it")

    # --- the looks of groups ---

    async def _look(self, now_ms: int) -> int:
        due = await self._groups.due(now_ms)
        if not due:
            return 0
        done, around = 0, _Around(await self._units.all(), {})
        while due:
            of_unit = lanes(due, lambda group: (group.plan, group.unit))
            await side_by_side(of_unit, lambda group: self._look_at(group, around, now_ms))
            done += len(due)
            due = await self._groups.due(now_ms)
        return done

    async def _look_at(self, group: Group, around: _Around, now_ms: int) -> bool:
        """One look; a group that moves on meanwhile is still due and is looked at again."""
        if group.telling is not None:
            return await self._tell(group, group.telling, around)
        alerts = await self._members(group)
        decision = decide(group.log, [alert.member(now_ms) for alert in alerts], now_ms=now_ms)
        if not decision.tell:
            return await self._finish(group, decision, alerts, now_ms)
        mine = begun(group, decision, now_ms=now_ms)
        slot = await self._slot(mine, decision, around)
        if decision.reason != REPEAT:
            return await self._begin(mine, around)
        async with self._repeating:
            if slot not in self._repeated:
                return await self._begin(mine, around)
        # It stands in the message of the day already: nothing is made, so there is nothing to finish after a crash.
        return await self._finish(mine, decision, alerts, now_ms)

    async def _begin(self, mine: Group, around: _Around) -> bool:
        """Write down what is told, then tell it."""
        if not await self._groups.save(mine):
            return False
        held = await self._groups.get(mine.id)
        if held is None or held.telling is None:
            return False
        return await self._tell(held, held.telling, around)

    async def _members(self, group: Group) -> list[Alert]:
        """The alerts that the group's receiver is told of, those resolved since its last look included."""
        found = await self._alerts.in_group(group_key(group.plan, group.unit, group.kind))
        return [alert for alert in found if group.receiver in alert.receivers and group.receiver not in alert.flushed]

    async def _finish(self, group: Group, decision: Decision, alerts: Sequence[Alert], at_ms: int) -> bool:
        await asyncio.gather(*(self._leave_reason(alert, group.receiver, decision, at_ms) for alert in alerts))
        ongoing = [alert for alert in alerts if alert.is_ongoing]
        ends = [alert.quiet_until_ms for alert in ongoing]
        return await self._groups.save(looked(group, decision, stays=bool(ongoing), ends_ms=ends, at_ms=at_ms))

    async def _leave_reason(self, alert: Alert, receiver: str, decision: Decision, at_ms: int) -> None:
        """On every alert: why it was told, or why not. One that moved on has its own reason by now."""
        after = _after_look(alert, receiver, decision, at_ms)
        for _ in range(ATTEMPTS_MAX):
            if after == alert or await self._alerts.mark(after):
                return
            held = await self._alerts.get(alert.id)
            if held is None or held.generation != alert.generation:
                return
            told = held.told or after.told
            if held.revision != alert.revision:
                alert, after = held, replace(held, told=told)
            else:
                alert, after = held, _after_look(held, receiver, decision, at_ms)

    # --- messages ---

    async def _tell(self, group: Group, decision: Decision, around: _Around) -> bool:
        plan = await self._newest(group.plan, around)
        if plan is not None:
            slot = await self._slot(group, decision, around)
            if not await self._write(plan, group, decision, around.units, slot=slot):
                decision = replace(decision, reason=NOBODY)
            if decision.reason == REPEAT:
                # Only saves composing: the delivery's unique slot decides.
                self._repeated = {slot, *list(self._repeated)[:REPEATED_MAX]}
        return await self._finish(group, decision, await self._members(group), group.telling_at_ms)

    async def _slot(self, group: Group, decision: Decision, around: _Around) -> str:
        """The unique name of a notice. Many units with something open would mean as many messages a day: all that is
        open goes into one."""
        plan = await self._newest(group.plan, around)
        if decision.reason != REPEAT or plan is None:
            return group.slot
        day = local_day(group.telling_at_ms, plan.time_zone)
        return f"repeat {group.plan} {group.receiver} {group.kind == OPERATIONS} {day}"

    async def _newest(self, code: str, around: _Around) -> Plan | None:
        if code not in around.plans:
            newest = await self._plans.newest(code)
            around.plans[code] = newest and newest[0]
        return around.plans[code]

    async def _write(
        self, plan: Plan, group: Group, decision: Decision, units: Mapping[str, UnitState], *, slot: str
    ) -> bool:
        """One delivery per recipient, unless it is there already; False where there is nobody to tell."""
        alerts = await self._told(group, decision)
        news = _news(group, decision)
        recipients = _recipients(plan, group, units)
        if not recipients:
            log.warning("alert_notice_without_recipient", group=group.id, receiver=group.receiver)
        for recipient in recipients:
            letter = alert_letter(
                plan, recipient, alerts, units, now_ms=group.telling_at_ms, reason=decision.reason, news=news
            )
            delivery = created(
                kind="alert",
                subject=alerts[0].id,
                slot=slot,
                plan=group.plan,
                unit="" if decision.reason == REPEAT else group.unit,
                recipient=recipient,
                covers=tuple(alert.notice_key for alert in alerts),
                letter=self._writer.alert(letter),
                reason=decision.reason,
                now_ms=group.telling_at_ms,
            )
            if await self._deliveries.add(delivery, now_ms=group.telling_at_ms):
                self._notices.labels("alert", decision.reason).inc()
        return bool(recipients)

    async def _told(self, group: Group, decision: Decision) -> list[Alert]:
        """What the notice is about; a repeat is about everything that is still open for its receiver."""
        if decision.reason == REPEAT:
            at_ms = group.telling_at_ms
            still = [alert for alert in await self._alerts.open_of(group.plan) if group.receiver in alert.receivers]
            loud = [alert for alert in still if alert.told and not alert.member(at_ms).muted and _kind_of(alert, group)]
            if loud:
                return loud
        ids = dict.fromkeys(key.partition("#")[0] for key in (*decision.firing, *decision.resolved))
        found = [await self._alerts.get(id) for id in ids]
        return [alert for alert in found if alert is not None]


def _news(group: Group, decision: Decision) -> set[str]:
    """Ids of the alerts that the group's receiver is told of for the first time as they are; none in a repeat."""
    known = () if group.log is None else group.log.firing
    return {key.partition("#")[0] for key in decision.firing if key not in known}


def _kind_of(alert: Alert, group: Group) -> bool:
    """Operations and the standing body are told apart: each hears of its own alerts only."""
    return (alert.kind == OPERATIONS) == (group.kind == OPERATIONS)


def _after_look(alert: Alert, receiver: str, decision: Decision, at_ms: int) -> Alert:
    member = alert.member(at_ms)
    if not member.firing:
        flushed = tuple(sorted({*alert.flushed, receiver}))
        return replace(alert, flushed=flushed, in_group=0 if set(alert.receivers) <= set(flushed) else 1)
    if member.key in decision.firing and decision.tell:
        return replace(alert, told=alert.told or decision.reason != NOBODY, notice=decision.reason)
    if alert.notice in OWN_REASONS and not member.muted:
        return alert  # another receiver may not have been told of it yet
    if member.key in decision.firing:
        return replace(alert, notice=decision.reason)
    return replace(alert, notice=member.muted) if member.muted else alert


def _recipients(plan: Plan, group: Group, units: Mapping[str, UnitState]) -> tuple[Recipient, ...]:
    if group.receiver == AUDIENCE:
        return audience_of(plan, "operations" if group.kind == OPERATIONS else "standing_body", units)
    if plan.standing_body is None:
        return ()
    return resolve(group.roles, plan.standing_body, units, standing_body=plan.standing_body).recipients


def audience_of(plan: Plan, audience: str, units: Mapping[str, UnitState]) -> tuple[Recipient, ...]:
    """The people of a digest's audience: its roles at the standing body's unit, else above it. Each address once."""
    if plan.standing_body is None:
        return ()
    roles = [role for digest in plan.digests if digest.audience == audience for role in digest.to]
    return resolve(roles, plan.standing_body, units, standing_body=plan.standing_body).recipients
