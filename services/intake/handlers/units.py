"""Register units, and change what is registered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from services.intake.domain.audit import REGISTRY
from services.intake.domain.tree import Below, is_valid
from services.intake.domain.tree import as_of as shown_as_of
from services.intake.domain.units import Registered, state_of
from services.intake.handlers.materialise import Materialise
from shared.audit.log import Audit
from shared.clock import Clock
from shared.errors import Transient
from shared.events.unit import UnitState
from shared.plan.deadlines import local_day
from shared.plan.units import UnitInput
from shared.refusal import Refusal, not_found

ATTEMPTS_MAX = 8
DEFAULT_ZONE = "Asia/Ho_Chi_Minh"


class UnitStore(Protocol):
    async def get(self, unit: str) -> Registered | None: ...
    async def save(self, state: UnitState, held: Registered | None, *, now_ms: int) -> bool: ...
    async def page(self, *, limit: int, cursor: str | None) -> tuple[list[UnitState], str | None]: ...
    async def all(self) -> list[UnitState]: ...


@dataclass(frozen=True, slots=True)
class Registration:
    """What became of a unit."""

    result: Literal["created", "changed", "unchanged"]
    state: UnitState


class RegisterUnits:
    """Registers units and shows them."""

    def __init__(self, *, units: UnitStore, materialise: Materialise, audit: Audit, clock: Clock) -> None:
        self._units = units
        self._materialise = materialise
        self._audit = audit
        self._clock = clock

    async def register(
        self, given: UnitInput, *, unit: str, by: str, named_revision: int | None = None, dry_run: bool = False
    ) -> Registration:
        """Register or change the unit. Unchanged content writes nothing, but finishes what a crash left undone.

        Refused when `named_revision` no longer stands. `dry_run`: the same answer, and nothing is written.
        """
        if given.code != unit:
            raise Refusal(
                "not_valid",
                f"Địa chỉ nêu đơn vị {unit}, nội dung là {given.code}.",
                f"The address names unit {unit}, the content {given.code}.",
                pointer="/code",
            )
        now_ms = self._clock.now_ms()
        done = await self._save(given, now_ms, named_revision=named_revision, dry_run=dry_run)
        if dry_run:
            return done
        if done.result != "unchanged":
            what = f"unit.{done.result}"
            await self._audit.record(REGISTRY, what, unit, by=by, at_ms=now_ms, revision=done.state.revision)
        await self._materialise.for_unit(unit, now_ms)
        return done

    async def _save(self, given: UnitInput, now_ms: int, *, named_revision: int | None, dry_run: bool) -> Registration:
        for _ in range(ATTEMPTS_MAX):
            held = await self._units.get(given.code)
            before, today = held.state if held else None, local_day(now_ms, given.time_zone)
            state = state_of(given, revision=before.revision if before else 1, held=before, today=today)
            if state == before:
                return Registration("unchanged", state)
            if named_revision is not None and named_revision != (before.revision if before else 0):
                raise _moved(before)
            if before is not None:
                state = state.model_copy(update={"revision": before.revision + 1})
            if dry_run or await self._units.save(state, held, now_ms=now_ms):
                return Registration("changed" if held else "created", state)
        raise Transient(f"unit {given.code} is being changed by others; try again")

    async def get(self, unit: str) -> UnitState:
        """The unit, refused as not found when it is not registered."""
        found = await self._units.get(unit)
        if found is None:
            raise not_found(f"đơn vị {unit}", f"unit {unit}")
        return found.state

    async def page(self, *, limit: int, cursor: str | None) -> tuple[list[UnitState], str | None]:
        """Some units by code, and the cursor of what follows."""
        return await self._units.page(limit=limit, cursor=cursor)

    async def tree(
        self,
        *,
        as_of: date | None,
        parent: str | None,
        subtree: str | None,
        limit: int,
        cursor: str | None,
    ) -> tuple[list[UnitState], str | None]:
        """Units of a day by code, as they were on it; without a day, all units as they are, placed as today.

        The cursor is the last unit shown.
        """
        units = await self._units.all()
        day = as_of.isoformat() if as_of else local_day(self._clock.now_ms(), DEFAULT_ZONE).isoformat()
        below = Below(units, parent=parent, subtree=subtree)
        found = [
            state if as_of is None else shown_as_of(state, day)
            for state in sorted(units, key=lambda state: state.unit)
            if state.unit > (cursor or "") and below.has(state.unit, day) and (as_of is None or is_valid(state, day))
        ]
        return found[:limit], found[limit - 1].unit if len(found) > limit else None


def _moved(state: UnitState | None) -> Refusal:
    return Refusal(
        "version_moved",
        "Đơn vị đã thay đổi; hãy đọc lại trước khi sửa." if state else "Đơn vị chưa được đăng ký.",
        "The unit has moved on; read it before changing it." if state else "The unit is not registered yet.",
        members={"current_version": state.revision if state else 0},
    )
