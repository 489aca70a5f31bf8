"""Who read a digest: it tells scores before they are published, so every read leaves a line in the audit log."""

from __future__ import annotations

from services.notify.handlers.ports import Recorder
from shared.clock import Clock


class NoteReading:
    """Writes down reads. Before the answer: who has it, has left a line."""

    def __init__(self, audit: Recorder, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock

    async def read(self, plan: str, what: str, *, by: str) -> None:
        """Note that `by` asks for `what` (a run's id, or the preview of an audience) of a plan."""
        await self._audit.record(plan, "digest.read", what, by=by, at_ms=self._clock.now_ms())
