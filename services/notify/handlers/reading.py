"""Who read a digest, or a message: it tells of units and scores, so every read leaves a line in the audit log."""

from __future__ import annotations

from services.notify.handlers.ports import Recorder
from shared.clock import Clock


class NoteReading:
    """Writes down reads. Before the answer: who has it, has left a line."""

    def __init__(self, audit: Recorder, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock

    async def read(self, plan: str, what: str, *, by: str) -> None:
        """Note that `by` asks for `what` (the id of a run or a delivery, or the preview of an audience) of a plan."""
        noun = "delivery" if what.startswith("delivery-") else "digest"
        await self._audit.record(plan, f"{noun}.read", what, by=by, at_ms=self._clock.now_ms())
