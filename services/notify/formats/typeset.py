"""A page as a document, and its charts as images."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

from services.notify.formats.page import Chart, Page
from shared.typeset.compile import typeset_aside

_TEMPLATES = Path(__file__).parent / "templates"
CHART_PPI = 216.0
"""Three device pixels to a px of the letter: sharp on a phone, where the image is as wide as the screen."""


SHEETS_MAX = 2
SCALES = (1.0, 0.92, 0.84, 0.76)
"""Sizes of the text, tried in turn until the page fits its sheets; the last one stands whatever it takes."""

_PAGE_OBJECT = re.compile(rb"/Type\s*/Page\b(?!s)")


async def page_pdf(page: Page, *, at_ms: int) -> bytes:
    """The page on one or two sheets of A4. The same page and instant give the same bytes."""
    held, document = asdict(page), b""
    for scale in SCALES:
        document = await typeset_aside(_TEMPLATES / "digest.typ", {**held, "scale": scale}, at_ms=at_ms)
        if sheets(document) <= SHEETS_MAX:
            break
    return document


def sheets(document: bytes) -> int:
    """How many pages a typeset document has."""
    return len(_PAGE_OBJECT.findall(document))


async def chart_png(chart: Chart) -> bytes:
    """The chart, 280 px wide at three pixels to one, on white: it reads on a dark screen too."""
    return await typeset_aside(_TEMPLATES / "chart.typ", asdict(chart), format="png", ppi=CHART_PPI)
