"""The service level of reminders, read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from services.notify.handlers.auditor import Auditor
from services.notify.handlers.slo import DAYS, Late, ReminderLevel
from services.notify.routes.shapes import Shown
from shared.clock import Clock, iso
from shared.events.notice import PUNCTUAL_WITHIN_MS
from shared.http.identity import Principal, require

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


class AuditorShown(Shown):
    """The newest pass of the auditor in the process that answers."""

    at: str
    differences: int = Field(description="What should have been sent and was not, or the other way round.")


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
    auditor: AuditorShown | None = Field(description="Null until the first pass after a start.")


def slo_routes(level: ReminderLevel, auditor: Auditor, clock: Clock) -> APIRouter:
    routes = APIRouter(tags=["reminders"])

    @routes.get("/v1/slo")
    async def read_level(
        who: Annotated[Principal, Depends(require("notify:read"))], days: DaysAsked = DAYS
    ) -> LevelShown:
        """How many of the reminders that were due left within 15 minutes, and the worst of the others.

        The figures are the platform's; the single messages are shown to whoever is bound to no unit and no plan.
        """
        is_bound = who.unit is not None or who.plan is not None
        found = await level.of(clock.now_ms(), days=days)
        last = auditor.last
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
            worst=() if is_bound else tuple(LateShown.of(one) for one in found.worst),
            auditor=AuditorShown(at=iso(last.at_ms), differences=last.differences) if last else None,
        )

    return routes
