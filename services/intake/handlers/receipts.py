"""Accepted versions become links of their plan's hash chain, in batches and off the path of the request.

What this process accepted waits in memory for the next pass (a second at most). A crash loses that list and nothing
else: `mend` finds the accepted versions without a link by the instants in the documents, at its first pass after the
start. So the chain is complete one pass after anything that can happen. Linking twice is prevented by asking first, and
within a process by telling each other; two instances that mend at the same moment may link a version twice, which a
reader sees and nothing depends on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from services.intake.domain.receipts import Accepted, Place
from shared.audit.lines import Checked
from shared.refusal import not_found

BATCH = 200


class ReceiptStore(Protocol):
    async def append(self, plan: str, accepted: Sequence[Accepted]) -> None: ...
    async def complete(self, plan: str) -> None: ...
    async def versions_of(self, report: str) -> set[int]: ...
    async def places(self, sha256: str) -> list[Place]: ...
    async def head(self, plan: str) -> Place | None: ...
    async def check(self, plan: str, *, after_seq: int, limit: int) -> Checked: ...


class Receipts:
    """Links accepted versions, and answers where they stand."""

    def __init__(self, store: ReceiptStore) -> None:
        self._store = store
        self._waiting: list[Accepted] = []
        self._made_up: set[tuple[str, int]] = set()
        self._linking = asyncio.Lock()

    def noted(self, accepted: Accepted) -> None:
        """This version was accepted just now: link it at the next pass.

        Who mends may have found it between its write and this call: then it is linked already.
        """
        if _key(accepted) not in self._made_up:
            self._waiting.append(accepted)

    @property
    def waiting(self) -> int:
        """Accepted here and not linked yet."""
        return len(self._waiting)

    async def link_due(self, _now_ms: int) -> int:
        """Link what waits. What could not be linked waits on."""
        linked = 0
        while self._waiting:
            async with self._linking:
                if not self._waiting:
                    break
                plan = self._waiting[0].plan
                batch = [one for one in self._waiting[:BATCH] if one.plan == plan]
                await self._store.append(plan, batch)
                held = set(map(id, batch))
                self._waiting = [one for one in self._waiting if id(one) not in held]
                linked += len(batch)
        return linked

    async def link_missing(self, found: Sequence[Accepted]) -> int:
        """Link those of the versions that have no link and do not wait for one."""
        async with self._linking:
            for plan in dict.fromkeys(one.plan for one in found):
                await self._store.complete(plan)
            unlinked = [one for one in found if one.version not in await self._store.versions_of(one.report)]
            # Asked last: what was noted while the store was asked is linked by its own pass.
            waiting = set(map(_key, self._waiting))
            missing = [one for one in unlinked if _key(one) not in waiting]
            self._made_up.update(map(_key, missing))
            try:
                await self._append_all(missing)
            except BaseException:
                self._made_up.difference_update(map(_key, missing))  # the mending is done again, and asks again
                raise
        return len(missing)

    async def _append_all(self, missing: Sequence[Accepted]) -> None:
        for plan in dict.fromkeys(one.plan for one in missing):
            of_plan = [one for one in missing if one.plan == plan]
            for start in range(0, len(of_plan), BATCH):
                await self._store.append(plan, of_plan[start : start + BATCH])

    async def place(self, sha256: str, version: int) -> Place | None:
        """Where this version stands in the chain; None until the next pass has linked it."""
        places = await self._store.places(sha256)
        return next((place for place in places if place.version == version), None)

    async def chain(self, plan: str, *, after_seq: int, limit: int) -> tuple[Place, Checked]:
        """The newest link of the plan, and whether a part of its chain holds. Refused when nothing is chained yet."""
        head = await self._store.head(plan)
        if head is None:
            raise not_found(f"biên nhận nào của kế hoạch {plan}", f"receipt of plan {plan} yet")
        return head, await self._store.check(plan, after_seq=after_seq, limit=limit)


def _key(accepted: Accepted) -> tuple[str, int]:
    return accepted.report, accepted.version
