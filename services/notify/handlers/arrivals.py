"""What the end of a message means for the rows that it tells: nobody there was reached, or somebody was after all.

Crash: repeating it changes nothing, and whoever follows up the message repeats it until it is done.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from services.notify.domain.contacts import address_mark
from services.notify.domain.deliveries import Delivery
from services.notify.domain.inspections.nudges import Nudge
from services.notify.domain.rungs import Reminder
from services.notify.domain.telling import R, arrived, nudges_of, rungs_of, unreached, withheld
from shared.errors import Transient
from shared.events.notice import ReminderStatus

ATTEMPTS_MAX = 5


class Rungs(Protocol):
    async def of_ids(self, ids: list[str]) -> list[Reminder]: ...
    async def replace(self, row: Reminder, *, now_ms: int) -> bool: ...


class Nudges(Protocol):
    async def of_ids(self, ids: list[str]) -> list[Nudge]: ...
    async def replace(self, row: Nudge) -> bool: ...


class Change(Protocol):
    """What is noted on a row; None: nothing new."""

    def __call__(self, row: R, /) -> R | None: ...


class Arrivals:
    """Notes on rungs of obligations and of deadlines whom their messages reached."""

    def __init__(self, rungs: Rungs, nudges: Nudges) -> None:
        self._rungs = rungs
        self._nudges = nudges

    async def failed(self, delivery: Delivery, now_ms: int) -> None:
        """It was given up, with no other channel left. A row is FAILED when none of its people can be reached."""

        def change(row: R) -> R | None:
            return unreached(row, address_mark(delivery.recipient), now_ms=now_ms)

        await self._note(delivery, change, now_ms)

    async def withheld(self, delivery: Delivery, now_ms: int) -> None:
        """It was ended before it left: by what its recipient chose, by an operator, or because nothing is owed."""
        status: ReminderStatus = "SUPERSEDED" if delivery.status == "SUPERSEDED" else "SUPPRESSED"

        def change(row: R) -> R | None:
            return withheld(row, address_mark(delivery.recipient), status, delivery.decision, now_ms=now_ms)

        await self._note(delivery, change, now_ms)

    async def arrived(self, delivery: Delivery, now_ms: int) -> None:
        """It repeats one that was given up, and left: a row that had FAILED for want of it is SENT."""

        def change(row: R) -> R | None:
            return arrived(row, address_mark(delivery.recipient), delivery.id, now_ms=now_ms)

        await self._note(delivery, change, now_ms)

    async def _note(self, delivery: Delivery, change: Change, now_ms: int) -> None:
        async def save(row: Reminder) -> bool:
            return await self._rungs.replace(row, now_ms=now_ms)

        await _change(rungs_of(delivery), self._rungs.of_ids, change, save)
        await _change(nudges_of(delivery), self._nudges.of_ids, change, self._nudges.replace)


async def _change(
    wanted: list[str],
    read: Callable[[list[str]], Awaitable[list[R]]],
    change: Change,
    save: Callable[[R], Awaitable[bool]],
) -> None:
    """Change every row that there is something to note on. Transient when they change all the time."""
    for _ in range(ATTEMPTS_MAX):
        if not wanted:
            return
        changed = [(row.id, after) for row in await read(wanted) if (after := change(row)) is not None]
        wanted = [id for id, after in changed if not await save(after)]
    if wanted:
        raise Transient(f"{len(wanted)} rows moved on {ATTEMPTS_MAX} times")
