"""What the API shows of each noun. Addresses are shown shortened: who may read notices need not know mailboxes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from services.notify.domain.alerts import Alert, Candidate
from services.notify.domain.deliveries import Delivery
from services.notify.domain.digests import DigestRun
from services.notify.domain.rungs import Reminder
from services.notify.handlers.why import Reason
from shared.clock import iso
from shared.events.notice import AlertState, DeliveryState, DigestState, ReminderState

UnitFilter = Annotated[str | None, Query(max_length=64, description="Only this unit.")]
StatusFilter = Annotated[str | None, Query(max_length=40, description="Only this status.")]


class Shown(BaseModel):
    model_config = ConfigDict(frozen=True)


class ReminderShown(ReminderState):
    """One rung of one obligation: its state, and its instants as text."""

    fire_at: str
    due_at: str
    next_look_at: str | None = Field(description="When the worker looks at it (again); null once it is decided.")

    @classmethod
    def of(cls, row: Reminder) -> ReminderShown:
        waits = iso(row.next_at_ms) if row.status == "PENDING" else None
        return cls(
            **dict(row.state()),
            fire_at=iso(row.fire_at_ms),
            due_at=iso(row.due_at_ms),
            next_look_at=waits,
        )


class AlertShown(AlertState):
    """One alert: its state, and its instants as text."""

    opened_at: str
    changed_at: str

    @classmethod
    def of(cls, alert: Alert) -> AlertShown:
        return cls(**dict(alert.state()), opened_at=iso(alert.opened_at_ms), changed_at=iso(alert.changed_at_ms))


class DeliveryShown(DeliveryState):
    """One notice to one recipient: its state, its instants as text, why it was made, what it tells."""

    created_at: str
    changed_at: str
    cause: str = Field(description="Named reason why it was made; `decision` says why it is in its state.")
    covers: tuple[str, ...] = Field(description="Reminders, alerts (with revision) or the digest that it tells.")

    @classmethod
    def of(cls, delivery: Delivery) -> DeliveryShown:
        return cls(
            **dict(delivery.state()),
            created_at=iso(delivery.created_at_ms),
            changed_at=iso(delivery.changed_at_ms),
            cause=delivery.cause,
            covers=delivery.covers,
        )


class DigestShown(DigestState):
    """One run of a digest: its state, and its instants as text."""

    window_from: str
    window_to: str
    made_at: str
    decision: str

    @classmethod
    def of(cls, run: DigestRun) -> DigestShown:
        return cls(
            **dict(run.state()),
            window_from=iso(run.window_from_ms),
            window_to=iso(run.window_to_ms),
            made_at=iso(run.made_at_ms),
            decision=run.decision,
        )


class CandidateShown(Shown):
    """A unit on the inspection list."""

    unit: str
    points: int
    rules: tuple[str, ...]
    alerts: tuple[str, ...]
    proposal: str

    @classmethod
    def of(cls, candidate: Candidate) -> CandidateShown:
        return cls(
            unit=candidate.unit,
            points=candidate.points,
            rules=candidate.rules,
            alerts=candidate.alerts,
            proposal=candidate.proposal,
        )


class ReasonShown(Shown):
    """One decision: about what, what was decided, why, when."""

    kind: str
    id: str
    about: str
    status: str
    reason: str
    at: str

    @classmethod
    def of(cls, reason: Reason) -> ReasonShown:
        return cls(
            kind=reason.kind,
            id=reason.id,
            about=reason.about,
            status=reason.status,
            reason=reason.reason,
            at=iso(reason.at_ms),
        )


class Acknowledgement(BaseModel):
    """Who takes care of it, and by when."""

    model_config = ConfigDict(extra="forbid", strict=True)

    owner: str = Field(min_length=1, max_length=200)
    promise: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="The promised day, ISO date.")


class Resolution(BaseModel):
    """Why it is resolved."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: str = Field(min_length=3, max_length=500)


Answer = dict[str, Any]
