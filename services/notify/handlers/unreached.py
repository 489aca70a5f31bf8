"""A message that was given up, with no other channel left: the rungs that it told did not reach this recipient.

Crash: repeating it changes nothing, and whoever follows up the failure repeats it until it is done.
"""

from __future__ import annotations

from typing import Protocol

from services.notify.domain.contacts import address_mark
from services.notify.domain.deliveries import Delivery
from services.notify.domain.rungs import Reminder, unreached
from shared.errors import Transient

ATTEMPTS_MAX = 5


class Rows(Protocol):
    async def of_ids(self, ids: list[str]) -> list[Reminder]: ...
    async def replace(self, row: Reminder, *, now_ms: int) -> bool: ...


class Unreached:
    """Turns a reminder FAILED when none of those that it was for can be reached."""

    def __init__(self, reminders: Rows) -> None:
        self._reminders = reminders

    async def note(self, failed: Delivery, now_ms: int) -> None:
        """Note it on every rung that the message tells. Transient when they change all the time."""
        if failed.kind != "reminder":
            return
        wanted = list(failed.covers)
        for _ in range(ATTEMPTS_MAX):
            changed = [
                (row.id, after)
                for row in await self._reminders.of_ids(wanted)
                if (after := unreached(row, address_mark(failed.recipient), now_ms=now_ms)) is not None
            ]
            wanted = [id for id, after in changed if not await self._reminders.replace(after, now_ms=now_ms)]
            if not wanted:
                return
        raise Transient(f"reminders of {failed.id} moved on {ATTEMPTS_MAX} times")
