"""Groups of alerts for one receiver each, with the log of what was told last."""

from __future__ import annotations

from typing import Any

from services.notify.domain.grouping import Decision, Group, Log
from shared.store.documents import Between, Collection, Document, Documents, Index

GROUPS = Collection("alert_groups", indexes=(Index(("next_at_ms",)), Index(("unit", "decided_at_ms"))))
_PLAIN = (
    "plan",
    "unit",
    "kind",
    "receiver",
    "next_at_ms",
    "base_ms",
    "number",
    "telling_at_ms",
    "touches",
    "telling_touches",
    "touched_at_ms",
    "decision",
    "decided_at_ms",
)


class Groups:
    """Groups by (plan, unit, kind, receiver)."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def get(self, group: str) -> Group | None:
        document = await self._store.get(GROUPS.name, group)
        return None if document is None else _group(document)

    async def save(self, group: Group) -> bool:
        """Insert a new group or replace the one read; False when another was faster: load and decide again."""
        if not group.kept:
            return await self._store.insert(GROUPS.name, _document(group))
        return await self._store.replace(GROUPS.name, {**_document(group), "rev": group.kept["rev"]})

    async def due(self, now_ms: int, limit: int = 200) -> list[Group]:
        """Groups whose next look has come, longest waiting first."""
        page = await self._store.find(GROUPS.name, between=Between("next_at_ms", below=now_ms + 1), limit=limit)
        return [_group(document) for document in page.documents]

    async def count_due(self, now_ms: int) -> int:
        return await self._store.count(GROUPS.name, between=Between("next_at_ms", below=now_ms + 1))

    async def of_unit(self, unit: str, limit: int) -> list[Group]:
        """The groups of a unit, decided last first."""
        page = await self._store.find(
            GROUPS.name, {"unit": unit}, order_by="decided_at_ms", descending=True, limit=limit
        )
        return [_group(document) for document in page.documents]


def _document(group: Group) -> Document:
    log: Any = group.log and {
        "at_ms": group.log.at_ms,
        "reason": group.log.reason,
        "firing": list(group.log.firing),
        "resolved": list(group.log.resolved),
    }
    telling: Any = group.telling and {
        "reason": group.telling.reason,
        "firing": list(group.telling.firing),
        "resolved": list(group.telling.resolved),
    }
    return {"_id": group.id, **{name: getattr(group, name) for name in _PLAIN}, "log": log, "telling": telling}


def _group(document: Document) -> Group:
    log, telling = document["log"], document["telling"]
    return Group(
        id=document["_id"],
        log=log and Log(log["at_ms"], log["reason"], tuple(log["firing"]), tuple(log["resolved"])),
        telling=telling and Decision(True, telling["reason"], tuple(telling["firing"]), tuple(telling["resolved"])),
        kept=document,
        **{name: document[name] for name in _PLAIN},
    )
