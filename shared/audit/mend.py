"""Finds audit lines that a crash left unwritten, and makes them up.

Every document that was changed says when. So a pass looks at what was changed since the pass before (at the first
pass after a start: since a day before the last one that is on record), and asks for each whether the chains know.
How far it looked is kept in the store; a crash in the middle looks again, which is harmless.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

import structlog

from shared.audit.lines import Changed

log = structlog.get_logger(__name__)

EVERY_MS = 600_000
MARGIN_MS = 120_000
"""Longer than a request can take: what was stamped before the last look may have been written after it."""
START_MARGIN_MS = 86_400_000

Also = Callable[[int], Awaitable[int]]
"""Makes up something else of what was changed since an instant; how much."""


class Changes(Protocol):
    """Documents by when they were changed."""

    def since(self, at_ms: int) -> AsyncIterator[Changed]: ...


class Looked(Protocol):
    """Up to which instant everything was looked at."""

    async def until(self) -> int: ...

    async def keep(self, at_ms: int) -> None: ...


class Lines(Protocol):
    async def append(self, chain: str, entry: dict[str, Any], *, at_ms: int) -> None: ...

    async def complete(self, chain: str) -> None: ...

    async def has_line(self, chain: str, about: str, at_ms: int, *, exactly: bool = False) -> bool: ...


async def _nothing_else(_from_ms: int) -> int:
    return 0


class Mend:
    """Makes up audit lines. `unwritten`: by whom changes have no line."""

    def __init__(
        self,
        *,
        changes: Changes,
        looked: Looked,
        lines: Lines,
        unwritten: frozenset[str] = frozenset(),
        also: Also = _nothing_else,
    ) -> None:
        self._changes = changes
        self._looked = looked
        self._lines = lines
        self._unwritten = unwritten
        self._also = also
        self._looked_ms = -1

    async def due(self, now_ms: int) -> int:
        """One look, when it is time; how much was made up."""
        if self._looked_ms >= 0 and now_ms - self._looked_ms < EVERY_MS:
            return 0
        is_start = self._looked_ms < 0
        until_ms = await self._looked.until() if is_start else self._looked_ms
        from_ms = max(1, until_ms - (START_MARGIN_MS if is_start else MARGIN_MS))
        # At the start nothing is under way here; later on, who wrote just now may still be appending its line.
        settled_ms = now_ms + 1 if is_start else now_ms - MARGIN_MS
        made_up = await self._also(from_ms) + await self._mend_lines(from_ms, settled_ms, now_ms)
        await self._looked.keep(now_ms)
        self._looked_ms = now_ms
        if made_up:
            log.warning("audit.made_up", links_and_lines=made_up)
        return made_up

    async def _mend_lines(self, from_ms: int, settled_ms: int, now_ms: int) -> int:
        made_up = 0
        whole: set[str] = set()
        async for changed in self._changes.since(from_ms):
            if changed.by in self._unwritten or changed.at_ms >= settled_ms:
                continue
            if changed.chain not in whole:
                await self._lines.complete(changed.chain)
                whole.add(changed.chain)
            if not await self._is_told(changed):
                await self._lines.append(changed.chain, _line(changed), at_ms=now_ms)
                made_up += 1
        return made_up

    async def _is_told(self, changed: Changed) -> bool:
        for id in changed.ids:
            if await self._lines.has_line(changed.chain, id, changed.at_ms, exactly=changed.is_decision):
                return True
        return False


def _line(changed: Changed) -> dict[str, str | int | bool]:
    return {
        "what": changed.what,
        "id": changed.ids[0],
        "by": changed.by,
        "revision": changed.revision,
        "changed_at_ms": changed.at_ms,
        "made_up": True,
    }
