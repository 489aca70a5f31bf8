"""What people mute, and for how long: silences of alerts, outages of units; and what follows when one begins or ends.

Crash: alerts that are concerned are marked first, then the window is put off to its next change; marking again is
harmless.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from services.notify.domain.alerts import Alert
from services.notify.domain.inhibition import INHIBITABLE
from services.notify.domain.instants import DAY_MS
from services.notify.domain.silences import (
    OUTAGE_MAX_MS,
    SILENCE_MAX_MS,
    Outage,
    Silence,
    ended,
    next_change,
    window_id,
)
from services.notify.handlers.ports import AlertMarks, PlanBook, WindowBook
from services.notify.handlers.review import review_at
from shared.errors import Permanent, Transient

HELD_MAX = 1000
W = TypeVar("W", Silence, Outage)
ATTEMPTS_MAX = 5
Fault = Literal["unknown_plan", "unknown_alert", "ends_too_early", "too_long", "begins_too_late", "too_many"]
BEGINS_WITHIN_MS = 366 * DAY_MS


class WindowRefused(Permanent):
    """A window cannot be declared so; `fault` names why."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault)


class WindowOver(Permanent):
    """The window has ended already."""


class WindowMoved(Permanent):
    """Somebody changed it since the version that was named."""


@dataclass(frozen=True, slots=True)
class Span:
    """What every window is declared with. Instants are epoch ms; `by` is who declares it."""

    owner: str
    reason: str
    by: str
    starts_at_ms: int
    ends_at_ms: int


class SilenceDesk:
    """Declares, lists and ends silences and outages; marks the alerts that they concern when they begin or end."""

    def __init__(
        self,
        *,
        silences: WindowBook[Silence],
        outages: WindowBook[Outage],
        alerts: AlertMarks,
        plans: PlanBook,
    ) -> None:
        self._silences = silences
        self._outages = outages
        self._alerts = alerts
        self._plans = plans

    async def silence(
        self, plan: str, span: Span, *, alert: str = "", unit: str = "", rule: str = "", form: str = "", now_ms: int
    ) -> Silence:
        """Mute the alerts that fit everything given. The same request twice is one silence. WindowRefused."""
        if alert:
            held = await self._alerts.get(alert)
            if held is None or (plan and held.plan != plan):
                raise WindowRefused("unknown_alert")
            plan = held.plan
        await self._check(plan, span, SILENCE_MAX_MS, now_ms)
        id = window_id("silence", plan, alert, unit, rule, form, span.by, span.starts_at_ms, span.ends_at_ms)
        made = Silence(
            id=id,
            plan=plan,
            owner=span.owner,
            reason=span.reason,
            by=span.by,
            starts_at_ms=span.starts_at_ms,
            ends_at_ms=span.ends_at_ms,
            next_at_ms=span.starts_at_ms,
            created_at_ms=now_ms,
            unit=unit,
            alert=alert,
            rule=rule,
            form=form,
        )
        return await _once(self._silences, made)

    async def outage(self, plan: str, span: Span, *, unit: str = "", now_ms: int) -> Outage:
        """A time in which a unit (empty: everybody under the plan) could not report. WindowRefused."""
        await self._check(plan, span, OUTAGE_MAX_MS, now_ms)
        made = Outage(
            id=window_id("outage", plan, unit, span.by, span.starts_at_ms, span.ends_at_ms),
            plan=plan,
            owner=span.owner,
            reason=span.reason,
            by=span.by,
            starts_at_ms=span.starts_at_ms,
            ends_at_ms=span.ends_at_ms,
            next_at_ms=span.starts_at_ms,
            created_at_ms=now_ms,
            unit=unit,
        )
        return await _once(self._outages, made)

    async def end_silence(self, id: str, *, by: str, reason: str, named: int | None, now_ms: int) -> Silence | None:
        """End it now. None: no such silence. WindowOver, WindowMoved, Transient."""
        for _ in range(ATTEMPTS_MAX):
            held = _still(await self._silences.get(id), named, now_ms)
            if held is None:
                return None
            if await self._silences.save(ended(held, by=by, reason=reason, now_ms=now_ms)):
                return await self._silences.get(id)
        raise Transient(f"{id} moved on {ATTEMPTS_MAX} times while it was ended")

    async def end_outage(self, id: str, *, by: str, reason: str, named: int | None, now_ms: int) -> Outage | None:
        """End it now. None: no such outage. WindowOver, WindowMoved, Transient."""
        for _ in range(ATTEMPTS_MAX):
            held = _still(await self._outages.get(id), named, now_ms)
            if held is None:
                return None
            if await self._outages.save(ended(held, by=by, reason=reason, now_ms=now_ms)):
                return await self._outages.get(id)
        raise Transient(f"{id} moved on {ATTEMPTS_MAX} times while it was ended")

    async def silences(self, plan: str, *, limit: int, cursor: str | None) -> tuple[list[Silence], str | None]:
        return await self._silences.page(plan, limit=limit, cursor=cursor)

    async def outages(self, plan: str, *, limit: int, cursor: str | None) -> tuple[list[Outage], str | None]:
        return await self._outages.page(plan, limit=limit, cursor=cursor)

    async def active_silences(self, plan: str, now_ms: int) -> list[Silence]:
        """Those that mute now, for digests."""
        return [held for held in await self._silences.not_over(plan, now_ms) if held.is_active(now_ms)]

    async def run(self, now_ms: int) -> int:
        """Windows that begin or end: mark the alerts that they concern, so that these are looked at now."""
        done = 0
        while silences := await self._silences.due(now_ms):
            for silence in silences:
                await self._mark([alert async for alert in self._concerned(silence)], now_ms)
                await self._silences.save(replace(silence, next_at_ms=next_change(silence, now_ms)))
            done += len(silences)
        while outages := await self._outages.due(now_ms):
            for outage in outages:
                found = self._alerts.ongoing(plan=outage.plan, unit=outage.unit or None)
                await self._mark([alert async for alert in found if alert.signal in INHIBITABLE], now_ms)
                await self._outages.save(replace(outage, next_at_ms=next_change(outage, now_ms)))
            done += len(outages)
        return done

    async def _concerned(self, silence: Silence) -> AsyncIterator[Alert]:
        if silence.alert:
            alert = await self._alerts.get(silence.alert)
            if alert is not None and alert.is_ongoing:
                yield alert
            return
        async for alert in self._alerts.ongoing(plan=silence.plan, unit=silence.unit or None):
            if silence.fits(alert):
                yield alert

    async def _mark(self, alerts: list[Alert], now_ms: int) -> None:
        for alert in alerts:
            await review_at(self._alerts, alert, now_ms)

    async def _check(self, plan: str, span: Span, longest_ms: int, now_ms: int) -> None:
        if await self._plans.newest(plan) is None:
            raise WindowRefused("unknown_plan")
        if span.ends_at_ms <= max(span.starts_at_ms, now_ms):
            raise WindowRefused("ends_too_early")
        if span.ends_at_ms - span.starts_at_ms > longest_ms:
            raise WindowRefused("too_long")
        if span.starts_at_ms > now_ms + BEGINS_WITHIN_MS:
            raise WindowRefused("begins_too_late")
        held = len(await self._silences.not_over(plan, now_ms)) + len(await self._outages.not_over(plan, now_ms))
        if held >= HELD_MAX:
            raise WindowRefused("too_many")


async def _once(book: WindowBook[W], made: W) -> W:
    """Insert, or what the same request made before."""
    await book.save(made)
    return await book.get(made.id) or made


def _still(held: W | None, named: int | None, now_ms: int) -> W | None:
    if held is None:
        return None
    if named is not None and held.version != named:
        raise WindowMoved(f"{held.id} is at version {held.version}")
    if held.standing(now_ms) == "expired":
        raise WindowOver(f"{held.id} has ended")
    return held
