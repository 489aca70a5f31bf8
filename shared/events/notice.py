"""Events about reminders, alerts, digests and deliveries: everything that notify decides."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from shared.events.base import Names, State

ReminderStatus = Literal["PENDING", "SENT", "SUPERSEDED", "SKIPPED_LATE", "SUPPRESSED", "FAILED"]
Punctuality = Literal["met", "missed", "open", "none"]
WindowStanding = Literal["pending", "active", "expired"]
AlertPhase = Literal["OPEN", "ACKNOWLEDGED", "RESOLVED", "SILENCED"]
DeliveryStatus = Literal[
    "CREATED",
    "SENDING",
    "SENT",
    "DELIVERED",
    "TEMPORARY_FAILURE",
    "PERMANENT_FAILURE",
    "TECHNICAL_FAILURE",
    "SUPERSEDED",
    "CANCELLED",
]


class ReminderState(State):
    """One rung of the ladder for one obligation."""

    reminder: str
    obligation: str
    plan: str
    form: str
    unit: str
    period: str
    rung: str
    kind: str = Field(description="reminder, overdue or escalation")
    roles: tuple[str, ...]
    fire_at_ms: int
    status: ReminderStatus
    decision: str = Field(description="Named reason of the status, such as `report_received`.")
    decided_at_ms: int


class AlertState(State):
    """An inspection alert; its id is the fingerprint of (plan, unit, rule, subject)."""

    alert: str
    plan: str
    unit: str
    rule: str
    subject: str
    names: Names
    severity: Literal["low", "medium", "high"]
    points: int
    phase: AlertPhase
    opened_at_ms: int
    changed_at_ms: int
    occurrences: int
    promise: str | None = Field(default=None, description="Date promised at acknowledgement, ISO date.")
    owner: str | None = None
    reason: str | None = None
    detail: dict[str, Any] = Field(default_factory=dict)
    signal: str = Field(default="", description="The signal of the plan's rule, or of an operations alert.")
    kind: str = Field(default="", description="Kind of rule, by which notices are grouped.")
    muted_by: str | None = Field(default=None, description="What explains it: an outage, an extension, a waiver.")
    silence: str | None = Field(default=None, description="The silence under which it is SILENCED.")
    silenced_until_ms: int | None = None
    escalation_level: int = Field(default=0, description="How many levels above the first were told.")
    promises_missed: int = 0


class OutageState(State):
    """A time in which a unit, or everybody under a plan, could not report: alerts that it explains are muted."""

    outage: str
    plan: str
    unit: str | None = Field(description="Null: everybody under the plan.")
    owner: str
    reason: str
    by: str = Field(description="Who declared it.")
    standing: WindowStanding
    starts_at_ms: int
    ends_at_ms: int = Field(description="Exclusive; when it was ended early, that instant.")
    created_at_ms: int
    changed_at_ms: int
    ended_by: str | None = Field(default=None, description="Who ended it early; null: it ran out, or still holds.")
    ended_reason: str | None = None


class SilenceState(State):
    """A silence: nobody is told of the alerts that fit everything it names, until it ends."""

    silence: str
    plan: str
    unit: str | None
    alert: str | None = Field(description="The one alert that it mutes; null: whatever fits the other names.")
    rule: str | None
    form: str | None
    owner: str
    reason: str
    by: str = Field(description="Who declared it.")
    standing: WindowStanding
    starts_at_ms: int
    ends_at_ms: int = Field(description="Exclusive; when it was ended early, that instant.")
    created_at_ms: int
    changed_at_ms: int
    ended_by: str | None = Field(
        default=None, description="Who ended it early, `notify` when nothing was under it; null: it ran out, or holds."
    )
    ended_reason: str | None = None


class DigestState(State):
    """One run of a digest: an audience and a closed window, made once."""

    digest: str
    plan: str
    audience: str
    window_from_ms: int
    window_to_ms: int
    status: Literal["CREATED", "COMPLETED"]
    recipients: int
    all_clear: bool
    headline: Names
    made_at_ms: int


class DeliveryState(State):
    """One notice to one recipient through one channel."""

    delivery: str
    kind: Literal["reminder", "alert", "digest", "inspection"]
    subject: str = Field(description="Reminder, alert or digest that it delivers.")
    unit: str | None
    channel: str
    recipient: str = Field(description="Address with its local part shortened: events carry no full addresses.")
    status: DeliveryStatus
    decision: str
    attempts: int
    title: str
    created_at_ms: int
    changed_at_ms: int
    due_at_ms: int | None = Field(default=None, description="Since when what it tells was due; null: not a reminder.")
    sent_at_ms: int | None = Field(default=None, description="When it first left; null while it did not.")

    @property
    def punctuality(self) -> Punctuality:
        return punctuality(self.status, due_at_ms=self.due_at_ms or 0, sent_at_ms=self.sent_at_ms or 0)


PUNCTUAL_WITHIN_MS = 15 * 60_000
PUNCTUAL_TARGET = 0.99
"""The service level: so many of the reminders that are due leave within 15 minutes."""


def punctuality(status: DeliveryStatus, *, due_at_ms: int, sent_at_ms: int) -> Punctuality:
    """How a delivery counts in the service level. `open`: not sent yet, a miss once its 15 minutes are over.

    `none`: no reminder, or one that ended for a reason that is not ours: refused by the receiver, switched off,
    no longer needed.
    """
    if not due_at_ms:
        return "none"
    if sent_at_ms:
        return "met" if sent_at_ms - due_at_ms <= PUNCTUAL_WITHIN_MS else "missed"
    if status == "TECHNICAL_FAILURE":
        return "missed"
    return "none" if status in ("PERMANENT_FAILURE", "CANCELLED", "SUPERSEDED") else "open"
