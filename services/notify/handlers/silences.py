"""What people mute, and for how long: silences of alerts, outages of units; and what follows when one begins or ends.

A window begins and ends at its own instant, whether or not anything is under it; each change of it is announced.
Crash: alerts that are concerned are marked first, then the window is put off to its next change; marking again is
harmless. Whoever comes second finds the window moved on and leaves it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeVar

from services.notify.domain.alerts import Alert
from services.notify.domain.inhibition import INHIBITABLE
from services.notify.domain.instants import DAY_MS
from services.notify.domain.silences import (
    OUTAGE_MAX_MS,
    SILENCE_MAX_MS,
    Outage,
    Silence,
    ended,
    looked_at,
    window_id,
)
from services.notify.handlers.ports import AlertMarks, PlanBook, Recorder, WindowBook
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
    """Declares, lists and ends silences and outages; marks the alerts that they concern when they begin or end.

    What people do is in the audit log of the plan.
    """

    def __init__(
        self,
        *,
        silences: WindowBook[Silence],
        outages: WindowBook[Outage],
        alerts: AlertMarks,
        plans: PlanBook,
        audit: Recorder,
    ) -> None:
        self._silences = silences
        self._outages = outages
        self._alerts = alerts
        self._plans = plans
        self._audit = audit

    async def about(self, plan: str, alert: str, unit: str) -> tuple[str, str]:
        """The unit and the plan of a window: those of its alert, where it names one. WindowRefused without that."""
        if not alert:
            return unit, plan
        held = await self._alerts.get(alert)
        if held is None or (plan and held.plan != plan):
            raise WindowRefused("unknown_alert")
        return held.unit, held.plan

    async def window(self, id: str) -> Silence | Outage | None:
        """The silence or outage of this id."""
        return await self._silences.get(id) or await self._outages.get(id)

    async def silence(
        self, plan: str, span: Span, *, alert: str = "", unit: str = "", rule: str = "", form: str = "", now_ms: int
    ) -> Silence:
        """Mute the alerts that fit everything given. The same request twice is one silence. WindowRefused."""
        _, plan = await self.about(plan, alert, unit)
        await self._check(plan, span, SILENCE_MAX_MS, now_ms)
        id = window_id("silence", plan, alert, unit, rule, form, span.by, span.starts_at_ms, span.ends_at_ms)
        made = Silence(id=id, plan=plan, unit=unit, alert=alert, rule=rule, form=form, **_declared(span, now_ms))
        return await self._once("silence", self._silences, made)

    async def outage(self, plan: str, span: Span, *, unit: str = "", now_ms: int) -> Outage:
        """A time in which a unit (empty: everybody under the plan) could not report. WindowRefused."""
        await self._check(plan, span, OUTAGE_MAX_MS, now_ms)
        id = window_id("outage", plan, unit, span.by, span.starts_at_ms, span.ends_at_ms)
        return await self._once("outage", self._outages, Outage(id=id, plan=plan, unit=unit, **_declared(span, now_ms)))

    async def end_silence(self, id: str, *, by: str, reason: str, named: int | None, now_ms: int) -> Silence | None:
        """End it now. None: no such silence. WindowOver, WindowMoved, Transient."""
        return await self._end("silence", self._silences, id, by=by, reason=reason, named=named, now_ms=now_ms)

    async def end_outage(self, id: str, *, by: str, reason: str, named: int | None, now_ms: int) -> Outage | None:
        """End it now. None: no such outage. WindowOver, WindowMoved, Transient."""
        return await self._end("outage", self._outages, id, by=by, reason=reason, named=named, now_ms=now_ms)

    async def _once(self, noun: str, book: WindowBook[W], made: W) -> W:
        """Insert, or what the same request made before."""
        if await book.save(made, now_ms=made.created_at_ms):
            await self._note(f"{noun}.declared", made)
        return await book.get(made.id) or made

    async def _end(
        self, noun: str, book: WindowBook[W], id: str, *, by: str, reason: str, named: int | None, now_ms: int
    ) -> W | None:
        for _ in range(ATTEMPTS_MAX):
            held = _still(await book.get(id), named, now_ms)
            if held is None:
                return None
            over = ended(held, by=by, reason=reason, now_ms=now_ms)
            if await book.save(over, now_ms=now_ms):
                await self._note(f"{noun}.ended", over)
                return await book.get(id)
        raise Transient(f"{id} moved on {ATTEMPTS_MAX} times while it was ended")

    async def _note(self, what: str, window: Silence | Outage) -> None:
        await self._audit.record(
            window.plan,
            what,
            window.id,
            by=window.changed_by,
            at_ms=window.changed_at_ms,
            revision=window.revision,
            reason=window.ended_reason or window.reason,
        )

    async def silences(self, plan: str, *, limit: int, cursor: str | None) -> tuple[list[Silence], str | None]:
        return await self._silences.page(plan, limit=limit, cursor=cursor)

    async def outages(self, plan: str, *, limit: int, cursor: str | None) -> tuple[list[Outage], str | None]:
        return await self._outages.page(plan, limit=limit, cursor=cursor)

    async def active_silences(self, plan: str, now_ms: int) -> list[Silence]:
        """Those that mute now, for digests."""
        return [held for held in await self._silences.not_over(plan, now_ms) if held.is_active(now_ms)]

    async def run(self, now_ms: int) -> int:
        """Windows whose instant has come: mark the alerts that they concern, so that these are looked at now."""
        done = await _all_due(self._silences, now_ms, lambda held: self._look(self._silences, held, now_ms))
        return done + await _all_due(self._outages, now_ms, lambda held: self._look(self._outages, held, now_ms))

    async def _look(self, book: WindowBook[W], window: W, now_ms: int) -> None:
        concerned = [alert async for alert in self._concerned(window)]
        after = looked_at(window, now_ms, matched=bool(concerned))
        if after.looked != window.looked:
            for alert in concerned:
                await review_at(self._alerts, alert, now_ms)
        if after.revision != window.revision:
            await book.save(after, now_ms=now_ms)
        else:
            await book.mark(after)

    async def _concerned(self, window: Silence | Outage) -> AsyncIterator[Alert]:
        """What is ongoing and under the window, and what still stands under it although it fits no more."""
        if isinstance(window, Silence) and window.alert:
            alert = await self._alerts.get(window.alert)
            if alert is not None and alert.is_ongoing:
                yield alert
            return
        async for alert in self._alerts.ongoing(plan=window.plan, unit=window.unit or None):
            if isinstance(window, Outage):
                is_under = alert.signal in INHIBITABLE
            else:
                is_under = window.fits(alert) or alert.silence == window.id
            if is_under:
                yield alert

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


def _declared(span: Span, now_ms: int) -> dict[str, Any]:
    """What every new window holds; it is due at once for what follows from its declaration."""
    has_begun = span.starts_at_ms <= now_ms
    return {
        **asdict(span),
        "next_at_ms": now_ms if has_begun else span.starts_at_ms,
        "created_at_ms": now_ms,
        "changed_at_ms": now_ms,
        "changed_by": span.by,
        "phase": "active" if has_begun else "pending",
    }


async def _all_due(book: WindowBook[W], now_ms: int, look: Callable[[W], Awaitable[None]]) -> int:
    done = 0
    while due := await book.due(now_ms):
        for window in due:
            await look(window)
        done += len(due)
    return done


def _still(held: W | None, named: int | None, now_ms: int) -> W | None:
    if held is None:
        return None
    if named is not None and held.revision != named:
        raise WindowMoved(f"{held.id} is at version {held.revision}")
    if held.standing(now_ms) == "expired":
        raise WindowOver(f"{held.id} has ended")
    return held
