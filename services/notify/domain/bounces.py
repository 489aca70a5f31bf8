"""What a bounce (RFC 3464 delivery status) says about one delivery, and what becomes of it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from services.notify.domain.deliveries import Delivery, failed, moved
from services.notify.domain.instants import NEVER_MS

Action = Literal["failed", "delayed", "delivered", "relayed", "expanded"]
ACTIONS: tuple[Action, ...] = ("failed", "delayed", "delivered", "relayed", "expanded")
ADDRESS_FAULTS = re.compile(r"5\.(1\.\d{1,3}|2\.1|0\.0)")
"""No such mailbox, domain or syntax; mailbox disabled; and a bounce that says no more than `failed`."""

OPEN_TO_BOUNCES = ("SENDING", "SENT", "TEMPORARY_FAILURE", "DELIVERED")


@dataclass(frozen=True, slots=True)
class Bounce:
    """One status report: about which delivery, what the mail system did, its enhanced status code."""

    delivery: str
    action: Action
    status: str


def after_bounce(delivery: Delivery, bounce: Bounce, *, now_ms: int) -> Delivery | None:
    """The delivery after a bounce; None when it says nothing new, or comes for one that was ended otherwise.

    Delayed: the other mail system goes on trying, so we do not. Failed for now (4.x): it gave up, and so do we.
    """
    if delivery.status not in OPEN_TO_BOUNCES:
        return None
    if bounce.action == "failed":
        permanent = not bounce.status.startswith("4.")
        at_fault = permanent and ADDRESS_FAULTS.fullmatch(bounce.status) is not None
        return failed(delivery, f"bounced: {bounce.status}", now_ms=now_ms, technical=not permanent, at_fault=at_fault)
    if bounce.action == "delayed":
        reason = f"delayed: {bounce.status}"
        if delivery.status == "DELIVERED" or delivery.decision == reason:
            return None
        return moved(delivery, "TEMPORARY_FAILURE", reason, now_ms=now_ms, next_at_ms=NEVER_MS)
    if bounce.action == "delivered" and delivery.status != "DELIVERED":
        return moved(delivery, "DELIVERED", "confirmed_by_mail_system", now_ms=now_ms, next_at_ms=NEVER_MS)
    return None
