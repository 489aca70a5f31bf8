"""Events about reminders, alerts, digests and deliveries: everything that notify decides."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from shared.events.base import Names, State

ReminderStatus = Literal["PENDING", "SENT", "SUPERSEDED", "SKIPPED_LATE", "SUPPRESSED", "FAILED"]
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
    kind: Literal["reminder", "alert", "digest"]
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
