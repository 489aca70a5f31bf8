"""Names of units within their group: what all of them begin with is left out, so that what differs is seen. Pure."""

from __future__ import annotations

from collections.abc import Mapping

WORDS_MIN = 3
UNITS_MIN = 5
LEFT_OUT = "…"


def shortened(names: Mapping[str, str]) -> dict[str, str]:
    """Code -> name without the words that every name of the group begins with.

    Only where at least UNITS_MIN names share at least WORDS_MIN words and each has something left.
    """
    split = {code: name.split() for code, name in names.items()}
    shared = _shared([*split.values()]) if len(split) >= UNITS_MIN else 0
    if shared < WORDS_MIN:
        return dict(names)
    return {code: " ".join([LEFT_OUT, *words[shared:]]) for code, words in split.items()}


def _shared(names: list[list[str]]) -> int:
    """How many leading words all names share, leaving each at least one of its own."""
    most = min(len(words) for words in names) - 1
    for place in range(most):
        if len({words[place] for words in names}) > 1:
            return place
    return max(most, 0)
