"""One notice to one recipient through one channel: its states and its unique send key.

CREATED -> SENDING (leased) -> SENT | DELIVERED | TEMPORARY_FAILURE -> SENDING ... | PERMANENT_FAILURE |
TECHNICAL_FAILURE; CREATED -> CREATED (held, with a reason) | SUPERSEDED | CANCELLED. Every move has a named decision
and is kept in the row's trail. The document is its own claim: whoever replaces it with SENDING at the revision read
has won; `next_at_ms` is then the end of the lease, after which anybody may take it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from services.notify.domain.contacts import Recipient, Target, shortened
from services.notify.domain.deliveries_ladder import expires_at_ms, next_try_ms
from services.notify.domain.instants import MINUTE_MS, NEVER_MS
from shared.events.notice import DeliveryState, DeliveryStatus

LEASE_MS = 2 * MINUTE_MS
"""Longer than the longest attempt (three SMTP timeouts), so that a live sender is not overtaken."""

UNDELIVERED: tuple[DeliveryStatus, ...] = ("PERMANENT_FAILURE", "TECHNICAL_FAILURE")
WITHHELD: tuple[DeliveryStatus, ...] = ("CANCELLED", "SUPERSEDED")
ARRIVED: tuple[DeliveryStatus, ...] = ("SENT", "DELIVERED")
TRAIL_MAX = 30
FOLDED_INTO = "folded_into"
NOTE_CHARACTERS_MAX = 500

Kind = Literal["reminder", "alert", "digest", "inspection"]


@dataclass(frozen=True, slots=True)
class Letter:
    """What is said, in one language: subject, HTML and plain text. `template`: which edition of the words wrote it."""

    title: str
    html: str
    text: str
    template: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt ended, and the channel's named reason.

    `sent`: handed on; `delivered`: the receiver itself confirmed it. `address_at_fault`: no other message would get
    there either. `retry_after_ms`: the receiver asks for that much patience.
    """

    result: Literal["sent", "delivered", "temporary", "permanent"]
    reason: str
    address_at_fault: bool = False
    retry_after_ms: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery. `cause` is why it was made, `decision` why it is in its state.

    `recipient` is the full address: it stays in this store and in the envelope of the message. `due_at_ms`: since when
    what it tells was to be told; `sent_at_ms`: when it first left; 0 where that is not known. `legal`: a notice that
    cannot be switched off or held back for the day's budget. `held`: why it waits although nothing failed. `origin`:
    the delivery that it repeats or replaces; `tried`: channels that failed before this one. `repeats`: attempts that
    began although an earlier one may have sent it already.
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
    due_at_ms: int = 0
    sent_at_ms: int = 0
    revision: int = 1
    legal: bool = False
    time_zone: str = "UTC"
    template: str = ""
    held: str = ""
    origin: str = ""
    tried: tuple[str, ...] = ()
    repeats: int = 0
    resends: int = 0
    address_at_fault: bool = False
    note: str = ""
    trail: tuple[dict[str, Any], ...] = ()
    target: Target | None = field(default=None, compare=False, repr=False, metadata={"stored": False})
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
            due_at_ms=self.due_at_ms or None,
            sent_at_ms=self.sent_at_ms or None,
        )


def delivery_id(kind: Kind, slot: str, recipient: str, channel: str) -> str:
    """The unique send key: the same notice to the same recipient has the same id, however often it is decided.

    Reminders and deadlines of inspections share the one message of a day, whichever it tells.
    """
    noun = "reminder" if kind == "inspection" else kind
    digest = hashlib.sha256("\n".join((noun, slot, recipient, channel)).encode()).hexdigest()
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
    due_at_ms: int = 0,
    legal: bool = False,
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
        due_at_ms=due_at_ms,
        legal=legal,
        time_zone=recipient.time_zone,
        template=letter.template,
        trail=({"status": "CREATED", "decision": reason, "at_ms": now_ms},),
    )


def moved(delivery: Delivery, status: DeliveryStatus, decision: str, *, now_ms: int, **changes: Any) -> Delivery:
    """The delivery in its next state, with the decision in its trail (the newest TRAIL_MAX, the first one kept)."""
    step = {"status": status, "decision": decision, "at_ms": now_ms}
    trail = (*delivery.trail, step)
    if len(trail) > TRAIL_MAX:
        trail = (trail[0], *trail[-TRAIL_MAX + 1 :])
    return replace(
        delivery,
        status=status,
        decision=decision,
        changed_at_ms=now_ms,
        revision=delivery.revision + 1,
        trail=trail,
        **changes,
    )


def claimed(delivery: Delivery, *, now_ms: int, by: str = "") -> Delivery:
    """The delivery as the one who won it writes it, before sending. Only for one whose `next_at_ms` has come."""
    repeated = delivery.status == "SENDING"
    return moved(
        delivery,
        "SENDING",
        "lease_expired" if repeated else "claimed",
        now_ms=now_ms,
        claimed_by=by,
        attempts=delivery.attempts + 1,
        repeats=delivery.repeats + int(repeated),
        first_try_ms=delivery.first_try_ms or now_ms,
        next_at_ms=now_ms + LEASE_MS,
        held="",
    )


def released(delivery: Delivery, *, now_ms: int) -> Delivery:
    """The lease of a process that is known to be gone, ended early. Nothing to announce: it is still being sent."""
    return replace(delivery, next_at_ms=now_ms)


def held_back(delivery: Delivery, reason: str, until_ms: int, *, now_ms: int) -> Delivery:
    """Not now, although nothing failed: until when, and the named reason."""
    return moved(delivery, "CREATED", reason, now_ms=now_ms, held=reason, next_at_ms=until_ms)


def ended(delivery: Delivery, status: DeliveryStatus, reason: str, *, now_ms: int, note: str = "") -> Delivery:
    """The delivery in a final state that no attempt brought about.

    Unless another message carries what it tells, it stays due once more: its rows were told to nobody.
    """
    next_at_ms = NEVER_MS if reason.startswith(FOLDED_INTO) else now_ms
    return moved(delivery, status, reason, now_ms=now_ms, next_at_ms=next_at_ms, held="", note=note or delivery.note)


def failed(
    delivery: Delivery, reason: str, *, now_ms: int, technical: bool = False, at_fault: bool = False
) -> Delivery:
    """Given up. It stays due once more, for what follows from it: the address, the alert, the next channel."""
    status: DeliveryStatus = "TECHNICAL_FAILURE" if technical else "PERMANENT_FAILURE"
    return moved(delivery, status, reason, now_ms=now_ms, next_at_ms=now_ms, held="", address_at_fault=at_fault)


def followed_up(delivery: Delivery) -> Delivery:
    """What follows from the end of a message is done. Nothing to announce."""
    return replace(delivery, next_at_ms=NEVER_MS)


def after_attempt(delivery: Delivery, outcome: Outcome, *, now_ms: int) -> Delivery:
    """The delivery after its attempt: sent, given up, or tried again by the ladder of its channel."""
    if outcome.result in ("sent", "delivered"):
        status: DeliveryStatus = "SENT" if outcome.result == "sent" else "DELIVERED"
        sent_at_ms = delivery.sent_at_ms or now_ms
        # A repeat stays due once more: what it tells may have been noted as not delivered.
        next_at_ms = now_ms if delivery.origin else NEVER_MS
        return moved(delivery, status, outcome.reason, now_ms=now_ms, next_at_ms=next_at_ms, sent_at_ms=sent_at_ms)
    if outcome.result == "permanent":
        return failed(delivery, outcome.reason, now_ms=now_ms, at_fault=outcome.address_at_fault)
    if now_ms >= expires_at_ms(delivery.channel, delivery.first_try_ms):
        return failed(delivery, f"gave_up: {outcome.reason}", now_ms=now_ms, technical=True)
    next_at_ms = next_try_ms(
        delivery.channel,
        key=delivery.id,
        attempts=delivery.attempts,
        first_try_ms=delivery.first_try_ms,
        now_ms=now_ms,
        retry_after_ms=outcome.retry_after_ms,
    )
    return moved(delivery, "TEMPORARY_FAILURE", outcome.reason, now_ms=now_ms, next_at_ms=next_at_ms)
