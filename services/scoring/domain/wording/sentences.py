"""One plain sentence per indicator: value, what it was held against, share, points.

Numbers are rounded here, and here only: values to four decimals, shares to four, points to two.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from services.scoring.domain.cells import Status
from services.scoring.domain.evaluate import Leaf
from services.scoring.domain.wording.annual import made_of
from services.scoring.domain.wording.numbers import LANGUAGES, POINTS_DECIMALS, SHARE_DECIMALS, Words, rounded
from services.scoring.domain.wording.reasons import reason_words
from shared.plan.methods import TARGET_METHODS

VALUE_DECIMALS = 4


def sentence(leaf: Leaf, at: int, *, points: float | None, points_max: float | None, weight: float) -> Words:
    """`100 x 45 / 60 = 75 against the target 80 gives 0.9375 of 6 points: 5.63.`

    Under a mean there are no points: the effective weight (a share of the index) is named instead. A cell without a
    share says why, and what that costs.
    """
    share = float(leaf.share[at])
    if math.isnan(share):
        return _without(leaf, at, points_max, weight)
    return {
        language: f"{_value(leaf, at, language)}{_against(leaf, at, language)}"
        f"{_gives(share, points, points_max, weight, language)}"
        for language in LANGUAGES
    }


def _value(leaf: Leaf, at: int, language: str) -> str:
    value, numerator, denominator = (
        float(row[at]) for row in (leaf.column.value, leaf.column.numerator, leaf.column.denominator)
    )
    if math.isnan(value):
        reason = reason_words(Status(int(leaf.status[at])), denominator=denominator, least=0.0)
        return reason[language]
    parts = [rounded(part, VALUE_DECIMALS, language) for part in (numerator, denominator, value)]
    if "=" not in made_of(leaf.indicator, value, numerator, denominator):
        return parts[2]
    scale = f"{rounded(leaf.indicator.scale, VALUE_DECIMALS, language)} x " if leaf.indicator.scale != 1 else ""
    return f"{scale}{parts[0]} / {parts[1]} = {parts[2]}"


def _against(leaf: Leaf, at: int, language: str) -> str:
    if leaf.indicator.method.kind in TARGET_METHODS:
        target = float(leaf.target[at])
        if math.isnan(target):
            return ""
        named = {"vi": " so với chỉ tiêu ", "en": " against the target "}
        return named[language] + rounded(target, VALUE_DECIMALS, language)
    for name, words in POSTS.items():
        row = leaf.reference.get(name)
        if row is not None and not math.isnan(float(row[at])):
            return words[language](rounded(float(row[at]), VALUE_DECIMALS, language))
    return ""


POSTS: dict[str, dict[str, Callable[[str], str]]] = {
    "peer_max": {
        "vi": lambda most: f" so với mức cao nhất trong nhóm {most}",
        "en": lambda most: f" against the highest of its peers {most}",
    },
    "mean": {
        "vi": lambda mean: f" so với trung bình {mean}",
        "en": lambda mean: f" against the mean {mean}",
    },
    "compared": {
        "vi": lambda many: f" khi so giữa {many} đơn vị",
        "en": lambda many: f" among {many} units",
    },
}


def _gives(share: float, points: float | None, points_max: float | None, weight: float, language: str) -> str:
    earned = rounded(share, SHARE_DECIMALS, language)
    if points is not None and points_max is not None:
        most, got = (rounded(part, POINTS_DECIMALS, language) for part in (points_max, points))
        return {
            "vi": f" đạt {earned} của {most} điểm: {got}.",
            "en": f" gives {earned} of {most} points: {got}.",
        }[language]
    part = rounded(100 * weight, POINTS_DECIMALS, language)
    return {
        "vi": f" đạt {earned}, chiếm {part} % trọng số của chỉ số.",
        "en": f" gives {earned}, with {part} % of the weight of the index.",
    }[language]


def _without(leaf: Leaf, at: int, points_max: float | None, weight: float) -> Words:
    status, denominator = Status(int(leaf.status[at])), float(leaf.column.denominator[at])
    reason = reason_words(status, denominator=denominator, least=leaf.indicator.min_denominator)
    if points_max is not None and points_max > 0:
        cost = {language: rounded(points_max, POINTS_DECIMALS, language) for language in LANGUAGES}
        tail = {"vi": f": 0 của {cost['vi']} điểm.", "en": f": 0 of {cost['en']} points."}
    elif weight > 0:
        part = {language: rounded(100 * weight, POINTS_DECIMALS, language) for language in LANGUAGES}
        tail = {
            "vi": f": 0, chiếm {part['vi']} % trọng số của chỉ số.",
            "en": f": 0, with {part['en']} % of the weight of the index.",
        }
    else:
        tail = {"vi": ": không tính vào chỉ số.", "en": ": not counted in the index."}
    return {language: _capital(reason[language]) + tail[language] for language in LANGUAGES}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
