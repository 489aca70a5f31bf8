"""What is to be recomputed: one mark per (plan, year), which is also the lease of whoever recomputes it.

`clean` -> `dirty` (an input changed) -> `computing` (leased) -> `clean`. An input that changes while it is computed
sets `again`, and the end of the computation makes it `dirty` instead of `clean`. A crash leaves `computing` with a
lease that runs out: then it counts as dirty, and computing again finishes what was half saved.

Leases run on real time, also where the platform's clock is virtual and stands still.
"""

from __future__ import annotations

from collections.abc import Callable

from services.scoring.domain.evaluations import Mark
from services.scoring.repository.collections import MARKS
from shared.clock import Clock
from shared.errors import Transient
from shared.store.documents import Between, Document, Documents, scan
from shared.telemetry.tracing import current_traceparent

ATTEMPTS_MAX = 20
NEVER_MS = 2**53
"""No instant ahead at which time alone changes the evaluation."""


class Marks:
    def __init__(self, store: Documents, *, owner: str, lease_ms: int, lease_clock: Clock) -> None:
        self._store = store
        self._owner = owner
        self._lease_ms = lease_ms
        self._clock = lease_clock

    async def mark(self, plan: str, year: int) -> None:
        """This evaluation must be recomputed from what the store holds now. Cheap where it is marked already."""
        id, now_ms = mark_id(plan, year), self._clock.now_ms()
        fresh = {
            "_id": id, "plan": plan, "year": year, "state": "dirty", "marked_ms": now_ms, "tick_ms": NEVER_MS,
            "owner": "", "lease_until_ms": 0, "again": False, "cause": current_traceparent() or "",
        }  # fmt: skip
        for _ in range(ATTEMPTS_MAX):
            held = await self._store.get(MARKS.name, id)
            if held is None:
                if await self._store.insert(MARKS.name, fresh):
                    return
            elif (
                held["state"] == "dirty"
                or held["again"]
                or await self._store.replace(MARKS.name, _marked(held, now_ms))
            ):
                return
        raise Transient(f"{id} is being marked by many at once")

    async def mark_plan(self, plan: str) -> None:
        """Every evaluation of the plan must be recomputed."""
        async for held in scan(self._store, MARKS.name, {"plan": plan}):
            await self.mark(plan, held["year"])

    async def mark_ticked(self, now_ms: int) -> int:
        """Mark every evaluation that time alone has changed by `now_ms`; how many."""
        ticked = [held async for held in scan(self._store, MARKS.name, between=Between("tick_ms", below=now_ms + 1))]
        for held in ticked:
            await self.mark(held["plan"], held["year"])
        return len(ticked)

    async def waiting(self) -> list[Mark]:
        """What nobody is recomputing, longest waiting first."""
        found = [_mark(held) async for held in scan(self._store, MARKS.name, {"state": "dirty"}, order_by="marked_ms")]
        now_ms = self._clock.now_ms()
        async for held in scan(self._store, MARKS.name, {"state": "computing"}, order_by="marked_ms"):
            if held["lease_until_ms"] <= now_ms:
                found.append(_mark(held))
        return found

    async def is_clean(self, plan: str, year: int) -> bool:
        """Whether the evaluation was recomputed, and nothing was marked since."""
        held = await self._store.get(MARKS.name, mark_id(plan, year))
        return held is not None and held["state"] == "clean"

    async def unfinished(self) -> int:
        """How many evaluations are marked or being recomputed."""
        dirty = await self._store.count(MARKS.name, {"state": "dirty"})
        return dirty + await self._store.count(MARKS.name, {"state": "computing"})

    async def claim(self, mark: Mark) -> bool:
        """Lease it, before its inputs are read. False when another was faster or nothing is to be done any more."""
        held = await self._store.get(MARKS.name, mark.id)
        now_ms = self._clock.now_ms()
        if (
            held is None
            or held["state"] == "clean"
            or (held["state"] == "computing" and held["lease_until_ms"] > now_ms)
        ):
            return False
        lease = {"state": "computing", "owner": self._owner, "lease_until_ms": now_ms + self._lease_ms, "again": False}
        return await self._store.replace(MARKS.name, {**held, **lease})

    async def renew(self, mark: Mark) -> bool:
        """Another lease from now on. False when another has taken it over: stop."""
        until_ms = self._clock.now_ms() + self._lease_ms
        return await self._settle(mark, lambda held: {**held, "lease_until_ms": until_ms})

    async def finish(self, mark: Mark, *, tick_ms: int | None) -> bool:
        """Everything is saved: clean, or dirty where an input changed meanwhile.

        `tick_ms` is when time alone changes it next. False when another has taken it over.
        """
        ended = {"owner": "", "lease_until_ms": 0, "again": False, "tick_ms": NEVER_MS if tick_ms is None else tick_ms}
        return await self._settle(mark, lambda held: {**held, **ended, "state": "dirty" if held["again"] else "clean"})

    async def release(self, mark: Mark) -> bool:
        """Give it back unfinished: dirty, for anybody."""
        ended = {"owner": "", "lease_until_ms": 0, "again": False, "state": "dirty"}
        return await self._settle(mark, lambda held: {**held, **ended})

    async def _settle(self, mark: Mark, change: Callable[[Document], Document]) -> bool:
        for _ in range(ATTEMPTS_MAX):
            held = await self._store.get(MARKS.name, mark.id)
            if held is None or held["state"] != "computing" or held["owner"] != self._owner:
                return False
            if await self._store.replace(MARKS.name, change(held)):
                return True
        raise Transient(f"{mark.id} is being marked by many at once")


def mark_id(plan: str, year: int) -> str:
    return f"mark-{plan}-{year}"


def _mark(held: Document) -> Mark:
    return Mark(held["_id"], held["plan"], held["year"], held.get("cause") or None)


def _marked(held: Document, now_ms: int) -> Document:
    cause = current_traceparent() or ""
    if held["state"] == "computing":
        return {**held, "again": True, "cause": cause}
    return {**held, "state": "dirty", "marked_ms": now_ms, "cause": cause}
