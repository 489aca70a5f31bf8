"""Vietnamese or English, as the request's `Accept-Language` prefers (RFC 9110, section 12.5.4).

The language of the request being served is a context variable, so that an error raised anywhere below the edge is
written in it without being handed down.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Language = Literal["vi", "en"]

DEFAULT_LANGUAGE: Language = "vi"
LANGUAGES: tuple[Language, ...] = ("vi", "en")
HEADER_CHARACTERS_MAX = 1000

_language: ContextVar[Language] = ContextVar("tiendo_language", default=DEFAULT_LANGUAGE)


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages."""

    vi: str
    en: str

    def say(self, language: Language) -> str:
        return self.vi if language == "vi" else self.en


def current_language() -> Language:
    """The language of the request being served; Vietnamese outside of one."""
    return _language.get()


def set_language(language: Language) -> None:
    """Serve the rest of this context in a language."""
    _language.set(language)


@lru_cache(maxsize=256)
def choose_language(header: str | None) -> Language:
    """The language that the header prefers; the default when it names none of ours or cannot be read.

    Equal qualities: the one written first wins. A range matches by its primary tag (`en-GB` is `en`); `*` stands for
    the languages not named elsewhere; `q=0` refuses one.
    """
    if not header:
        return DEFAULT_LANGUAGE
    ranges = [_range(part) for part in header[:HEADER_CHARACTERS_MAX].split(",")]
    best: Language = DEFAULT_LANGUAGE
    best_quality, best_place = 0.0, len(ranges)
    for language in LANGUAGES:
        quality, place = _quality(language, ranges)
        if quality > best_quality or (quality == best_quality > 0 and place < best_place):
            best, best_quality, best_place = language, quality, place
    return best


def _range(part: str) -> tuple[str, float]:
    tag, *parameters = (piece.strip() for piece in part.split(";"))
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            quality = _number(value.strip())
    return tag.lower(), quality


def _number(value: str) -> float:
    """A quality in [0, 1]; what cannot be read counts as refused."""
    if not value or not set(value) <= set("0123456789.") or value.count(".") > 1 or value == ".":
        return 0.0
    return min(1.0, float(value))


def _quality(language: str, ranges: list[tuple[str, float]]) -> tuple[float, int]:
    """(quality, place in the header) of a language; the wildcard speaks only for what is not named."""
    named = [(quality, place) for place, (tag, quality) in enumerate(ranges) if tag.split("-")[0] == language]
    if named:
        return max(named, key=lambda found: (found[0], -found[1]))
    wildcard = [(quality, place) for place, (tag, quality) in enumerate(ranges) if tag == "*"]
    return wildcard[0] if wildcard else (0.0, len(ranges))


def as_language(value: str) -> Language | None:
    """The value as one of our languages, None for any other: for a person's own choice in a cookie or address."""
    return value if value in LANGUAGES else None
