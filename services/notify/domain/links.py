"""Links that need no sign-in: signed, bound to one recipient and purpose, and to a time. Pure.

A token is the base64url of its claims and of their HMAC-SHA256. Its key is derived from the service's secret for this
purpose alone, so a link never opens anything else, and nothing else opens a link.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from services.notify.domain.contacts import LANGUAGES
from services.notify.domain.deliveries import Delivery
from services.notify.domain.instants import DAY_MS
from services.notify.domain.preferences import KINDS

Purpose = Literal["unsubscribe", "preferences"]
TOKEN_CHARACTERS_MAX = 1200
_BOUNCE_TAG = 12


@dataclass(frozen=True, slots=True)
class Claim:
    """What a link allows: `unsubscribe` this recipient from this kind, or see and change their `preferences`."""

    purpose: Purpose
    recipient: str
    kind: str
    expires_at_ms: int


@dataclass(frozen=True, slots=True)
class MailLinks:
    """The links of one message. `unsubscribe` is None where nothing can be switched off."""

    preferences: str
    unsubscribe: str | None


class Links:
    """Makes and reads links. `days`: how long one holds."""

    def __init__(self, *, public_url: str, secret: str, days: int) -> None:
        self._base = public_url.rstrip("/")
        self._key = hmac.new(secret.encode(), b"tiendo notify links v1", hashlib.sha256).digest()
        self._days = days

    def of(self, delivery: Delivery, *, now_ms: int) -> MailLinks:
        expires_at_ms = now_ms + self._days * DAY_MS
        page = self.token(Claim("preferences", delivery.recipient, "", expires_at_ms))
        off = None
        if not delivery.legal and delivery.kind in KINDS:
            off = self.token(Claim("unsubscribe", delivery.recipient, delivery.kind, expires_at_ms))
        spoken = f"&language={delivery.language}" if delivery.language in LANGUAGES else ""
        return MailLinks(
            preferences=f"{self._base}/v1/preferences/mine?token={quote(page)}{spoken}",
            unsubscribe=f"{self._base}/v1/unsubscribe?token={quote(off)}{spoken}" if off else None,
        )

    def token(self, claim: Claim) -> str:
        held = [claim.purpose, claim.recipient, claim.kind, claim.expires_at_ms]
        body = json.dumps(held, separators=(",", ":")).encode()
        return f"{_encoded(body)}.{_encoded(self._mac(body))}"

    def read(self, token: str, purpose: Purpose, *, now_ms: int) -> Claim | None:
        """The claim of a token of this purpose that we made and that still holds; None otherwise."""
        if len(token) > TOKEN_CHARACTERS_MAX or token.count(".") != 1:
            return None
        try:
            body, mac = (_decoded(part) for part in token.split("."))
            if not hmac.compare_digest(mac, self._mac(body)):
                return None
            claim = Claim(*json.loads(body))
        except (binascii.Error, ValueError, TypeError):
            return None
        return claim if claim.purpose == purpose and now_ms < claim.expires_at_ms else None

    def bounce_tag(self, delivery: str) -> str:
        """Proves that a return address is one of ours: a stranger cannot make up a bounce of somebody's mail."""
        return self._mac(f"bounce\n{delivery}".encode()).hex()[:_BOUNCE_TAG]

    def _mac(self, body: bytes) -> bytes:
        return hmac.new(self._key, body, hashlib.sha256).digest()


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
