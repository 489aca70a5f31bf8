"""Keys of unit systems: what they look like, how they are kept, when they hold. Pure: randomness is handed in.

A key is `tdo_` and 43 characters of 256 random bits, so one round of SHA-256 is enough to keep it: nothing shorter
than the key itself can be guessed. Its id is the start of that hash, so finding a key is one read by id.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

PREFIX = "tdo_"
RANDOM_BYTES = 32
_FORM = re.compile(r"tdo_[A-Za-z0-9_-]{43}")
_ID_DIGITS = 24

SCOPES = frozenset({"report:write", "report:read", "obligation:read", "plan:read", "unit:read"})
"""What a unit system may do, for its own unit."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is kept: never the secret itself. `last_used_ms` 0 means never, `expires_at_ms` 0 never expires."""

    id: str
    sha256: str
    unit: str
    label: str
    created_ms: int
    created_by: str
    expires_at_ms: int = 0
    revoked_ms: int = 0
    last_used_ms: int = 0
    rev: int = 0

    def holds(self, now_ms: int) -> bool:
        """Whether the key is accepted at this instant; at its expiry it no longer is."""
        return self.revoked_ms == 0 and (self.expires_at_ms == 0 or now_ms < self.expires_at_ms)


def secret_of(random: bytes) -> str:
    """The secret made of RANDOM_BYTES random bytes."""
    return PREFIX + base64.urlsafe_b64encode(random).decode().rstrip("=")


def looks_like_key(bearer: str) -> bool:
    return _FORM.fullmatch(bearer) is not None


def sha256_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def id_of(secret: str) -> str:
    return f"key-{sha256_of(secret)[:_ID_DIGITS]}"


def is_secret_of(key: Key, secret: str) -> bool:
    """Whether the secret is this key's, compared in constant time."""
    return hmac.compare_digest(key.sha256, sha256_of(secret))
