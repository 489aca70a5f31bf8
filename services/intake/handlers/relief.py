"""Waive, extend, open again, reinstate: load -> decide -> save, and the end of what was granted for a time.

Every decision is one write of the entry with its event. A crash after it costs the audit line (see `audit`), and after
a reinstatement the look at the calendar, which the next pass of `materialise` takes in any case.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Literal, Protocol

from services.intake.domain.entry import Entry
from services.intake.domain.relief import Grant, excepted, expired, extended, reinstated, waived
from shared.audit.log import Audit
from shared.clock import Clock
from shared.errors import Transient
from shared.plan.deadlines import end_of_day_ms
from shared.refusal import Refusal, not_found

ATTEMPTS_MAX = 8
ENDED_AT_ONCE = 200


class LedgerStore(Protocol):
    async def get(self, id: str) -> Entry | None: ...
    async def replace(self, held: Entry, fresh: Entry, *, now_ms: int) -> bool: ...
    async def with_ended_relief(self, now_ms: int, *, limit: int) -> list[Entry]: ...


class Recalculating(Protocol):
    async def look_again(self, plan: str, unit: str) -> None: ...


class GrantRelief:
    """Takes the decisions of the standing body's people about what is owed."""

    def __init__(self, *, ledger: LedgerStore, materialise: Recalculating, audit: Audit, clock: Clock) -> None:
        self._ledger = ledger
        self._materialise = materialise
        self._audit = audit
        self._clock = clock

    async def waive(self, id: str, *, by: str, reason: str, outcome: Literal["WAIVED", "NOT_APPLICABLE"]) -> Entry:
        """No longer owed."""
        what = "obligation.waived" if outcome == "WAIVED" else "obligation.not_applicable"
        return await self._decide(id, what, lambda entry, grant: waived(entry, grant, outcome=outcome), by, reason)

    async def extend(
        self, id: str, *, by: str, reason: str, due_at_ms: int | None, due_day: date | None, expires_at_ms: int | None
    ) -> Entry:
        """Due at an instant, or at the end of a day in the unit's zone."""

        def decision(entry: Entry, grant: Grant) -> Entry:
            due_ms = end_of_day_ms(due_day, entry.obligation.time_zone) if due_day else due_at_ms
            return extended(entry, grant, due_at_ms=due_ms or 0, expires_at_ms=expires_at_ms)

        return await self._decide(id, "obligation.extended", decision, by, reason)

    async def exception(self, id: str, *, by: str, reason: str, expires_at_ms: int) -> Entry:
        """Open in spite of the lock for a time."""

        def decision(entry: Entry, grant: Grant) -> Entry:
            return excepted(entry, grant, expires_at_ms=expires_at_ms)

        return await self._decide(id, "obligation.exception", decision, by, reason)

    async def reinstate(self, id: str, *, by: str, reason: str) -> Entry:
        """Owed again as planned. Plan or unit may have changed meanwhile, so the calendar is looked at again."""
        done = await self._decide(id, "obligation.reinstated", reinstated, by, reason)
        await self._materialise.look_again(done.obligation.plan, done.obligation.unit)
        return done

    async def due(self, now_ms: int) -> int:
        """End the reliefs whose time is over (end < now); how many entries changed. All of them, page by page."""
        done = 0
        while entries := await self._ledger.with_ended_relief(now_ms, limit=ENDED_AT_ONCE):
            moved = 0
            for entry in entries:
                fresh = expired(entry, now_ms)
                # An entry that has moved on is found again, with what it holds then.
                if fresh is not None and await self._ledger.replace(entry, fresh, now_ms=now_ms):
                    moved += 1
            done += moved
            if not moved:
                break
        return done

    async def _decide(
        self, id: str, what: str, decision: Callable[[Entry, Grant], Entry], by: str, reason: str
    ) -> Entry:
        for _ in range(ATTEMPTS_MAX):
            now_ms = self._clock.now_ms()
            entry = await self._ledger.get(id) if id.startswith("obligation-") else None
            if entry is None:
                raise not_found(f"nghĩa vụ báo cáo {id}", f"obligation {id}")
            fresh = decision(entry, Grant(by, reason, now_ms))
            if await self._ledger.replace(entry, fresh, now_ms=now_ms):
                plan, revision = fresh.obligation.plan, fresh.obligation.revision
                await self._audit.record(plan, what, id, by=by, at_ms=now_ms, revision=revision)
                return fresh
        raise Transient(f"{id}: others change this obligation; try again")


def check_approver(kind: str, bound_to: str | None, unit: str) -> None:
    """Only a person decides about what is owed, and nobody about what their own unit owes."""
    if kind != "person" or bound_to == unit:
        raise Refusal(
            "forbidden",
            "Chỉ cán bộ ngoài đơn vị này được quyết định.",
            "A person decides this, and not one of the unit that owes it.",
        )
