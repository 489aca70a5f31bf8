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

from services.notify.channels.editions import Editions
from services.notify.channels.words import LOCALE_DIR, Words
from services.notify.domain.budget import FoldedLetter
from services.notify.domain.contacts import LANGUAGES
from services.notify.domain.deliveries import Letter
from services.notify.domain.inspections.letter import InspectionLetter
from services.notify.domain.letters import AlertLetter, ReminderLetter

TEMPLATES_DIR = Path(__file__).resolve().parent.parent / "templates"
TITLE_CHARACTERS_MAX = 160

_BLANK_LINES = re.compile(r"\n{3,}")
_INDENTED = re.compile(r"\s*\n\s*")


class Letters:
    """Writes every kind of letter in every language. `dashboard_url` is where links lead."""

    def __init__(
        self, *, dashboard_url: str, templates_dir: Path = TEMPLATES_DIR, locale_dir: Path = LOCALE_DIR
    ) -> None:
        self._dashboard_url = dashboard_url.rstrip("/")
        self._words = {language: Words(language, locale_dir) for language in LANGUAGES}
        self._environments = {language: _environment(words, templates_dir) for language, words in self._words.items()}
        self._editions = Editions(templates_dir, locale_dir)
        self._inliner = css_inline.CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)

    def reminder(self, letter: ReminderLetter) -> Letter:
        return self._write("reminder", letter, letter.recipient.language)

    def alert(self, letter: AlertLetter) -> Letter:
        return self._write("alert", letter, letter.recipient.language)

    def inspection(self, letter: InspectionLetter) -> Letter:
        return self._write("inspection", letter, letter.recipient.language)

    def page(self, kind: str, page: Any, language: str, **more: Any) -> Letter:
        """A letter from what is in words already; `page.title` is its title."""
        title = page.title[:TITLE_CHARACTERS_MAX]
        html = self._render(f"{kind}.html.j2", page, language, title=title, **more)
        text = self._render(f"{kind}.txt.j2", page, language, title=title, **more)
        plain = _BLANK_LINES.sub("\n\n", text).strip() + "\n"
        lean = _INDENTED.sub("\n", self._inliner.inline(html))
        return Letter(title, lean, plain, self._editions.of(kind, language))

    def folded(self, letter: FoldedLetter) -> Letter:
        """What was held back for the budget of a day, told in one message the next morning."""
        return self._write("folded", letter, letter.language)

    def part(self, template: str, language: str, **values: Any) -> str:
        """A template by itself: the foot of a mail, a page of our own."""
        return self._environments[language].get_template(template).render(**values)

    def _write(self, kind: str, letter: Any, language: str) -> Letter:
        title = self._part(kind, letter, language, "title")[:TITLE_CHARACTERS_MAX]
        html = self._render(f"{kind}.html.j2", letter, language, title=title)
        text = self._render(f"{kind}.txt.j2", letter, language, title=title)
        plain = _BLANK_LINES.sub("\n\n", text).strip() + "\n"
        return Letter(title, self._inliner.inline(html), plain, self._editions.of(kind, language))

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
        auto_reload=False,  # else every letter asks the disk whether its template has changed
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
