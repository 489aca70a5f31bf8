"""Preferences of recipients, one document each."""

from __future__ import annotations

from services.notify.domain.contacts import Target
from services.notify.domain.preferences import Preferences, preference_id
from shared.store.documents import Collection, Document, Documents, Index, scan

PREFERENCES = Collection("preferences", indexes=(Index(("has_language",)), Index(("changed_at_ms",))))


class PreferenceBook:
    """Preferences by recipient. Who never said anything has the empty ones."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def of(self, recipient: str) -> Preferences:
        document = await self._store.get(PREFERENCES.name, preference_id(recipient))
        return Preferences(recipient) if document is None else _preferences(document)

    async def save(self, preferences: Preferences) -> bool:
        """Insert or replace the ones read; False when another was faster: load and decide again."""
        document = {**preferences.kept, **_document(preferences)}
        if not preferences.kept:
            return await self._store.insert(PREFERENCES.name, document)
        return await self._store.replace(PREFERENCES.name, document)

    async def languages(self) -> dict[str, str]:
        """Recipient -> language, of those who chose one."""
        found = scan(self._store, PREFERENCES.name, {"has_language": 1})
        return {document["recipient"]: document["language"] async for document in found}


def _document(preferences: Preferences) -> Document:
    return {
        "_id": preferences.id,
        "recipient": preferences.recipient,
        "off": list(preferences.off),
        "language": preferences.language,
        "has_language": int(bool(preferences.language)),
        "channels": [
            {"channel": target.channel, "address": target.address, "secret": target.secret}
            for target in preferences.channels
        ],
        "quiet_begin": preferences.quiet_begin,
        "quiet_end": preferences.quiet_end,
        "changed_at_ms": preferences.changed_at_ms,
        "changed_by": preferences.changed_by,
        "revision": preferences.revision,
        "trail": list(preferences.trail),
    }


def _preferences(document: Document) -> Preferences:
    return Preferences(
        recipient=document["recipient"],
        off=tuple(document["off"]),
        language=document["language"],
        channels=tuple(Target(**held) for held in document["channels"]),
        quiet_begin=document["quiet_begin"],
        quiet_end=document["quiet_end"],
        changed_at_ms=document["changed_at_ms"],
        changed_by=document["changed_by"],
        revision=document["revision"],
        trail=tuple(document["trail"]),
        kept=document,
    )
