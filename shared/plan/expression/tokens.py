"""The words of an expression."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

CHARACTERS_MAX = 1000

Kind = Literal["number", "text", "name", "sign", "end"]

_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<text>\"[^\"\\\n\r]*\"|'[^'\\\n\r]*')"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign><=|>=|==|!=|&&|\|\||[-+*/%<>!?:.,()\[\]])"
)
_BLANK = re.compile(r"[ \t\r\n]*")


class ExpressionError(ValueError):
    """Why an expression is refused, and how to mend it."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        self.message, self.hint = message, hint
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Token:
    """One word, and where it stands in the source: [start, end)."""

    kind: Kind
    text: str
    start: int
    end: int


def tokens_of(source: str) -> list[Token]:
    """The words of an expression with an `end` behind them. ExpressionError when it is too long or has other signs."""
    if len(source) > CHARACTERS_MAX:
        raise ExpressionError(f"the expression is longer than {CHARACTERS_MAX} characters", "split the rule in two")
    found: list[Token] = []
    at = _past_blanks(source, 0)
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            raise ExpressionError(f"{source[at]!r} is not understood at character {at + 1}", _hint(source[at]))
        kind: Kind = match.lastgroup  # type: ignore[assignment]  # the groups are named after the kinds
        found.append(Token(kind, match.group(), at, match.end()))
        at = _past_blanks(source, match.end())
    return [*found, Token("end", "", len(source), len(source))]


def _past_blanks(source: str, at: int) -> int:
    blank = _BLANK.match(source, at)
    return blank.end() if blank else at


def _hint(sign: str) -> str | None:
    return {
        "=": "write == to compare",
        "&": "write &&",
        "|": "write ||",
        '"': "a text ends with the quote that it began with, and has no backslash",
        "'": "a text ends with the quote that it began with, and has no backslash",
        "{": "write no maps",
    }.get(sign)
