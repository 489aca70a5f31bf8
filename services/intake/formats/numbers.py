"""Numbers as people write them in files: with a decimal point or a decimal comma, never with thousands separators.

`1,234` may be 1234 or 1.234, so a single separator before exactly three digits is refused unless the caller has said
which mark is the decimal one. Without that, the first number that can be read only one way decides for its file, and a
later one written the other way is refused.
"""

from __future__ import annotations

import re
from typing import Literal

Decimal = Literal["auto", "point", "comma"]

_DIGITS_MAX = 18
_PLAIN = re.compile(r"[+-]?[0-9]{1,18}")
_FRACTION = re.compile(r"([+-]?[0-9]{1,18})([.,])([0-9]{1,15})")
_MARKS: dict[str, str] = {"point": ".", "comma": ","}


class NumberFault(ValueError):
    """A cell that is no number we take: `code` says which kind of fault, `expected` what would be taken."""

    def __init__(self, code: str, expected: str) -> None:
        super().__init__(code)
        self.code = code
        self.expected = expected


class Numbers:
    """Reads the numbers of one file."""

    def __init__(self, decimal: Decimal) -> None:
        self._declared = decimal != "auto"
        self._mark = _MARKS.get(decimal, "")

    def read(self, text: str) -> float:
        """The number. NumberFault: NUMBER_UNREADABLE, NUMBER_AMBIGUOUS or NUMBER_MARK (the other decimal mark)."""
        if (text.isdigit() and text.isascii() and len(text) <= _DIGITS_MAX) or _PLAIN.fullmatch(text):
            return float(text)
        found = _FRACTION.fullmatch(text)
        if found is None:
            raise NumberFault("NUMBER_UNREADABLE", "digits, at most one decimal mark")
        whole, mark, digits = found.groups()
        if not self._declared and len(digits) == 3 and whole.lstrip("+-") != "0":
            raise NumberFault("NUMBER_AMBIGUOUS", "say decimal=comma or decimal=point")
        if self._mark and mark != self._mark:
            raise NumberFault("NUMBER_MARK", f"decimal mark {self._mark}")
        self._mark = mark
        return float(f"{whole}.{digits}")
