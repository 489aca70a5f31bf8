"""Messages that quote numbers: `At level 3: {v["SVC-03"].numerator}`. What stands in `{...}` is an expression."""

from __future__ import annotations

import re
from collections.abc import Callable

from shared.plan.expression.tokens import ExpressionError

TEMPLATE_CHARACTERS_MAX = 500
QUOTES_MAX = 10

_QUOTE = re.compile(r"\{([^{}]*)\}")


def quotes_of(template: str) -> tuple[str, ...]:
    """The expressions in a message. ExpressionError when it is too long, quotes too much or has a lone bracket."""
    if len(template) > TEMPLATE_CHARACTERS_MAX:
        raise ExpressionError(f"the message is longer than {TEMPLATE_CHARACTERS_MAX} characters")
    found = tuple(_QUOTE.findall(template))
    if len(found) > QUOTES_MAX:
        raise ExpressionError(f"the message quotes more than {QUOTES_MAX} numbers")
    rest = _QUOTE.sub("", template)
    if "{" in rest or "}" in rest:
        raise ExpressionError("a `{` without its `}`", "quote a number as {numerator}")
    return found


def filled(template: str, quoted: Callable[[str], str]) -> str:
    """The message with every expression replaced by what `quoted` says of it."""
    return _QUOTE.sub(lambda match: quoted(match.group(1)), template)
