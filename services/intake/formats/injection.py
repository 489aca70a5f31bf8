"""Text that a spreadsheet would run as a formula is made to be text again.

A cell beginning with = + - @, a tab or a carriage return is a formula (or can become one) to spreadsheet programs.
Numbers are written as numbers and need no guard. An apostrophe in front makes it text; a cell that already begins
with apostrophes before such a character gets one more, so `unguarded(guarded(text)) == text` for every text.
"""

from __future__ import annotations

import re

_DANGEROUS = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def guarded(text: str) -> str:
    """The text as it may stand in a CSV cell."""
    return f"'{text}" if _DANGEROUS.match(text) else text


def unguarded(text: str) -> str:
    """The text that `guarded` was given; any other text is itself."""
    return text[1:] if _GUARDED.match(text) else text
