"""What the handlers of digests need of the outside, as small Protocols."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.notify.domain.digests.letter import DigestLetter
from services.notify.domain.digests.printed import Printed
from services.notify.domain.digests.run import DigestRun
from services.notify.domain.enclosures import Enclosure


class Press(Protocol):
    """Puts a digest into words, charts and a document: the same values always give the same bytes."""

    async def print(self, letter: DigestLetter, language: str) -> Printed: ...


class DigestBook(Protocol):
    async def get(self, digest: str) -> DigestRun | None: ...
    async def add(self, run: DigestRun, *, now_ms: int) -> bool: ...
    async def replace(self, run: DigestRun, *, now_ms: int) -> bool: ...
    async def unfinished(self, limit: int) -> list[DigestRun]: ...
    async def before(self, plan: str, audience: str, window_to_ms: int) -> DigestRun | None: ...


class EnclosureBook(Protocol):
    async def keep(self, files: Sequence[Enclosure]) -> None: ...
    async def get_many(self, ids: Sequence[str]) -> list[Enclosure]: ...


class DigestPages(Protocol):
    async def get(self, digest: str) -> DigestRun | None: ...
    async def page(self, *, limit: int, cursor: str | None) -> tuple[list[DigestRun], str | None]: ...
