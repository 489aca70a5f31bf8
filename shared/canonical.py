"""Canonical JSON (RFC 8785): equal values give equal bytes, so that a hash of them means something.

`rfc8785` is right for everything and written in Python (some 300 us for a report of 26 values). What orjson writes the
same way goes through orjson instead: sorted ASCII keys, texts, whole numbers, and fractions in the range that both
write as plain decimals. Anything else is left to the library; a property test holds the two against each other.
"""

from __future__ import annotations

from typing import Any

import orjson
import rfc8785

_WHOLE_MAX = 2**53 - 1
_PLAIN_MIN, _PLAIN_MAX = 1e-4, 1e15


class _Unusual(Exception):
    """A value that the two might write differently."""


def canonical(value: Any) -> bytes:
    """The value as RFC 8785 JSON. `rfc8785.CanonicalizationError` for what has none (NaN, integers past 2**53)."""
    try:
        return orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS)
    except (_Unusual, orjson.JSONEncodeError):
        return rfc8785.dumps(value)


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return _members(value)
    if kind is list or kind is tuple:
        return [_plain(held) for held in value]
    if kind is float:
        return _fraction(value)
    if kind is str or kind is bool or value is None or (kind is int and -_WHOLE_MAX <= value <= _WHOLE_MAX):
        return value
    raise _Unusual


def _members(value: dict[Any, Any]) -> dict[str, Any]:
    """Plain values are passed over here and not by a call each: a report has a hundred of them."""
    found: dict[str, Any] = {}
    for key, held in value.items():
        # Other keys sort by UTF-16 there and by code point here.
        if type(key) is not str or not key.isascii():
            raise _Unusual
        kind = type(held)
        if kind is str or held is None:
            found[key] = held
        elif kind is float:
            found[key] = _fraction(held)
        else:
            found[key] = _plain(held)
    return found


def _fraction(value: float) -> float | int:
    if _PLAIN_MIN <= value <= _PLAIN_MAX or value == 0 or _PLAIN_MIN <= -value <= _PLAIN_MAX:
        return int(value) if value.is_integer() else value
    raise _Unusual
