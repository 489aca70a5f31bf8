"""Runs of digests."""

from __future__ import annotations

from services.dashboard.domain.facts import Listed
from services.dashboard.repository.read_model import apply
from shared.events.notice import DigestState
from shared.store.documents import Collection, Documents, Index, Scalar

DIGESTS = Collection("digests", (Index(("plan", "made_at_ms")), Index(("plan", "audience", "made_at_ms"))))


class Digests:
    """The newest state of every run."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def apply(self, state: DigestState) -> bool:
        """Hold this state if it is newer."""
        document = {
            "_id": state.digest,
            "revision": state.revision,
            "plan": state.plan,
            "audience": state.audience,
            "made_at_ms": state.made_at_ms,
            "state": state.model_dump(mode="json"),
        }
        return await apply(self._store, DIGESTS.name, document)

    async def newest(self, plan: str, *, limit: int) -> list[DigestState]:
        """Runs of a plan's digests, newest first."""
        page = await self._store.find(DIGESTS.name, {"plan": plan}, order_by="made_at_ms", descending=True, limit=limit)
        return [DigestState.model_validate(document["state"]) for document in page.documents]

    async def page(self, plan: str, *, audience: str | None, limit: int, cursor: str | None) -> Listed[DigestState]:
        """Runs of a plan's digests, newest first; of one audience where it is given."""
        equals: dict[str, Scalar] = {"plan": plan, "audience": audience} if audience else {"plan": plan}
        page = await self._store.find(
            DIGESTS.name, equals, order_by="made_at_ms", descending=True, limit=limit, cursor=cursor
        )
        return Listed(tuple(DigestState.model_validate(held["state"]) for held in page.documents), page.cursor)

    async def get(self, digest: str) -> DigestState | None:
        """One run."""
        document = await self._store.get(DIGESTS.name, digest) if digest else None
        return DigestState.model_validate(document["state"]) if document else None
