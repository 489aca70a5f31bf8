"""Letters as a browser can show them: nothing in them runs, and nothing is fetched."""

from __future__ import annotations

import html
from base64 import b64encode
from collections.abc import Sequence

from services.notify.domain.enclosures import Enclosure

MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"


def with_images(markup: str, files: Sequence[Enclosure]) -> str:
    """The letter as a browser can show it: what a mail refers to by content id stands in it as data."""
    for file in files:
        if file.content_id is not None:
            data = f"data:{file.media_type};base64,{b64encode(file.body).decode()}"
            markup = markup.replace(f'src="cid:{html.escape(file.content_id)}"', f'src="{data}"')
    return markup
