"""What the API shows of each noun. Addresses are shown shortened: who may read notices need not know mailboxes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from services.notify.domain.alerts import Alert, Candidate
from services.notify.domain.deliveries import Delivery
from services.notify.domain.digests.run import DigestRun
from services.notify.domain.instants import NEVER_MS
from services.notify.domain.reasons import Reason
from services.notify.domain.rungs import Reminder
from shared.clock import iso
from shared.events.base import Names
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


class ChangeShown(Shown):
    """One line of an alert's history."""

    at: str
    phase: str
    reason: str
    by: str


class AlertShown(AlertState):
    """One alert: its state, its instants as text, why it was told last or was not, and what happened to it."""

    opened_at: str
    changed_at: str
    notice: str = Field(description="Named reason of the last decision about telling it, sent or not.")
    next_step_at: str | None = Field(description="When the next level is told or the promise is over; null: never.")
    history: tuple[ChangeShown, ...]

    @classmethod
    def of(cls, alert: Alert) -> AlertShown:
        waits = iso(alert.next_step_at_ms) if alert.next_step_at_ms < NEVER_MS else None
        lines = tuple(
            ChangeShown(at=iso(line["at_ms"]), phase=line["phase"], reason=line["reason"], by=line["by"])
            for line in alert.history
        )
        return cls(
            **dict(alert.state()),
            opened_at=iso(alert.opened_at_ms),
            changed_at=iso(alert.changed_at_ms),
            notice=alert.notice,
            next_step_at=waits,
            history=lines,
        )


class DeliveryStep(Shown):
    """One state of a delivery, the named reason, and when."""

    status: str
    decision: str
    at: str


class DeliveryShown(DeliveryState):
    """One notice to one recipient: its state, its instants as text, why it was made, what it tells."""

    created_at: str
    changed_at: str
    cause: str = Field(description="Named reason why it was made; `decision` says why it is in its state.")
    covers: tuple[str, ...] = Field(description="Reminders, alerts (with revision) or the digest that it tells.")
    legal: bool = Field(description="A legal notice: it cannot be switched off or held back.")
    template: str = Field(description="Edition of the templates and words that wrote it.")
    next_try_at: str | None = Field(description="When it is looked at next; null once nothing more happens by itself.")
    held: str | None = Field(description="Why it waits although nothing failed.")
    origin: str | None = Field(description="The delivery that it repeats or replaces.")
    repeats: int = Field(description="Attempts that began although an earlier one may have sent it.")
    resends: int = Field(description="How often operators sent it again.")
    note: str | None = Field(description="The operator's reason for sending it again or cancelling it.")
    steps: tuple[DeliveryStep, ...] = Field(description="The states it went through, oldest first.")

    @classmethod
    def of(cls, delivery: Delivery) -> DeliveryShown:
        return cls(
            **dict(delivery.state()),
            created_at=iso(delivery.created_at_ms),
            changed_at=iso(delivery.changed_at_ms),
            cause=delivery.cause,
            covers=delivery.covers,
            legal=delivery.legal,
            template=delivery.template,
            next_try_at=iso(delivery.next_at_ms) if delivery.next_at_ms < NEVER_MS else None,
            held=delivery.held or None,
            origin=delivery.origin or None,
            repeats=delivery.repeats,
            resends=delivery.resends,
            note=delivery.note or None,
            steps=tuple(
                DeliveryStep(status=step["status"], decision=step["decision"], at=iso(step["at_ms"]))
                for step in delivery.trail
            ),
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


class EvidenceShown(Shown):
    """The newest thing that an open alert of the unit shows."""

    alert: str
    rule: str
    names: Names
    changed_at: str
    detail: dict[str, Any]


class CandidateShown(Shown):
    """A unit on the inspection list; `names` are those of `rules`, in the same order."""

    unit: str
    points: int
    rules: tuple[str, ...]
    names: tuple[Names, ...]
    alerts: tuple[str, ...]
    proposal: str
    newest: EvidenceShown | None

    @classmethod
    def of(cls, candidate: Candidate) -> CandidateShown:
        last = candidate.newest
        newest = last and EvidenceShown(
            alert=last.alert,
            rule=last.rule,
            names=last.names,
            changed_at=iso(last.changed_at_ms),
            detail=last.detail,
        )
        return cls(
            unit=candidate.unit,
            points=candidate.points,
            rules=candidate.rules,
            names=candidate.names,
            alerts=candidate.alerts,
            proposal=candidate.proposal,
            newest=newest,
        )


class ReasonShown(Shown):
    """One decision: about what, what was decided, why, when."""

    kind: str
    id: str
    about: str
    about_words: Names | None = Field(description="What it is about in both languages, where `about` is a code.")
    status: str
    reason: str
    words: Names = Field(description="The reason in both languages.")
    at: str
    next_at: str | None = Field(description="Of what waits: when it is looked at next.")
    recipient: str | None = Field(description="Shortened mail address.")
    unit: str | None

    @classmethod
    def of(cls, reason: Reason) -> ReasonShown:
        return cls(
            kind=reason.kind,
            id=reason.id,
            about=reason.about,
            about_words=reason.about_words,
            status=reason.status,
            reason=reason.reason,
            words=reason.words,
            at=iso(reason.at_ms),
            next_at=iso(reason.next_at_ms) if reason.next_at_ms is not None else None,
            recipient=reason.recipient,
            unit=reason.unit or None,
        )


class Acknowledgement(BaseModel):
    """Who takes care of it, and by when."""

    model_config = ConfigDict(extra="forbid", strict=True)

    owner: str = Field(min_length=1, max_length=200)
    promise: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="The promised day, ISO date.")


class UnitAcknowledgement(Acknowledgement):
    """The same promise for every open alert of a unit, or those of one rule."""

    plan: str = Field(min_length=1, max_length=40)
    unit: str = Field(min_length=1, max_length=64)
    rule: str | None = Field(default=None, max_length=40)


class Resolution(BaseModel):
    """Why it is resolved."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: str = Field(min_length=3, max_length=500)


Answer = dict[str, Any]
