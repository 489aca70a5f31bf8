"""How the year's value was made."""

from __future__ import annotations

from services.scoring.domain.annual import combination
from services.scoring.domain.wording.numbers import LANGUAGES, Words, number
from shared.plan.model import Indicator

HOW: dict[str, Words] = {
    "sum": {"vi": "cộng các kỳ đã duyệt", "en": "sum of the accepted periods"},
    "mean": {"vi": "trung bình các kỳ đã duyệt", "en": "mean of the accepted periods"},
    "last": {"vi": "kỳ được duyệt sau cùng", "en": "last accepted period"},
}
YEAR_TO_DATE = {"vi": "lũy kế đến kỳ được duyệt sau cùng", "en": "year to date at the last accepted period"}

COMPUTED: dict[str, Words] = {
    "reports_on_time": {
        "vi": "báo cáo đúng hạn và không bị trả lại / báo cáo đã đến hạn",
        "en": "reports on time and never returned / reports due",
    },
    "findings_remedied": {
        "vi": "kiến nghị đã khắc phục đúng hạn / kiến nghị đã đến hạn",
        "en": "findings remedied on time / findings due",
    },
}


def annual_words(indicator: Indicator, value: float, numerator: float, denominator: float) -> Words:
    """How the annual value was made."""
    plain = YEAR_TO_DATE if indicator.time == "cumulative_ytd" else HOW[combination(indicator)]
    how = COMPUTED.get(indicator.computed_by, plain)
    made = made_of(indicator, value, numerator, denominator)
    colon = ":" if made != number(value) else " ="
    return {language: f"{how[language]}{colon} {made}" for language in LANGUAGES}


def made_of(indicator: Indicator, value: float, numerator: float, denominator: float) -> str:
    """`100 x 45 / 60 = 75` for a quotient whose parts give the value, the value alone for anything else."""
    if not indicator.is_quotient or not denominator > 0:
        return number(value)
    scale = f"{number(indicator.scale)} x " if indicator.scale != 1 else ""
    return f"{scale}{number(numerator)} / {number(denominator)} = {number(value)}"
