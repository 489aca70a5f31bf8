"""Seal a plan's year, and unseal one obligation for a correction.

The seal is written first, as `sealing`: from then on nothing new is materialised in that year. Then the entries are
closed one by one, then the seal is `sealed`. A crash in between leaves a seal that the schedule goes on with; a
submission that was under way is either in before its entry was closed, or refused. Any number of calls come to one
sealed year. An edition of the evaluation seals once: its event may come again after an obligation was unsealed for
the next correction, and must not close that one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from services.intake.domain.entry import Entry
from services.intake.domain.sealing import Seal, sealed, unsealed
from shared.audit.log import Audit
from shared.clock import Clock
from shared.errors import Transient
from shared.refusal import Refusal, not_found

ATTEMPTS_MAX = 8


class LedgerStore(Protocol):
    async def get(self, id: str) -> Entry | None: ...
    def of_year(self, plan: str, year: int, form: str | None = None) -> AsyncIterator[Entry]: ...
    async def replace(self, held: Entry, fresh: Entry, *, now_ms: int) -> bool: ...


class SealStore(Protocol):
    async def get(self, plan: str, year: int) -> Seal | None: ...
    async def save(self, seal: Seal) -> bool: ...
    async def unfinished(self) -> list[Seal]: ...


@dataclass(frozen=True, slots=True)
class Sealing:
    """What became of a year: `closed` entries in this call, of which `reports` became SEALED."""

    result: Literal["sealed", "unchanged"]
    seal: Seal
    closed: int = 0
    reports: int = 0


class SealYears:
    """Seals years and takes the seal off single obligations."""

    def __init__(self, *, ledger: LedgerStore, seals: SealStore, audit: Audit, clock: Clock) -> None:
        self._ledger = ledger
        self._seals = seals
        self._audit = audit
        self._clock = clock

    async def seal(self, plan: str, year: int, *, by: str, edition: int = 0) -> Sealing:
        """Close every obligation of the year. Again closes what was unsealed since. Refused before the year is over.

        `edition`: the number of the edition on whose behalf; one that has sealed before changes nothing.
        """
        for _ in range(ATTEMPTS_MAX):
            now_ms = self._clock.now_ms()
            held = await self._seals.get(plan, year)
            if held is not None and held.state == "sealed" and 0 < edition <= held.edition:
                return Sealing("unchanged", held)
            has_open = await self._has_open(plan, year, now_ms)
            if held is not None and held.state == "sealed" and not has_open and not edition:
                return Sealing("unchanged", held)
            goes_on = held is not None and held.state == "sealing" and edition <= held.edition
            seal = (
                held if held is not None and goes_on else _next(held, plan, year, by=by, now_ms=now_ms, edition=edition)
            )
            if seal is not held and not await self._seals.save(seal):
                continue
            stored = await self._seals.get(plan, year)
            assert stored is not None, "a seal is never deleted"
            closed, reports = await self._close(stored, now_ms)
            await self._audit.record(plan, "year.sealed", f"{plan} {year}", by=by, at_ms=now_ms, closed=closed)
            return Sealing("sealed", replace(stored, state="sealed"), closed, reports)
        raise Transient(f"{plan} {year} is being sealed by others; try again")

    async def due(self, now_ms: int) -> int:
        """Go on with what a crash left; how many entries were closed."""
        return sum([(await self._close(seal, now_ms))[0] for seal in await self._seals.unfinished()])

    async def get(self, plan: str, year: int) -> Seal:
        """The seal, refused as not found while the year is not sealed."""
        found = await self._seals.get(plan, year)
        if found is None:
            raise not_found(f"niêm phong của {plan} năm {year}", f"seal of {plan} for {year}")
        return found

    async def unseal(self, id: str, *, by: str, reason: str) -> Entry:
        """Open one obligation for a correction; `seal` closes it again."""
        for _ in range(ATTEMPTS_MAX):
            now_ms = self._clock.now_ms()
            entry = await self._ledger.get(id) if id.startswith("obligation-") else None
            if entry is None:
                raise not_found(f"nghĩa vụ báo cáo {id}", f"obligation {id}")
            fresh = unsealed(entry, by=by, reason=reason, now_ms=now_ms)
            if await self._ledger.replace(entry, fresh, now_ms=now_ms):
                held = fresh.obligation
                await self._audit.record(
                    held.plan, "obligation.unsealed", id, by=by, at_ms=now_ms, revision=held.revision
                )
                return fresh
        raise Transient(f"{id}: others change this obligation; try again")

    async def _has_open(self, plan: str, year: int, now_ms: int) -> bool:
        """Whether an entry of the year is not closed. Refused when there is none, or its period is not over."""
        found = still_open = False
        async for entry in self._ledger.of_year(plan, year):
            found = True
            held = entry.obligation
            if held.period_end_ms > now_ms and held.outcome != "CANCELLED":
                raise Refusal(
                    "state",
                    f"Kỳ {held.period} của năm {year} chưa kết thúc.",
                    f"Period {held.period} of {year} is not over.",
                    members={"obligation_id": held.obligation},
                )
            still_open = still_open or held.sealed_at_ms is None
        if not found:
            raise not_found(f"nghĩa vụ báo cáo của {plan} năm {year}", f"obligation of {plan} for {year}")
        return still_open

    async def _close(self, seal: Seal, now_ms: int) -> tuple[int, int]:
        """Close every entry, then say so in the seal: (entries closed, reports that became SEALED)."""
        closed = reports = 0
        async for entry in self._ledger.of_year(seal.plan, seal.year):
            fresh = await self._close_one(entry, seal, now_ms)
            closed += fresh is not None
            reports += fresh is not None and fresh.report is not None and fresh.report.state.phase == "SEALED"
        await self._seals.save(replace(seal, state="sealed"))
        return closed, reports

    async def _close_one(self, entry: Entry, seal: Seal, now_ms: int) -> Entry | None:
        held: Entry | None = entry
        for _ in range(ATTEMPTS_MAX):
            fresh = sealed(held, seal) if held is not None else None
            if held is None or fresh is None or await self._ledger.replace(held, fresh, now_ms=now_ms):
                return fresh
            held = await self._ledger.get(entry.id)
        raise Transient(f"{entry.id}: others change this obligation; the schedule goes on with the seal")


def _next(held: Seal | None, plan: str, year: int, *, by: str, now_ms: int, edition: int) -> Seal:
    if held is None:
        return Seal(plan, year, "sealing", by, now_ms, edition=edition)
    newest = max(edition, held.edition)
    return replace(held, state="sealing", by=by, at_ms=now_ms, round=held.round + 1, edition=newest)
