"""Which edition of templates and words wrote a letter: kept with its delivery, so that a change can be told from it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from services.notify.channels.words import DOMAIN

HASH_CHARACTERS = 12


class Editions:
    """Hashes over what a kind of letter is made of: its templates, those shared by all, and the catalogue."""

    def __init__(self, templates_dir: Path, locale_dir: Path) -> None:
        self._templates_dir = templates_dir
        self._locale_dir = locale_dir
        self._known: dict[tuple[str, str], str] = {}

    def of(self, kind: str, language: str) -> str:
        """Such as `reminder/vi@0c1d2e3f4a5b`. Read once: files do not change under a running service."""
        if (kind, language) not in self._known:
            digest = hashlib.sha256()
            for path in self._files(kind, language):
                digest.update(f"{path.name}\n".encode() + path.read_bytes())
            self._known[kind, language] = f"{kind}/{language}@{digest.hexdigest()[:HASH_CHARACTERS]}"
        return self._known[kind, language]

    def _files(self, kind: str, language: str) -> list[Path]:
        own = [*self._templates_dir.glob(f"{kind}.*.j2"), *self._templates_dir.glob("_*.j2")]
        return [*sorted(own), self._locale_dir / language / "LC_MESSAGES" / f"{DOMAIN}.po"]
