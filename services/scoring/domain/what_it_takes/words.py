"""One plain sentence per indicator about what it would take. Numbers are rounded here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.scoring.domain.evaluate import Leaf
from services.scoring.domain.wording.numbers import LANGUAGES, Words, rounded

DECIMALS = 4

OTHERS: Words = {
    "vi": " Số liệu của các đơn vị khác được giữ nguyên.",
    "en": " The others' numbers are taken to stay as they are.",
}


def need_sentence(leaf: Leaf, row: Mapping[str, Any]) -> Words:
    """`66 instead of 60 would do (6 more).`, or that this indicator alone cannot do it."""
    tail = OTHERS if row["compares"] else {"vi": "", "en": ""}
    return {language: _sentence(leaf, row, language) + tail[language] for language in LANGUAGES}


def _sentence(leaf: Leaf, row: Mapping[str, Any], language: str) -> str:
    if not row["possible"]:
        return {
            "vi": "Chỉ riêng chỉ tiêu này thì không đủ, dù đạt mức cao nhất.",
            "en": "This indicator alone cannot do it, even at its best.",
        }[language]
    needed = _number(row["value_needed"], language, leaf.indicator.measure)
    if row["value"] is None:
        return {"vi": f"Cần báo cáo {needed}.", "en": f"Reporting {needed} would do."}[language]
    held = _number(row["value"], language, leaf.indicator.measure)
    more = _more(row["delta"], language) + _parts(row, language)
    return {
        "vi": f"Cần đạt {needed} thay vì {held} ({more}).",
        "en": f"{needed} instead of {held} would do ({more}).",
    }[language]


def _parts(row: Mapping[str, Any], language: str) -> str:
    """For a quotient, what that is in its numerator."""
    if row["numerator_needed"] is None:
        return ""
    numbers = [_number(row[name], language) for name in ("numerator_needed", "denominator", "numerator")]
    return {
        "vi": f"; tử số {numbers[0]} trên {numbers[1]} thay vì {numbers[2]}",
        "en": f"; {numbers[0]} of {numbers[1]} instead of {numbers[2]}",
    }[language]


def _more(delta: float, language: str) -> str:
    many = _number(abs(delta), language)
    more = {"vi": f"thêm {many}", "en": f"{many} more"}
    less = {"vi": f"bớt {many}", "en": f"{many} less"}
    return (more if delta > 0 else less)[language]


def _number(value: float, language: str, measure: str = "") -> str:
    text = rounded(value, DECIMALS, language)
    return f"{text} {measure}" if measure else text
