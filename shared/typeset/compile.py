"""Compile a typst template with data to PDF, PNG or SVG. The only importer of typst.

Data enters as one JSON value under `sys.inputs.data`, never as source: whatever a name holds, it is text. A template
begins with `#let data = json(bytes(sys.inputs.data))`. The same template, data and instant give the same bytes.
A template may read files of its own folder only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import orjson
import typst

from shared.errors import Permanent

Format = Literal["pdf", "png", "svg"]

FONTS = ("Noto Sans", "DejaVu Sans", "Libertinus Serif")
"""In order of preference, for templates: `sys.inputs.fonts`. The last one comes with typst and knows Vietnamese."""
DATA_BYTES_MAX = 16 * 1024 * 1024
PNG_PPI = 144.0


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    """The fonts of this machine, looked for once: looking for them takes longer than setting a page."""
    return typst.Fonts()


class NotTypeset(Permanent):
    """The template and the data do not make a document; the message says why."""


def typeset(
    template: Path, data: Mapping[str, Any], *, format: Format = "pdf", at_ms: int = 0, ppi: float = PNG_PPI
) -> bytes:
    """The document. `at_ms`: the instant that a PDF names as that of its making.

    NotTypeset when the template does not take the data, when the data is larger than DATA_BYTES_MAX, or when an image
    would have several pages. Takes some 2 to 100 ms of CPU and releases the interpreter: call `typeset_aside` from
    an event loop.
    """
    given = orjson.dumps(data)
    if len(given) > DATA_BYTES_MAX:
        raise NotTypeset(f"{template.name}: {len(given)} bytes of data, more than {DATA_BYTES_MAX}")
    try:
        made = typst.compile(
            str(template),
            root=str(template.parent),
            format=format,
            ppi=ppi,
            font_paths=_fonts(),
            sys_inputs={"data": given.decode(), "fonts": orjson.dumps(FONTS).decode()},
            timestamp=at_ms // 1000,
        )
    except typst.TypstError as error:
        raise NotTypeset(f"{template.name}: {error}") from error
    if not isinstance(made, bytes):
        raise NotTypeset(f"{template.name}: an image has one page")
    return made


async def typeset_aside(
    template: Path, data: Mapping[str, Any], *, format: Format = "pdf", at_ms: int = 0, ppi: float = PNG_PPI
) -> bytes:
    """`typeset` in a thread."""
    return await asyncio.to_thread(typeset, template, data, format=format, at_ms=at_ms, ppi=ppi)
