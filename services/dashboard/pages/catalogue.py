"""The catalogues of translations: read from the `.po` files at start, compiled in memory. No `.mo` is kept."""

from __future__ import annotations

import io
from functools import cache
from gettext import GNUTranslations
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).parent.parent / "locale"


def N_(text: str) -> str:
    """Marks a text for the catalogues that is translated later, where the language is known."""
    return text


@cache
def translations(language: str) -> GNUTranslations:
    """The catalogue of a language."""
    with (LOCALES / language / "LC_MESSAGES" / "dashboard.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
