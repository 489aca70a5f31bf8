"""Change the tree: a set of steps that is done as a whole.

The set is recorded, then applied unit by unit, then the obligations follow, then it is marked applied. A crash at any
point leaves a recorded set that is not marked; the schedule (of any instance) goes on with it, unit by unit: one that
had the change already is left alone. Until then readers may see some units changed and others not, and the set says
`applying`. Before the record nothing has happened. One instance at a time changes the tree, by a claim with a lease.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from services.intake.domain.audit import REGISTRY
from services.intake.domain.materialise import Changes
from services.intake.domain.unit_changes import Decided, Recorded, change_id, decide
from services.intake.domain.unit_steps import AnyStep
from services.intake.domain.units import Registered
from services.intake.handlers.materialise import Materialise
from services.intake.handlers.units import DEFAULT_ZONE
from shared.audit.log import Audit
from shared.clock import Clock
from shared.errors import Transient
from shared.events.unit import UnitState
from shared.plan.deadlines import local_day
from shared.refusal import Refusal, not_found

ATTEMPTS_MAX = 8


class UnitStore(Protocol):
    async def get(self, unit: str) -> Registered | None: ...
    async def all(self) -> list[UnitState]: ...
    async def save(
        self, state: UnitState, held: Registered | None, *, now_ms: int, change: str | None = None
    ) -> bool: ...


class ChangeStore(Protocol):
    async def claim(self) -> Any: ...
    async def release(self, claim: Any) -> None: ...
    async def record(self, change: Recorded) -> bool: ...
    async def finish(self, change: Recorded) -> None: ...
    async def get(self, id: str) -> Recorded | None: ...
    async def unfinished(self) -> list[Recorded]: ...
    async def page(self, *, limit: int, cursor: str | None) -> tuple[list[Recorded], str | None]: ...


@dataclass(frozen=True, slots=True)
class Consequence:
    """What becomes of the obligations of one unit under one plan."""

    plan: str
    unit: str
    changes: Changes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a set did, or would do in a dry run. `unchanged`: everything is as the steps want it already."""

    result: Literal["applied", "unchanged", "dry_run"]
    decided: Decided
    consequences: Sequence[Consequence] = field(default_factory=tuple)
    recorded: Recorded | None = None


class ChangeUnits:
    """Changes the tree of units."""

    def __init__(
        self, *, units: UnitStore, changes: ChangeStore, materialise: Materialise, audit: Audit, clock: Clock
    ) -> None:
        self._units = units
        self._changes = changes
        self._materialise = materialise
        self._audit = audit
        self._clock = clock

    async def change(self, steps: Sequence[AnyStep], *, by: str, reason: str, dry_run: bool) -> Outcome:
        """Do the steps, all or none. Refused with the place of every fault, or while another set is being applied."""
        now_ms = self._clock.now_ms()
        if dry_run:
            decided = await self._decide(steps, now_ms)
            return Outcome("dry_run", decided, await self._consequences(decided, now_ms))
        claim = await self._changes.claim()
        if claim is None:
            raise Refusal(
                "state",
                "Một bộ thay đổi khác đang được ghi; hãy gửi lại sau ít giây.",
                "Another set of changes is being applied; send this one again in a few seconds.",
            )
        try:
            await self._finish_others(now_ms)
            decided = await self._decide(steps, now_ms)
            if not decided.effects:
                return Outcome("unchanged", decided)
            consequences = await self._consequences(decided, now_ms)
            recorded = self._recorded(decided, by, reason, now_ms)
            if not await self._changes.record(recorded):
                raise Transient(f"{recorded.id} is recorded already; try again")
            await self._apply(recorded, now_ms)
        finally:
            await self._changes.release(claim)
        return Outcome("applied", decided, consequences, recorded)

    async def due(self, now_ms: int) -> int:
        """Go on with what a crash left; how many sets were finished. Nothing while another instance is at it."""
        if not await self._changes.unfinished():
            return 0
        claim = await self._changes.claim()
        if claim is None:
            return 0
        try:
            return await self._finish_others(now_ms)
        finally:
            await self._changes.release(claim)

    async def get(self, id: str) -> Recorded:
        """The set, refused as not found when there is none."""
        found = await self._changes.get(id) if id.startswith("unit-change-") else None
        if found is None:
            raise not_found(f"bộ thay đổi {id}", f"set of unit changes {id}")
        return found

    async def page(self, *, limit: int, cursor: str | None) -> tuple[list[Recorded], str | None]:
        """Some sets, the newest first, and the cursor of what follows."""
        return await self._changes.page(limit=limit, cursor=cursor)

    async def _decide(self, steps: Sequence[AnyStep], now_ms: int) -> Decided:
        units = {state.unit: state for state in await self._units.all()}
        return decide(steps, units, today=local_day(now_ms, DEFAULT_ZONE))

    def _recorded(self, decided: Decided, by: str, reason: str, now_ms: int) -> Recorded:
        id = change_id(decided.effects, reason=reason, recorded_ms=now_ms)
        today = local_day(now_ms, DEFAULT_ZONE)
        return Recorded(id, "applying", now_ms, by, reason, today, decided.effects)

    async def _consequences(self, decided: Decided, now_ms: int) -> list[Consequence]:
        return [
            Consequence(plan, unit, changes)
            for unit, state in decided.after.items()
            for plan, changes in await self._materialise.preview(state, now_ms)
            if changes.insert or changes.replace
        ]

    async def _finish_others(self, now_ms: int) -> int:
        left = await self._changes.unfinished()
        for recorded in left:
            await self._apply(recorded, now_ms)
        return len(left)

    async def _apply(self, recorded: Recorded, now_ms: int) -> None:
        for unit in recorded.units:
            await self._apply_to(unit, recorded, now_ms)
        await self._materialise.for_units(recorded.units, now_ms)
        await self._changes.finish(recorded)
        for unit in recorded.units:
            await self._audit.record(REGISTRY, "unit.changed", unit, by=recorded.by, at_ms=now_ms, change=recorded.id)
        await self._audit.record(
            REGISTRY, "units.changed", recorded.id, by=recorded.by, at_ms=now_ms, units=len(recorded.units)
        )

    async def _apply_to(self, unit: str, recorded: Recorded, now_ms: int) -> None:
        for _ in range(ATTEMPTS_MAX):
            held = await self._units.get(unit)
            if held is not None and recorded.id in held.changes:
                return
            state = recorded.on(unit, held.state if held else None)
            if await self._units.save(state, held, now_ms=now_ms, change=recorded.id):
                return
        raise Transient(f"unit {unit} is being changed by others; the schedule goes on with {recorded.id}")
