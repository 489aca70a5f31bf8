"""What a run pinned: letters per language with references to enclosures, and what was sent read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from services.notify.domain.deliveries import Delivery, Letter
from services.notify.domain.digests.printed import Printed
from services.notify.domain.digests.run import DigestRun
from services.notify.domain.enclosures import Enclosure
from services.notify.handlers.digest_ports import DigestPages, EnclosureBook


def pinned(printed: Mapping[str, Printed]) -> str:
    """Language -> title, html, text, template and enclosures by id, as JSON."""
    held = {
        language: {
            "title": one.letter.title,
            "html": one.letter.html,
            "text": one.letter.text,
            "template": one.letter.template,
            "files": [file.id for file in one.files],
        }
        for language, one in printed.items()
    }
    return orjson.dumps(held).decode()


def letter_of(run: DigestRun, language: str) -> Letter:
    """The letter that a run pinned in a language."""
    held = _held(run, language)
    return Letter(held["title"], held["html"], held["text"], held.get("template", ""))


def _held(run: DigestRun, language: str) -> dict[str, Any]:
    held: dict[str, Any] = orjson.loads(run.letters_json)[language]
    return held


@dataclass(frozen=True, slots=True)
class Sent:
    """What a run said in one language."""

    plan: str
    letter: Letter
    files: tuple[Enclosure, ...]


class PinnedDigests:
    """Reads what runs pinned. A delivery of a digest finds its enclosures here: no recipient has copies of them."""

    def __init__(self, digests: DigestPages, enclosures: EnclosureBook) -> None:
        self._digests = digests
        self._enclosures = enclosures

    async def of(self, delivery: Delivery) -> tuple[Enclosure, ...]:
        """The enclosures of a delivery; none for what is not a digest."""
        if delivery.kind != "digest":
            return ()
        run = await self._digests.get(delivery.subject)
        return () if run is None else await self.files(run, delivery.language)

    async def read(self, digest: str, language: str) -> Sent | None:
        """What a run said; None when there is no such run."""
        run = await self._digests.get(digest)
        return None if run is None else Sent(run.plan, letter_of(run, language), await self.files(run, language))

    async def files(self, run: DigestRun, language: str) -> tuple[Enclosure, ...]:
        """In the order in which they were pinned."""
        ids = _held(run, language).get("files", [])
        return tuple(await self._enclosures.get_many(ids)) if ids else ()
