"""What must not reach a log: values of secret-looking keys, and passwords inside addresses."""

from __future__ import annotations

import re
from collections.abc import Hashable
from functools import lru_cache
from typing import Any

REDACTED = "[redacted]"
DEPTH_MAX = 4

_NAMES = frozenset({"token", "password", "passwd", "secret", "authorization", "cookie", "key", "apikey", "bearer"})
_ENDINGS = ("_token", "_password", "_secret", "_key", "-key", "-token", "_cookie")
_CREDENTIALS = re.compile(r"(://)[^/@\s]*:[^/@\s]*@")


def redacted(held: dict[str, Any], depth: int = DEPTH_MAX) -> dict[str, Any]:
    """A copy in which secrets are replaced, in nested mappings and lists too. Deeper than DEPTH_MAX is left out."""
    return {name: REDACTED if is_secret(name) else _clean(value, depth) for name, value in held.items()}


@lru_cache(maxsize=1024)
def is_secret(name: Hashable) -> bool:
    """Whether a key's name says that its value is a secret."""
    if not isinstance(name, str):
        return False
    lower = name.lower()
    return lower in _NAMES or lower.endswith(_ENDINGS)


def _clean(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return _CREDENTIALS.sub(rf"\1{REDACTED}@", value) if "://" in value and "@" in value else value
    if isinstance(value, dict):
        return redacted(value, depth - 1) if depth else "..."
    if isinstance(value, (list, tuple)):
        return [_clean(item, depth - 1) for item in value] if depth else "..."
    return value
