"""Digest runs: one document per plan, audience and moment, content pinned."""

from __future__ import annotations

from services.notify.domain.digests.run import DigestRun
from services.notify.repository.rows import announced, row_of, rows_of
from shared.store.documents import Between, Collection, Documents, Index

DIGESTS = Collection(
    "digests",
    indexes=(
        Index(("status", "window_to_ms")),
        Index(("plan", "audience", "window_to_ms")),
        Index(("window_to_ms",)),
    ),
    emits=True,
)


class Digests:
    """Digest runs by key."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def get(self, digest: str) -> DigestRun | None:
        document = await self._store.get(DIGESTS.name, digest)
        return None if document is None else row_of(DigestRun, document)

    async def add(self, run: DigestRun, *, now_ms: int) -> bool:
        """Insert if absent; False when this run exists."""
        return await self._store.insert(DIGESTS.name, announced(run, now_ms=now_ms))

    async def replace(self, run: DigestRun, *, now_ms: int) -> bool:
        return await self._store.replace(DIGESTS.name, announced(run, now_ms=now_ms))

    async def unfinished(self, limit: int) -> list[DigestRun]:
        """Runs whose recipients are not all enumerated, oldest first."""
        page = await self._store.find(DIGESTS.name, {"status": "CREATED"}, order_by="window_to_ms", limit=limit)
        return rows_of(DigestRun, page.documents)

    async def count_unfinished(self) -> int:
        return await self._store.count(DIGESTS.name, {"status": "CREATED"})

    async def before(self, plan: str, audience: str, window_to_ms: int) -> DigestRun | None:
        """The run of the same audience before this moment, if there was one."""
        page = await self._store.find(
            DIGESTS.name,
            {"plan": plan, "audience": audience},
            between=Between("window_to_ms", below=window_to_ms),
            descending=True,
            limit=1,
        )
        return row_of(DigestRun, page.documents[0]) if page.documents else None

    async def page(self, *, limit: int, cursor: str | None) -> tuple[list[DigestRun], str | None]:
        """Runs by moment, the latest first."""
        page = await self._store.find(
            DIGESTS.name, order_by="window_to_ms", descending=True, limit=limit, cursor=cursor
        )
        return rows_of(DigestRun, page.documents), page.cursor
