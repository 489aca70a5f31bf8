"""Which channel a delivery takes, and which comes next when one fails for good."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace

from services.notify.domain.contacts import Target
from services.notify.domain.deliveries import Delivery

ORIGIN_TRIES_MAX = 8


def choose(targets: Sequence[Target], *, tried: Collection[str], disabled: Collection[str]) -> Target | None:
    """The first channel in the recipient's order that was not tried and whose address is in use, if there is one."""
    return next((one for one in targets if one.channel not in tried and one.id not in disabled), None)


def fallen_back(failed: Delivery, target: Target, *, now_ms: int) -> Delivery:
    """The same notice through the next channel: a delivery of its own, made once however often this is decided."""
    return _repeated(failed, f"fallback\n{target.channel}", f"fallback_from: {failed.channel}", now_ms=now_ms)


def resent(delivery: Delivery, *, note: str, now_ms: int) -> Delivery:
    """The same notice again, by a person's decision: under a new id, so that mail systems take it for a new message."""
    number = delivery.resends + 1
    again = _repeated(delivery, f"resend\n{number}", "resent_by_operator", now_ms=now_ms)
    return replace(again, slot=f"{delivery.slot}#{number}"[-200:], note=note, tried=())


def _repeated(delivery: Delivery, key: str, cause: str, *, now_ms: int) -> Delivery:
    digest = hashlib.sha256(f"{delivery.id}\n{key}".encode()).hexdigest()
    tried = tuple(dict.fromkeys((*delivery.tried, delivery.channel)))[:ORIGIN_TRIES_MAX]
    return replace(
        delivery,
        id=f"delivery-{digest[:32]}",
        origin=delivery.id,
        cause=cause,
        status="CREATED",
        decision=cause,
        claimed_by="",
        held="",
        tried=tried,
        attempts=0,
        repeats=0,
        resends=0,
        first_try_ms=0,
        sent_at_ms=0,
        next_at_ms=now_ms,
        created_at_ms=now_ms,
        changed_at_ms=now_ms,
        revision=1,
        address_at_fault=False,
        note="",
        trail=({"status": "CREATED", "decision": cause, "at_ms": now_ms},),
        target=None,
        kept={},
    )
