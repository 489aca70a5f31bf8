"""Bounce messages (RFC 3464) that come back to us: read, matched to their delivery, applied."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from typing import Protocol

from services.notify.domain.acts import Act
from services.notify.domain.bounces import ACTIONS, Bounce, after_bounce
from services.notify.domain.deliveries import Delivery
from services.notify.domain.links import Links
from services.notify.handlers.desk import Intentions
from services.notify.handlers.ports import Recorder
from shared.errors import Permanent, Transient

ATTEMPTS_MAX = 5
PARTS_MAX = 20
_RETURN = re.compile(r"\+([0-9a-f]{32})-([0-9a-f]{12})@")
_DELIVERY = re.compile(r"\b(delivery-[0-9a-f]{32})\b")
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_TO = ("delivered-to", "x-original-to", "envelope-to", "to")


class NotABounce(Permanent):
    """There is no delivery status in it."""


class BounceBook(Protocol):
    async def get(self, delivery: str) -> Delivery | None: ...
    async def replace(self, delivery: Delivery, *, now_ms: int) -> bool: ...


class TakeBounces:
    """Applies bounces. `strict`: only those count that came to a return address made by us.

    Whoever hands one in is in the audit log of the delivery's plan.
    """

    def __init__(
        self, deliveries: BounceBook, links: Links, *, acts: Intentions, audit: Recorder, strict: bool
    ) -> None:
        self._deliveries = deliveries
        self._acts = acts
        self._audit = audit
        self._links = links
        self._strict = strict

    async def take(self, raw: bytes, *, to: str | None, by: str, now_ms: int) -> Delivery | None:
        """The delivery that a bounce is about, as it is now. `to`: the envelope recipient of the bounce, when known.

        None: about no delivery of ours. NotABounce, Transient. The same bounce twice changes nothing the second time.
        """
        message = message_from_bytes(raw, policy=policy.default)
        action, status = _said(message)
        id = self._delivery_of(message, to)
        if id is None:
            return None
        for _ in range(ATTEMPTS_MAX):
            held = await self._deliveries.get(id)
            if held is None or held.channel != "email":
                return None
            after = after_bounce(held, Bounce(id, action, status), now_ms=now_ms)  # type: ignore[arg-type]
            if after is None:
                return held
            await self._acts.add(Act(held.plan, "delivery.bounced", id, id, by, now_ms))
            if await self._deliveries.replace(after, now_ms=now_ms):
                await self._audit.record(
                    held.plan, "delivery.bounced", id, by=by, at_ms=now_ms, action=action, revision=after.revision
                )
                return after
        raise Transient(f"{id} moved on {ATTEMPTS_MAX} times while a bounce was applied")

    def _delivery_of(self, message: EmailMessage | Message, to: str | None) -> str | None:
        """By our signed return address; else, unless strict, by the original's Message-ID or our own header."""
        for address in [to or "", *(str(message.get(name, "")) for name in _TO)]:
            found = _RETURN.search(address.lower())
            if found and self._links.bounce_tag(f"delivery-{found[1]}") == found[2]:
                return f"delivery-{found[1]}"
        return None if self._strict else _named_inside(message)


def _said(message: Message) -> tuple[str, str]:
    """Action and enhanced status of the first recipient that has them."""
    for part in _parts(message):
        if part.get_content_type() != "message/delivery-status":
            continue
        for block in part.get_payload() if isinstance(part.get_payload(), list) else []:
            action = str(block.get("action", "")).strip().lower()  # type: ignore[union-attr]
            if action in ACTIONS:
                status = _STATUS.search(str(block.get("status", "")))  # type: ignore[union-attr]
                return action, status[1] if status else "5.0.0"
    raise NotABounce("no message/delivery-status part with an action")


def _named_inside(message: Message) -> str | None:
    for part in _parts(message):
        if part.get_content_type() in ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers"):
            payload = part.get_payload()
            inner = payload[0] if isinstance(payload, list) and payload else payload
            text = inner.as_string() if isinstance(inner, Message) else str(inner)
            for line in text.splitlines()[:200]:
                name, _, value = line.partition(":")
                if name.strip().lower() in ("message-id", "x-tiendo-delivery") and (found := _DELIVERY.search(value)):
                    return found[1]
    return None


def _parts(message: Message) -> list[Message]:
    return [part for _, part in zip(range(PARTS_MAX), message.walk(), strict=False)]
