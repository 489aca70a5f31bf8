"""Seals of plans' years. A seal is written before the entries are closed, so that a crash in the middle is made up."""

from __future__ import annotations

from services.intake.domain.sealing import Seal
from services.intake.repository.collections import SEALS
from shared.store.documents import Document, Documents, scan


class Seals:
    """The seals of this store."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def get(self, plan: str, year: int) -> Seal | None:
        held = await self._store.get(SEALS.name, _id(plan, year))
        return None if held is None else _seal(held)

    async def save(self, seal: Seal) -> bool:
        """Write over the revision that was read (0: none). False when another was faster."""
        document: Document = {
            "_id": _id(seal.plan, seal.year),
            "plan": seal.plan,
            "year": seal.year,
            "state": seal.state,
            "by": seal.by,
            "at_ms": seal.at_ms,
            "round": seal.round,
            "edition": seal.edition,
        }
        if seal.rev == 0:
            return await self._store.insert(SEALS.name, document)
        return await self._store.replace(SEALS.name, {**document, "rev": seal.rev})

    async def years(self, plan: str) -> frozenset[int]:
        """The years of the plan that are sealed, or being sealed."""
        return frozenset([held["year"] async for held in scan(self._store, SEALS.name, {"plan": plan})])

    async def unfinished(self) -> list[Seal]:
        """Seals whose entries are not all closed yet."""
        return [_seal(held) async for held in scan(self._store, SEALS.name, {"state": "sealing"})]


def _id(plan: str, year: int) -> str:
    return f"seal-{plan}-{year}"


def _seal(held: Document) -> Seal:
    return Seal(
        held["plan"],
        held["year"],
        held["state"],
        held["by"],
        held["at_ms"],
        held["round"],
        held["rev"],
        held.get("edition", 0),
    )
