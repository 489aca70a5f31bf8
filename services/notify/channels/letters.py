"""Letters in words: Jinja2 templates per kind, one HTML and one plain text each, styles moved inline.

Mail programs read tables and inline styles; what a media query adds (a phone's width, a dark screen) stays in the head
for those that understand it. No images, no web fonts, nothing is fetched.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.notify.channels.words import LOCALE_DIR, Words
from services.notify.domain.contacts import LANGUAGES
from services.notify.domain.deliveries import Letter
from services.notify.domain.digests import DigestLetter
from services.notify.domain.letters import AlertLetter, ReminderLetter

TEMPLATES_DIR = Path(__file__).resolve().parent.parent / "templates"
TITLE_CHARACTERS_MAX = 160

_BLANK_LINES = re.compile(r"\n{3,}")


class Letters:
    """Writes every kind of letter in every language. `dashboard_url` is where links lead."""

    def __init__(
        self, *, dashboard_url: str, templates_dir: Path = TEMPLATES_DIR, locale_dir: Path = LOCALE_DIR
    ) -> None:
        self._dashboard_url = dashboard_url.rstrip("/")
        self._words = {language: Words(language, locale_dir) for language in LANGUAGES}
        self._environments = {language: _environment(words, templates_dir) for language, words in self._words.items()}
        self._inliner = css_inline.CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)

    def reminder(self, letter: ReminderLetter) -> Letter:
        return self._write("reminder", letter, letter.recipient.language)

    def alert(self, letter: AlertLetter) -> Letter:
        return self._write("alert", letter, letter.recipient.language)

    def digest(self, letter: DigestLetter, language: str) -> Letter:
        return self._write("digest", letter, language)

    def headline(self, letter: DigestLetter, language: str) -> str:
        """The digest in one sentence, as its heading says it."""
        return self._part("digest", letter, language, "headline")

    def _write(self, kind: str, letter: Any, language: str) -> Letter:
        title = self._part(kind, letter, language, "title")[:TITLE_CHARACTERS_MAX]
        html = self._render(f"{kind}.html.j2", letter, language, title=title)
        text = self._render(f"{kind}.txt.j2", letter, language, title=title)
        return Letter(title, self._inliner.inline(html), _BLANK_LINES.sub("\n\n", text).strip() + "\n")

    def _part(self, kind: str, letter: Any, language: str, part: str) -> str:
        return " ".join(self._render(f"{kind}.{part}.j2", letter, language).split())

    def _render(self, template: str, letter: Any, language: str, **more: Any) -> str:
        found = self._environments[language].get_template(template)
        return found.render(letter=letter, dashboard_url=self._dashboard_url, **more)


def _environment(words: Words, templates_dir: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates_dir),
        extensions=["jinja2.ext.i18n"],
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default_for_string=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(words.translations, newstyle=True)  # type: ignore[attr-defined]
    environment.globals.update(words=words, language=words.language)
    environment.filters["cell"] = _cell
    return environment


def _cell(value: str, width: int) -> str:
    """A text padded to a column of a plain-text table; a longer one is cut with an ellipsis."""
    return value.ljust(width) if len(value) <= width else f"{value[: width - 1]}…"
