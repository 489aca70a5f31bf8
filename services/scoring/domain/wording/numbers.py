"""Numbers as text: exactly enough to be recalculated in formulas, rounded for people in sentences."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

Words = dict[str, str]
LANGUAGES = ("vi", "en")
SHARE_DECIMALS = 4
POINTS_DECIMALS = 2
LARGEST_PLAIN = 1e15


def number(value: float | None) -> str:
    """A number as short as it can be written exactly enough to be recalculated; a dash for none."""
    return "-" if value is None or math.isnan(value) else f"{value:.12g}"


def rounded(value: float, decimals: int, language: str) -> str:
    """Half-up at so many decimals, trailing zeros dropped; a decimal comma in Vietnamese.

    What would round to 0 without being 0, and what is beyond 15 digits, keeps its first four digits.
    """
    if value != 0 and (abs(value) < 0.5 * 10**-decimals or abs(value) >= LARGEST_PLAIN):
        return localised(f"{value:.4g}", language)
    # The twelfth digit first: 0.575 is 0.57499999999999996 in binary, and people expect 0.58.
    exact = Decimal(f"{value:.12g}").quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    text = format(exact, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return localised("0" if text == "-0" else text, language)


def localised(text: str, language: str) -> str:
    return text.replace(".", ",") if language == "vi" else text


def both(vi: str, en: str) -> Words:
    return {"vi": vi, "en": en}
