from __future__ import annotations

import pytest

from shared.http.language import as_language, choose_language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "vi"),
        ("", "vi"),
        ("en", "en"),
        ("EN-us", "en"),
        ("fr, de", "vi"),
        ("fr, en;q=0.1", "en"),
        ("en;q=0.5, vi;q=0.4", "en"),
        ("en;q=0.4, vi;q=0.5", "vi"),
        ("en, vi", "en"),
        ("vi, en", "vi"),
        ("*", "vi"),
        ("vi;q=0, *", "en"),
        ("en;q=0", "vi"),
        ("en;q=nan", "vi"),
        ("en; Q = 0.9 , vi;q=0.1", "en"),
        (",;;=,", "vi"),
        ("en-GB;q=0.2, en;q=0.9, vi;q=0.5", "en"),
    ],
)
def test_the_header_decides_by_quality_then_by_order(header: str | None, language: str) -> None:
    assert choose_language(header) == language


def test_only_our_languages_can_be_chosen_by_hand() -> None:
    assert as_language("en") == "en"
    assert as_language("fr") is None
