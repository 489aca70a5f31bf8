"""Keys of unit systems: what they look like, what they may, when they hold. Pure: randomness is handed in.

A key is `tdo_` and 43 characters of 256 random bits, so one round of SHA-256 is enough to keep it: nothing shorter
than the key itself can be guessed. Its id is the start of that hash, so finding a key is one read by id.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Literal

PREFIX = "tdo_"
RANDOM_BYTES = 32
_FORM = re.compile(r"tdo_[A-Za-z0-9_-]{43}")
_ID_DIGITS = 24

SCOPES = frozenset({"report:write", "report:read", "obligation:read", "plan:read", "unit:read"})
"""What a unit system may do unless its key says less: everything that it needs, for its own unit."""
GRANTABLE = SCOPES | {"report:review"}
"""What a key can be given."""

Fault = Literal["revoked", "expired", "address"]


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is kept: never the secret itself.

    `expires_at_ms` 0 never expires, `last_used_ms` 0 never used. `subtree`: also for all units below. `forms` and
    `networks` (CIDR): the only ones, all when empty. `replaces`, `replaced_by`: ids of the rotation before and after.
    """

    id: str
    sha256: str
    unit: str
    label: str
    created_ms: int
    created_by: str
    expires_at_ms: int = 0
    revoked_ms: int = 0
    last_used_ms: int = 0
    last_used_from: str = ""
    changed_ms: int = 0
    subtree: bool = False
    scopes: tuple[str, ...] = tuple(sorted(SCOPES))
    forms: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    replaces: str = ""
    replaced_by: str = ""
    rev: int = 0

    def fault(self, now_ms: int, address: str) -> Fault | None:
        """Why the key is not accepted now from this address; None when it is. At its expiry it no longer holds."""
        if self.revoked_ms:
            return "revoked"
        if self.expires_at_ms and now_ms >= self.expires_at_ms:
            return "expired"
        return None if not self.networks or is_within(address, self.networks) else "address"


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


def is_network(text: str) -> bool:
    """Whether the text is an address or a network in CIDR notation, without host bits."""
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def is_within(address: str, networks: Iterable[str]) -> bool:
    """Whether the address is in one of the networks; what is no address is in none."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in ip_network(network) for network in networks)


def expiry_after_rotation(key: Key, now_ms: int, overlap_seconds: int) -> int:
    """When the key that is replaced ends: after the overlap, and never later than it would have."""
    ends_ms = now_ms + overlap_seconds * 1000
    return min(ends_ms, key.expires_at_ms) if key.expires_at_ms else ends_ms


def covered(unit: str, parents: Mapping[str, str | None]) -> frozenset[str]:
    """The unit and all below it, by each unit's parent. A cycle, which the register refuses, ends the walk."""
    below: dict[str | None, list[str]] = {}
    for code, parent in parents.items():
        below.setdefault(parent, []).append(code)
    found: set[str] = set()
    waiting = [unit]
    while waiting:
        code = waiting.pop()
        if code not in found:
            found.add(code)
            waiting += below.get(code, [])
    return frozenset(found)
