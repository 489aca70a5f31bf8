"""The audit line of a write.

It is appended after the write. A crash between the two, or a chain that cannot be reached, loses that line only: the
write stands, and the document itself (and its archived versions) still says who and when. The line is not made up
later, because a chain that can be filled in afterwards would prove less.
"""

from __future__ import annotations

from typing import Any, Protocol

import structlog

from shared.errors import Transient

log = structlog.get_logger(__name__)

REGISTRY = "registry"
"""The chain of units and keys; plans and reports are in the chain of their plan."""


class AuditStore(Protocol):
    async def append(self, chain: str, entry: dict[str, Any], *, at_ms: int) -> None: ...


class Audit:
    """Appends who did what to which thing."""

    def __init__(self, store: AuditStore) -> None:
        self._store = store

    async def record(self, chain: str, what: str, id: str, *, by: str, at_ms: int, **more: str | int) -> None:
        """One line. A line that cannot be written is logged and lost: the caller's write has happened."""
        try:
            await self._store.append(chain, {"what": what, "id": id, "by": by, **more}, at_ms=at_ms)
        except Transient as error:
            log.error("audit.line_lost", chain=chain, what=what, id=id, by=by, reason=str(error))
