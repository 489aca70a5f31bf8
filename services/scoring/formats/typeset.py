"""The printed documents: a unit's sheet and the ranking book, as PDF."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.scoring.formats.documents import book_data, sheet_data
from services.scoring.formats.facts import Facts, Language
from shared.typeset.compile import typeset

_TEMPLATES = Path(__file__).parent / "templates"


def sheet_pdf(facts: Facts, explanation: Mapping[str, Any], language: Language) -> bytes:
    """The sheet of one unit. The same inputs give the same bytes."""
    data = sheet_data(facts, explanation, language)
    return typeset(_TEMPLATES / "sheet.typ", data, at_ms=facts.evaluation.as_of_ms)


def book_pdf(facts: Facts, language: Language) -> bytes:
    """The ranking of every peer group."""
    return typeset(_TEMPLATES / "book.typ", book_data(facts, language), at_ms=facts.evaluation.as_of_ms)
