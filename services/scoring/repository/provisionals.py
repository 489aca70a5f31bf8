"""Snapshots of provisional results: one each time a round enters PROVISIONAL. Their rows are in the edition parts."""

from __future__ import annotations

from typing import Any

from services.scoring.domain.editions.files import file_from
from services.scoring.domain.editions.snapshot import Snapshot
from services.scoring.repository.collections import PROVISIONALS
from shared.store.documents import Documents, scan


class Provisionals:
    def __init__(self, store: Documents) -> None:
        self._store = store

    async def of(self, plan: str, year: int) -> list[Snapshot]:
        """By number."""
        equals: dict[str, str | int | float | bool] = {"plan": plan, "year": year}
        return [_snapshot(held) async for held in scan(self._store, PROVISIONALS.name, equals, order_by="number")]

    async def keep(self, snapshot: Snapshot) -> bool:
        """Keep it. False when there is one of that number."""
        held: dict[str, Any] = {
            name: getattr(snapshot, name) for name in Snapshot.__dataclass_fields__ if name != "files"
        }
        id = f"provisional-{snapshot.plan}-{snapshot.year}-{snapshot.number}"
        files = [snapshot.files[kind].facts() for kind in sorted(snapshot.files)]
        return await self._store.insert(PROVISIONALS.name, {"_id": id, **held, "files": files})


def _snapshot(held: dict[str, Any]) -> Snapshot:
    fields = {name: held[name] for name in Snapshot.__dataclass_fields__ if name != "files"}
    return Snapshot(**fields, files={each["kind"]: file_from(each) for each in held["files"]})
