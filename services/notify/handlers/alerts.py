"""What people do with alerts: read them, promise, resolve, and ask where to look first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta
from typing import Protocol

from services.notify.domain.alerts import Alert, Candidate, acknowledged, inspection_list, resolved_by_person
from services.notify.domain.instants import at_local, local_day
from services.notify.handlers.ports import PlanBook, Recorder
from shared.errors import Permanent, Transient

ATTEMPTS_MAX = 5
PROMISE_DAYS_MAX = 366
AT_ONCE_MAX = 500
"""Alerts that one request acknowledges at most."""


class AlertsHeld(Protocol):
    async def get(self, alert: str) -> Alert | None: ...
    async def save(self, alert: Alert, *, now_ms: int) -> bool: ...
    async def open_of(self, plan: str) -> list[Alert]: ...
    def ongoing(self, *, plan: str, unit: str | None = None) -> AsyncIterator[Alert]: ...


class AlertClosed(Permanent):
    """The alert is resolved already."""


class AlertMoved(Permanent):
    """Somebody, or its source, changed it since the revision that was named; `revision` stands now."""

    def __init__(self, id: str, revision: int) -> None:
        self.revision = revision
        super().__init__(f"{id} is at revision {revision}")


class PromiseInThePast(Permanent):
    """The promised day is over."""


class PromiseTooFar(Permanent):
    """The promised day is more than PROMISE_DAYS_MAX days away."""


class AlertDesk:
    """Changes of alerts by people, each in the audit log of the alert's plan.

    `named`: the revision that the change is meant for; AlertMoved for another.
    """

    def __init__(self, alerts: AlertsHeld, plans: PlanBook, audit: Recorder) -> None:
        self._alerts = alerts
        self._plans = plans
        self._audit = audit

    async def get(self, id: str) -> Alert | None:
        return await self._alerts.get(id)

    async def acknowledge(
        self, id: str, *, owner: str, promise: date, now_ms: int, named: int | None = None, by: str = ""
    ) -> Alert | None:
        """An owner promises a day (plan's zone). None: no such alert.

        AlertClosed, AlertMoved, PromiseInThePast, PromiseTooFar, Transient.
        """
        held = await self._alerts.get(id)
        until_ms = await self._until(held.plan, promise, now_ms) if held else 0
        change = _promised(owner, promise, until_ms, now_ms, by)
        return await self._change(id, change, now_ms, named)

    async def acknowledge_all(
        self, plan: str, unit: str, *, rule: str | None, owner: str, promise: date, now_ms: int, by: str = ""
    ) -> list[Alert]:
        """The same promise for every open alert of a unit, or those of one rule; at most AT_ONCE_MAX. What was done."""
        until_ms = await self._until(plan, promise, now_ms)
        change = _promised(owner, promise, until_ms, now_ms, by)
        done: list[Alert] = []
        async for alert in self._alerts.ongoing(plan=plan, unit=unit):
            if alert.phase != "OPEN" or (rule and alert.rule != rule):
                continue
            try:
                changed = await self._change(alert.id, change, now_ms, None)
            except AlertClosed:
                continue
            done += [changed] if changed else []
            if len(done) >= AT_ONCE_MAX:
                break
        return done

    async def resolve(
        self, id: str, *, reason: str, now_ms: int, named: int | None = None, by: str = ""
    ) -> Alert | None:
        """Resolved by hand, with the reason. None: no such alert. AlertClosed, AlertMoved, Transient."""
        return await self._change(
            id, lambda alert: resolved_by_person(alert, reason=reason, now_ms=now_ms, by=by), now_ms, named
        )

    async def inspection_list(self, plan: str) -> list[Candidate]:
        """Where to look first: risk points over the open alerts of a plan."""
        return inspection_list(await self._alerts.open_of(plan))

    async def _until(self, plan: str, promise: date, now_ms: int) -> int:
        """The first instant at which the promised day is over."""
        newest = await self._plans.newest(plan)
        zone = newest[0].time_zone if newest else "UTC"
        today = local_day(now_ms, zone)
        if promise < today:
            raise PromiseInThePast(f"{promise.isoformat()} is over; promise today or a later day")
        if (promise - today).days > PROMISE_DAYS_MAX:
            raise PromiseTooFar(f"{promise.isoformat()} is more than {PROMISE_DAYS_MAX} days away")
        return at_local(promise + timedelta(days=1), "00:00", zone)

    async def _change(self, id: str, change: Callable[[Alert], Alert], now_ms: int, named: int | None) -> Alert | None:
        for _ in range(ATTEMPTS_MAX):
            alert = await self._alerts.get(id)
            if alert is None:
                return None
            if named is not None and alert.revision != named:
                raise AlertMoved(id, alert.revision)
            if not alert.is_ongoing:
                raise AlertClosed(f"{id} is resolved: {alert.reason}")
            changed = change(alert)
            if await self._alerts.save(changed, now_ms=now_ms):
                await self._note(changed)
                return changed
        raise Transient(f"{id} moved on {ATTEMPTS_MAX} times while it was changed")

    async def _note(self, alert: Alert) -> None:
        """The line of the last change, by the one whom its history names."""
        line = alert.history[-1]
        more = {"promise": alert.promise, "owner": alert.owner, "reason": alert.reason}
        await self._audit.record(
            alert.plan,
            f"alert.{alert.phase.lower()}",
            alert.id,
            by=line["by"],
            at_ms=alert.changed_at_ms,
            revision=alert.revision,
            **{name: value for name, value in more.items() if value},
        )


def _promised(owner: str, promise: date, until_ms: int, now_ms: int, by: str) -> Callable[[Alert], Alert]:
    day = promise.isoformat()
    return lambda alert: acknowledged(alert, owner=owner, promise=day, until_ms=until_ms, now_ms=now_ms, by=by)
