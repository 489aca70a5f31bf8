"""The service level of reminders, read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from services.notify.handlers.slo import DAYS, Late, ReminderLevel
from services.notify.routes.shapes import Shown
from shared.clock import Clock, iso
from shared.events.notice import PUNCTUAL_WITHIN_MS
from shared.http.identity import require

DaysAsked = Annotated[int, Query(ge=1, le=366, description="Length of the window in days, up to now.")]


class LateShown(Shown):
    """One message that left late or has not left."""

    delivery: str
    recipient: str
    title: str
    due_at: str
    sent_at: str | None
    late_seconds: int

    @classmethod
    def of(cls, late: Late) -> LateShown:
        return cls(
            delivery=late.delivery,
            recipient=late.recipient,
            title=late.title,
            due_at=iso(late.due_at_ms),
            sent_at=iso(late.sent_at_ms) if late.sent_at_ms else None,
            late_seconds=late.late_ms // 1000,
        )


class LevelShown(Shown):
    """Due reminders sent within 15 minutes: the promise, and what was attained."""

    objective: str = "due_reminders_sent_in_time"
    within_seconds: int = PUNCTUAL_WITHIN_MS // 1000
    window_from: str
    window_to: str
    target: float = Field(description="Share in [0, 1] that is promised.")
    attained: float | None = Field(description="Share in [0, 1]; null when nothing was due.")
    is_met: bool
    due: int
    met: int
    missed: int
    undecided: int = Field(description="Rungs that are due for longer and that nothing was decided about.")
    worst: tuple[LateShown, ...]


def slo_routes(level: ReminderLevel, clock: Clock) -> APIRouter:
    routes = APIRouter(tags=["reminders"], dependencies=[Depends(require("notify:read"))])

    @routes.get("/v1/slo")
    async def read_level(days: DaysAsked = DAYS) -> LevelShown:
        """How many of the reminders that were due left within 15 minutes, and the worst of the others."""
        found = await level.of(clock.now_ms(), days=days)
        return LevelShown(
            window_from=iso(found.from_ms),
            window_to=iso(found.to_ms),
            target=found.target,
            attained=found.attained,
            is_met=found.attained is None or found.attained >= found.target,
            due=found.due,
            met=found.met,
            missed=found.missed,
            undecided=found.undecided,
            worst=tuple(LateShown.of(one) for one in found.worst),
        )

    return routes
