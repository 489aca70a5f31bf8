"""Obligations are written ahead: right after a plan or unit changes, and by schedule as time goes on.

Everything is find-or-create, and the marker of a (plan, unit) is written after its obligations. So a crash in the
middle leaves a prefix and no marker, and the next pass completes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Protocol

import structlog

from services.intake.domain.entry import SYSTEM, Entry
from services.intake.domain.markers import Marker, inputs_of, settled_to_ms, versions_of
from services.intake.domain.materialise import (
    NEVER_MS,
    Changes,
    Slot,
    Wanted,
    horizon_day,
    reconcile,
    slots,
    wanted,
)
from services.intake.domain.units import Registered
from services.intake.domain.versions import PublishedPlan
from shared.audit.log import Audit
from shared.events.obligation import ObligationState
from shared.events.unit import UnitState

log = structlog.get_logger(__name__)

BATCH = 500
ONE_BY_ONE_MAX = 10
LOOK_AGAIN_MS = 60_000
"""How long a pass that found everything complete is believed: another instance may have crashed in the middle."""
CALENDARS_KEPT_MAX = 16


class PlanStore(Protocol):
    async def all(self) -> list[PublishedPlan]: ...
    async def versions(self, plan: str) -> list[PublishedPlan]: ...


class UnitStore(Protocol):
    async def get(self, unit: str) -> Registered | None: ...
    async def all(self) -> list[UnitState]: ...


class LedgerStore(Protocol):
    async def of_unit(self, plan: str, unit: str) -> dict[str, Entry]: ...
    async def insert_many(self, obligations: Sequence[ObligationState], *, now_ms: int) -> int: ...
    async def replace(self, held: Entry, fresh: Entry, *, now_ms: int) -> bool: ...


class SealStore(Protocol):
    async def years(self, plan: str) -> frozenset[int]: ...


class MarkerStore(Protocol):
    async def get(self, plan: str, unit: str) -> Marker | None: ...
    async def of_plan(self, plan: str) -> dict[str, Marker]: ...
    async def put(self, marker: Marker) -> bool: ...
    async def forget(self, plan: str, unit: str) -> None: ...


@dataclass(frozen=True, slots=True)
class _Under:
    """What all units of one plan share in a pass."""

    plan: str
    versions: list[PublishedPlan]
    fingerprint: str
    sealed_years: frozenset[int]


class Materialise:
    """Keeps the ledger complete up to the horizon."""

    def __init__(
        self,
        *,
        plans: PlanStore,
        units: UnitStore,
        ledger: LedgerStore,
        markers: MarkerStore,
        seals: SealStore,
        audit: Audit,
        horizon_days: int,
    ) -> None:
        self._plans = plans
        self._units = units
        self._ledger = ledger
        self._markers = markers
        self._seals = seals
        self._audit = audit
        self._horizon_days = horizon_days
        self._quiet_until_ms = 0
        self._one_at_a_time = asyncio.Lock()
        self._calendars: dict[tuple[str, str, date], tuple[Slot, ...]] = {}

    async def due(self, now_ms: int) -> int:
        """One scheduled pass over everything; how many entries were written. Cheap while nothing is due."""
        if now_ms < self._quiet_until_ms:
            return 0
        async with self._one_at_a_time:
            units = await self._units.all()
            written, next_ms = 0, now_ms + LOOK_AGAIN_MS
            for plan, versions in groupby(await self._plans.all(), key=lambda version: version.plan.code):
                markers = await self._markers.of_plan(plan)
                done = await self._bring(list(versions), units, markers, now_ms)
                written, next_ms = written + done[0], min(next_ms, done[1])
            self._quiet_until_ms = next_ms
        return written

    async def for_plan(self, plan: str, now_ms: int) -> int:
        """After a version was published: all units."""
        async with self._one_at_a_time:
            self._quiet_until_ms = 0
            units, markers = await self._units.all(), await self._markers.of_plan(plan)
            return (await self._bring(await self._plans.versions(plan), units, markers, now_ms))[0]

    async def for_unit(self, unit: str, now_ms: int) -> int:
        """After a unit was registered or changed: all plans."""
        async with self._one_at_a_time:
            self._quiet_until_ms = 0
            registered, written = await self._units.get(unit), 0
            if registered is None:
                return 0
            for plan, versions in groupby(await self._plans.all(), key=lambda version: version.plan.code):
                marker = await self._markers.get(plan, unit)
                markers = {unit: marker} if marker else {}
                written += (await self._bring(list(versions), [registered.state], markers, now_ms))[0]
            return written

    async def _bring(
        self, versions: list[PublishedPlan], units: Iterable[UnitState], markers: dict[str, Marker], now_ms: int
    ) -> tuple[int, int]:
        """Bring these units up to date under one plan: (entries written, when the next period comes in)."""
        plan, written, next_ms = versions[0].plan.code, 0, NEVER_MS
        under = await self._under(versions)
        batch: list[ObligationState] = []
        finished: list[Marker] = []
        for unit in units:
            inputs, marker = inputs_of(versions, unit, self._horizon_days), markers.get(unit.unit)
            if marker is not None and marker.stands(inputs, now_ms):
                next_ms = min(next_ms, marker.next_ms)
                continue
            owed, changes = await self._changes(under, unit, marker, now_ms)
            moved = [await self._ledger.replace(held, fresh, now_ms=now_ms) for held, fresh in changes.replace]
            written += sum(moved)
            batch += changes.insert
            next_ms = min(next_ms, owed.next_ms)
            if all(moved):
                rev = marker.rev if marker else 0
                finished.append(Marker(plan, unit.unit, inputs, owed.next_ms, rev, under.fingerprint))
            else:
                next_ms = 0  # an entry moved while it was looked at: no marker, so the next pass looks again
            if len(batch) >= BATCH:
                written += await self._flush(batch, finished, now_ms)
                batch, finished = [], []
        written += await self._flush(batch, finished, now_ms)
        if written:
            log.info("obligations.materialised", plan=plan, written=written)
            await self._audit.record(plan, "obligations.materialised", plan, by=SYSTEM, at_ms=now_ms, written=written)
        return written, next_ms

    async def for_units(self, units: Collection[str], now_ms: int) -> int:
        """After several units changed: one by one, or with everything else where they are many."""
        if len(units) > ONE_BY_ONE_MAX:
            self._quiet_until_ms = 0
            return await self.due(now_ms)
        return sum([await self.for_unit(unit, now_ms) for unit in units])

    async def preview(self, unit: UnitState, now_ms: int) -> list[tuple[str, Changes]]:
        """Plan -> what the ledger would do if the unit were like this; nothing is written."""
        found = []
        for plan, held in groupby(await self._plans.all(), key=lambda version: version.plan.code):
            under = await self._under(list(held))
            _, changes = await self._changes(under, unit, await self._markers.get(plan, unit.unit), now_ms)
            found.append((plan, changes))
        return found

    async def look_again(self, plan: str, unit: str) -> None:
        """The next pass looks at everything that this unit owes: an obligation became movable again."""
        await self._markers.forget(plan, unit)
        self._quiet_until_ms = 0

    async def _changes(
        self, under: _Under, unit: UnitState, marker: Marker | None, now_ms: int
    ) -> tuple[Wanted, Changes]:
        calendar = self._slots(under.versions, unit, now_ms)
        owed = wanted(calendar, unit, now_ms=now_ms, horizon_days=self._horizon_days)
        changes = reconcile(
            await self._ledger.of_unit(under.plan, unit.unit),
            owed.obligations,
            unit,
            now_ms,
            settled_to_ms=settled_to_ms(marker, under.fingerprint, self._horizon_days),
            sealed_years=under.sealed_years,
        )
        return owed, changes

    async def _under(self, versions: list[PublishedPlan]) -> _Under:
        plan = versions[0].plan.code
        return _Under(plan, versions, versions_of(versions), await self._seals.years(plan))

    async def _flush(self, batch: Sequence[ObligationState], finished: Sequence[Marker], now_ms: int) -> int:
        written = await self._ledger.insert_many(batch, now_ms=now_ms) if batch else 0
        for marker in finished:
            if not await self._markers.put(marker):
                # Another instance was here meanwhile, perhaps with another state of the unit: let the next pass look.
                await self._markers.forget(marker.plan, marker.unit)
        return written

    def _slots(self, versions: list[PublishedPlan], unit: UnitState, now_ms: int) -> tuple[Slot, ...]:
        """The calendar of the plan in the unit's zone: the same for all units there, so made once."""
        until = horizon_day(now_ms, self._horizon_days)
        key = (" ".join(version.sha256 for version in versions), unit.time_zone, until)
        if key not in self._calendars:
            if len(self._calendars) >= CALENDARS_KEPT_MAX:
                self._calendars.clear()
            self._calendars[key] = slots(versions, unit.time_zone, until)
        return self._calendars[key]
