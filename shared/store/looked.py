"""Up to which instant a service has looked for audit lines that are missing."""

from __future__ import annotations

from shared.store.documents import Collection, Documents

MENDED = Collection("mended")
_LOOKED = "mended-until"


class LookedUntil:
    """One instant in the store (declare MENDED)."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def until(self) -> int:
        """Up to which instant everything was looked at; 0 before the first time."""
        held = await self._store.get(MENDED.name, _LOOKED)
        return int(held["at_ms"]) if held else 0

    async def keep(self, at_ms: int) -> None:
        """Another instance that was faster keeps its own instant: both looked."""
        held = await self._store.get(MENDED.name, _LOOKED)
        if held is None:
            await self._store.insert(MENDED.name, {"_id": _LOOKED, "at_ms": at_ms})
        elif held["at_ms"] < at_ms:
            await self._store.replace(MENDED.name, {**held, "at_ms": at_ms})
