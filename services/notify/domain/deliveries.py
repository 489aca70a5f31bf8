"""One notice to one recipient through one channel: its states, its retries, its unique send key.

CREATED -> SENDING (leased) -> SENT | TEMPORARY_FAILURE -> SENDING ... | PERMANENT_FAILURE | TECHNICAL_FAILURE.
The document is its own claim: whoever replaces it with SENDING at the revision read has won; `next_at_ms` is then the
end of the lease, after which anybody may take it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from services.notify.domain.contacts import Recipient, shortened
from services.notify.domain.instants import HOUR_MS, MINUTE_MS, NEVER_MS
from shared.events.notice import DeliveryState, DeliveryStatus

LEASE_MS = 2 * MINUTE_MS
"""Longer than the longest attempt (three SMTP timeouts), so that a live sender is not overtaken."""

RETRY_EVERY_MS = 5 * MINUTE_MS
RETRY_FOR_MS = 4 * HOUR_MS
UNDELIVERED: tuple[DeliveryStatus, ...] = ("PERMANENT_FAILURE", "TECHNICAL_FAILURE")

Kind = Literal["reminder", "alert", "digest"]


@dataclass(frozen=True, slots=True)
class Letter:
    """What is said, in one language: subject, HTML and plain text."""

    title: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt ended: `sent`, `temporary` or `permanent`, and the channel's named reason."""

    result: Literal["sent", "temporary", "permanent"]
    reason: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery. `cause` is why it was made, `decision` why it is in its state.

    `recipient` is the full address: it stays in this store and in the envelope of the message.
    """

    id: str
    kind: Kind
    subject: str
    slot: str
    plan: str
    unit: str
    channel: str
    recipient: str
    language: str
    covers: tuple[str, ...]
    title: str
    html: str
    text: str
    cause: str
    claimed_by: str
    status: DeliveryStatus
    decision: str
    attempts: int
    first_try_ms: int
    next_at_ms: int
    created_at_ms: int
    changed_at_ms: int
    revision: int = 1
    kept: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def state(self) -> DeliveryState:
        return DeliveryState(
            revision=self.revision,
            delivery=self.id,
            kind=self.kind,
            subject=self.subject,
            unit=self.unit or None,
            channel=self.channel,
            recipient=shortened(self.recipient),
            status=self.status,
            decision=self.decision,
            attempts=self.attempts,
            title=self.title,
            created_at_ms=self.created_at_ms,
            changed_at_ms=self.changed_at_ms,
        )


def delivery_id(kind: Kind, slot: str, recipient: str, channel: str) -> str:
    """The unique send key: the same notice to the same recipient has the same id, however often it is decided."""
    digest = hashlib.sha256("\n".join((kind, slot, recipient, channel)).encode()).hexdigest()
    return f"delivery-{digest[:32]}"


def created(
    *,
    kind: Kind,
    subject: str,
    slot: str,
    plan: str,
    unit: str,
    recipient: Recipient,
    covers: tuple[str, ...],
    letter: Letter,
    reason: str,
    now_ms: int,
    channel: str = "email",
) -> Delivery:
    """A delivery with its content pinned: what is sent later is what was decided now."""
    return Delivery(
        id=delivery_id(kind, slot, recipient.address, channel),
        kind=kind,
        subject=subject,
        slot=slot,
        plan=plan,
        unit=unit,
        channel=channel,
        recipient=recipient.address,
        language=recipient.language,
        covers=covers,
        title=letter.title,
        html=letter.html,
        text=letter.text,
        cause=reason,
        claimed_by="",
        status="CREATED",
        decision=reason,
        attempts=0,
        first_try_ms=0,
        next_at_ms=now_ms,
        created_at_ms=now_ms,
        changed_at_ms=now_ms,
    )


def claimed(delivery: Delivery, *, now_ms: int, by: str = "") -> Delivery:
    """The delivery as the one who won it writes it, before sending. Only for one whose `next_at_ms` has come."""
    repeated = delivery.status == "SENDING"
    return replace(
        delivery,
        status="SENDING",
        decision="lease_expired" if repeated else "claimed",
        claimed_by=by,
        attempts=delivery.attempts + 1,
        first_try_ms=delivery.first_try_ms or now_ms,
        next_at_ms=now_ms + LEASE_MS,
        changed_at_ms=now_ms,
        revision=delivery.revision + 1,
    )


def released(delivery: Delivery, *, now_ms: int) -> Delivery:
    """The lease of a process that is known to be gone, ended early. Nothing to announce: it is still being sent."""
    return replace(delivery, next_at_ms=now_ms)


def after_attempt(delivery: Delivery, outcome: Outcome, *, now_ms: int) -> Delivery:
    """The delivery after its attempt: sent, given up, or tried again (at once, then every five minutes for 4 h)."""
    status, reason, next_at_ms = _next(delivery, outcome, now_ms)
    return replace(
        delivery,
        status=status,
        decision=reason,
        next_at_ms=next_at_ms,
        changed_at_ms=now_ms,
        revision=delivery.revision + 1,
    )


def _next(delivery: Delivery, outcome: Outcome, now_ms: int) -> tuple[DeliveryStatus, str, int]:
    if outcome.result == "sent":
        return "SENT", outcome.reason, NEVER_MS
    if outcome.result == "permanent":
        return "PERMANENT_FAILURE", outcome.reason, NEVER_MS
    next_at_ms = now_ms if delivery.attempts <= 1 else now_ms + RETRY_EVERY_MS
    if next_at_ms - delivery.first_try_ms > RETRY_FOR_MS:
        return "TECHNICAL_FAILURE", f"gave_up: {outcome.reason}", NEVER_MS
    return "TEMPORARY_FAILURE", outcome.reason, next_at_ms
