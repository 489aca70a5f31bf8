"""The audit line of a write: who did what to which thing, from where, under which trace.

It is appended after the write, and the answer waits for it: a client that has its answer has its line. A crash
between the two, or a chain that cannot be reached, leaves a write without a line; the service finds it by the document
that was written (which says when, and mostly who) and appends a line marked `made_up`. Of several changes of one thing
in such a gap only the last is made up, and all decisions that the thing remembers: the others show as a step of more
than one in `revision`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Protocol

import structlog

from shared.audit.lines import Anchor, Checked, Line, anchor_of
from shared.errors import Transient
from shared.telemetry.correlation import current_client_address, current_request_id
from shared.telemetry.tracing import current_trace_id

log = structlog.get_logger(__name__)


class AuditStore(Protocol):
    async def append(self, chain: str, entry: dict[str, Any], *, at_ms: int) -> None: ...


class AuditBook(Protocol):
    """What is asked of the chains."""

    async def lines(
        self, chain: str, *, about: str | None, by: str | None, after_seq: int, limit: int
    ) -> list[Line]: ...
    async def check(self, chain: str, *, after_seq: int, limit: int) -> Checked: ...
    async def chains(self) -> list[str]: ...
    async def last_before(self, chain: str, at_ms: int) -> Line | None: ...
    async def keep_anchor(self, anchor: Anchor, *, at_ms: int) -> bool: ...
    async def anchors(self, chain: str, *, first: str, last: str) -> list[Anchor]: ...
    async def line_at(self, chain: str, seq: int) -> Line | None: ...


class Audit:
    """Appends who did what to which thing."""

    def __init__(self, store: AuditStore) -> None:
        self._store = store

    async def record(self, chain: str, what: str, id: str, *, by: str, at_ms: int, **more: str | int | bool) -> None:
        """One line. A line that cannot be written is logged and made up later: the caller's write has happened."""
        entry = {"what": what, "id": id, "by": by, **more, **_from_where()}
        try:
            await self._store.append(chain, entry, at_ms=at_ms)
        except Transient as error:
            log.error("audit.line_lost", chain=chain, what=what, id=id, by=by, reason=str(error))


def _from_where() -> dict[str, str]:
    told = {"from": current_client_address(), "trace_id": current_trace_id(), "request_id": current_request_id()}
    return {name: value for name, value in told.items() if value is not None}


class AskAudit:
    """Questions to the audit chains, and the anchors of their days."""

    def __init__(self, book: AuditBook) -> None:
        self._book = book
        self._anchored_day = ""

    async def lines(
        self, chain: str, *, about: str | None, by: str | None, after_seq: int, limit: int
    ) -> Sequence[Line]:
        """Lines of a chain behind `after_seq`, oldest first; with `about` or `by`, of that thing or person only."""
        return await self._book.lines(chain, about=about, by=by, after_seq=after_seq, limit=limit)

    async def check(self, chain: str, *, after_seq: int, limit: int) -> Checked:
        """Recompute a part of the chain, and hold it against the anchors of its days."""
        return await self._book.check(chain, after_seq=after_seq, limit=limit)

    async def anchors(self, chain: str, *, first: date, last: date) -> list[tuple[Anchor, bool]]:
        """The anchors of the days, each with whether the chain still has that link with that hash."""
        found = await self._book.anchors(chain, first=first.isoformat(), last=last.isoformat())
        return [(anchor, await self._holds(anchor)) for anchor in found]

    async def anchor_due(self, now_ms: int) -> int:
        """Keep the anchor of the last day that is over, for every chain. Find-or-create: repeating is harmless."""
        today = datetime.fromtimestamp(now_ms / 1000, UTC).date()
        if today.isoformat() == self._anchored_day:
            return 0
        starts_ms = int(datetime(today.year, today.month, today.day, tzinfo=UTC).timestamp() * 1000)
        kept = 0
        for chain in await self._book.chains():
            line = await self._book.last_before(chain, starts_ms)
            if line is not None:
                kept += await self._book.keep_anchor(anchor_of(line), at_ms=now_ms)
        self._anchored_day = today.isoformat()
        return kept

    async def _holds(self, anchor: Anchor) -> bool:
        line = await self._book.line_at(anchor.chain, anchor.seq)
        return line is not None and line.hash == anchor.hash
