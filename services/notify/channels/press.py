"""The press: a digest in one language as HTML, plain text, charts and a document.

The HTML names its charts by content id and stands without them: each has its numbers as alternative text. Where the
document cannot be typeset the letter goes without it; a digest is not held up by its looks.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import structlog

from services.notify.channels.digest_page import digest_page
from services.notify.channels.letters import TEMPLATES_DIR, Letters
from services.notify.channels.words import DOMAIN, LOCALE_DIR, Words
from services.notify.domain.contacts import LANGUAGES
from services.notify.domain.digests.letter import DigestLetter
from services.notify.domain.digests.printed import Printed
from services.notify.domain.enclosures import Enclosure, bounded
from services.notify.formats.page import Chart, Page
from services.notify.formats.typeset import chart_png, page_pdf
from shared.typeset.compile import NotTypeset

HASH_CHARACTERS = 12
DRAWN_MAX = 32
"""Charts that are kept as they were drawn, some 30 KB each."""
log = structlog.stdlib.get_logger(__name__)


class Press:
    """Prints digests. `dashboard_url` is where what was sent is read again by who is signed in there."""

    def __init__(
        self,
        letters: Letters,
        *,
        dashboard_url: str,
        document: Callable[..., Awaitable[bytes]] = page_pdf,
        chart: Callable[[Chart], Awaitable[bytes]] = chart_png,
    ) -> None:
        self._letters = letters
        self._document = document
        self._chart = chart
        self._dashboard_url = dashboard_url.rstrip("/")
        self._words = {language: Words(language) for language in LANGUAGES}
        self._template = template_version()
        self._drawn: dict[Chart, bytes] = {}

    async def print(self, letter: DigestLetter, language: str) -> Printed:
        """The same letter gives the same bytes."""
        page = digest_page(letter, self._words[language], template=self._template)
        files = await self._enclosures(page, letter)
        shown = {file.content_id for file in files}
        charts = [chart for chart in page.charts if chart.content_id in shown]
        view_url = self._view_url(letter, language)
        made = self._letters.page("digest", page, language, charts=charts, view_url=view_url)
        return Printed(page.headline, replace(made, template=self._template), files)

    async def _enclosures(self, page: Page, letter: DigestLetter) -> tuple[Enclosure, ...]:
        """Charts and the document; none of them when they cannot be made."""
        try:
            *images, document = await asyncio.gather(
                *(self._drawing(chart) for chart in page.charts), self._document(page, at_ms=letter.moment.made_at_ms)
            )
        except NotTypeset:
            log.exception("digest_not_typeset", plan=letter.plan, audience=letter.audience)
            return ()
        charts = [
            Enclosure(f"{chart.name}.png", "image/png", image, chart.content_id)
            for chart, image in zip(page.charts, images, strict=True)
        ]
        name = f"{letter.plan}-{letter.audience}-{letter.moment.window_to_ms}-{page.language}.pdf".lower()
        return bounded([*charts, Enclosure(name, "application/pdf", document)])

    async def _drawing(self, chart: Chart) -> bytes:
        """From one morning to the next most charts stay as they are."""
        image = self._drawn.get(chart)
        if image is None:
            image = await self._chart(chart)
            if len(self._drawn) >= DRAWN_MAX:
                self._drawn.clear()
            self._drawn[chart] = image
        return image

    def _view_url(self, letter: DigestLetter, language: str) -> str:
        """Where a run is read again; nowhere for a preview."""
        run = letter.moment.run
        return f"{self._dashboard_url}/digests/{run}?language={language}" if run else ""


def template_version(templates_dir: Path = TEMPLATES_DIR) -> str:
    """The version of what digests are made with, derived from it: templates, charts, phrases, both catalogues."""
    here = Path(__file__).resolve().parent
    made_with = [
        *templates_dir.glob("digest.*.j2"),
        *templates_dir.glob("_base.*.j2"),
        *here.parent.joinpath("formats", "templates").glob("*.typ"),
        *here.glob("digest_*.py"),
        *LOCALE_DIR.glob(f"*/LC_MESSAGES/{DOMAIN}.po"),
    ]
    digest = hashlib.sha256()
    for path in sorted(made_with, key=lambda path: path.as_posix()):
        digest.update(path.name.encode() + b"\n" + path.read_bytes())
    return f"digest-2 {digest.hexdigest()[:HASH_CHARACTERS]}"
