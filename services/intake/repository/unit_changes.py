"""Sets of unit changes: recorded before they are applied, so that a crash in the middle is made up for."""

from __future__ import annotations

from datetime import date

from services.intake.domain.unit_changes import Recorded
from services.intake.domain.unit_steps import EFFECTS
from services.intake.repository.collections import UNIT_CHANGES
from shared.clock import Clock
from shared.store.claims import Claim, Claims
from shared.store.documents import Document, Documents

CLAIM_KEY = "unit-tree"
LEASE_MS = 60_000
UNFINISHED_MAX = 100


class UnitChanges:
    """The sets of this store, and the claim that lets one instance at a time change the tree."""

    def __init__(self, store: Documents, clock: Clock, *, owner: str) -> None:
        self._store = store
        self._claims = Claims(store, clock)
        self._owner = owner

    async def claim(self) -> Claim | None:
        """The right to change the tree for LEASE_MS; None while another holds it."""
        claim = await self._claims.claim(CLAIM_KEY, owner=self._owner, lease_ms=LEASE_MS)
        return claim if claim.outcome == "won" else None

    async def release(self, claim: Claim) -> None:
        await self._claims.release(claim)

    async def record(self, change: Recorded) -> bool:
        """Keep the set before anything of it is done. False when it is kept already."""
        return await self._store.insert(UNIT_CHANGES.name, _document(change))

    async def finish(self, change: Recorded) -> None:
        """All of it is done. Again is harmless."""
        await self._store.replace(UNIT_CHANGES.name, {**_document(change), "state": "applied", "rev": change.rev})

    async def get(self, id: str) -> Recorded | None:
        held = await self._store.get(UNIT_CHANGES.name, id)
        return None if held is None else _recorded(held)

    async def unfinished(self) -> list[Recorded]:
        """What a crash left, oldest first."""
        page = await self._store.find(
            UNIT_CHANGES.name, {"state": "applying"}, order_by="recorded_ms", limit=UNFINISHED_MAX
        )
        return [_recorded(held) for held in page.documents]

    async def page(self, *, limit: int, cursor: str | None) -> tuple[list[Recorded], str | None]:
        """Some sets, the newest first, and the cursor of what follows."""
        page = await self._store.find(
            UNIT_CHANGES.name, order_by="recorded_ms", descending=True, limit=limit, cursor=cursor
        )
        return [_recorded(held) for held in page.documents], page.cursor


def _document(change: Recorded) -> Document:
    return {
        "_id": change.id,
        "state": change.state,
        "recorded_ms": change.recorded_ms,
        "by": change.by,
        "reason": change.reason,
        "today": change.today.isoformat(),
        # As text: a set of hundreds of steps is read whole or not at all.
        "effects": EFFECTS.dump_json(change.effects).decode(),
    }


def _recorded(held: Document) -> Recorded:
    return Recorded(
        id=held["_id"],
        state=held["state"],
        recorded_ms=held["recorded_ms"],
        by=held["by"],
        reason=held["reason"],
        today=date.fromisoformat(held["today"]),
        effects=EFFECTS.validate_json(held["effects"]),
        rev=held["rev"],
    )
