"""What goes with a letter: charts that it shows and the document attached to it. Kept once, whoever it is sent to."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

ENCLOSURE_BYTES_MAX = 1024 * 1024
"""Largest enclosure that is kept and sent: what is larger is left out, and the letter stands without it."""


@dataclass(frozen=True, slots=True)
class Enclosure:
    """One file. With a `content_id` the letter shows it in its place; without, it is attached."""

    name: str
    media_type: str
    body: bytes
    content_id: str | None = None

    @property
    def id(self) -> str:
        """Derived from the content: two instances that make the same file keep it once."""
        about = "\n".join((self.name, self.media_type, self.content_id or "")).encode()
        return "enclosure-" + hashlib.sha256(about + b"\n" + self.body).hexdigest()[:40]


def bounded(files: Sequence[Enclosure]) -> tuple[Enclosure, ...]:
    """Those that are small enough to be kept and sent."""
    return tuple(file for file in files if len(file.body) <= ENCLOSURE_BYTES_MAX)
