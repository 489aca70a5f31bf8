"""Issue, list and revoke the keys of unit systems, and recognise them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import structlog

from services.intake.domain.keys import (
    RANDOM_BYTES,
    Key,
    id_of,
    is_secret_of,
    looks_like_key,
    secret_of,
    sha256_of,
)
from services.intake.domain.refusal import Refusal, not_found
from services.intake.domain.units import Registered
from services.intake.handlers.audit import REGISTRY, Audit
from shared.clock import Clock, iso
from shared.errors import Transient

log = structlog.get_logger(__name__)

USE_NOTED_MS = 60_000
"""`last_used_ms` is brought up to date at most this often: it says "in use", not when exactly."""
ATTEMPTS_MAX = 8


class KeyStore(Protocol):
    async def get(self, id: str) -> Key | None: ...
    async def insert(self, key: Key) -> bool: ...
    async def replace(self, key: Key) -> bool: ...
    async def page(self, unit: str | None, *, limit: int, cursor: str | None) -> tuple[list[Key], str | None]: ...


class UnitStore(Protocol):
    async def get(self, unit: str) -> Registered | None: ...


class UnitKeys:
    """The keys of unit systems. Nothing is cached, so a revoked key is refused by every instance at once."""

    def __init__(
        self,
        *,
        keys: KeyStore,
        units: UnitStore,
        audit: Audit,
        clock: Clock,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._keys = keys
        self._units = units
        self._audit = audit
        self._clock = clock
        self._random = random
        self._noting: dict[str, asyncio.Task[None]] = {}

    async def issue(self, unit: str, *, label: str, expires_at_ms: int, by: str) -> tuple[Key, str]:
        """A new key of a registered unit and its secret, which is shown this once."""
        now_ms = self._clock.now_ms()
        if await self._units.get(unit) is None:
            raise not_found(f"đơn vị {unit}", f"unit {unit}")
        if expires_at_ms and expires_at_ms <= now_ms:
            raise Refusal(
                "not_valid",
                f"expires_at phải sau {iso(now_ms)}.",
                f"expires_at must be after {iso(now_ms)}.",
                pointer="/expires_at",
            )
        secret = secret_of(self._random(RANDOM_BYTES))
        key = Key(id_of(secret), sha256_of(secret), unit, label, now_ms, by, expires_at_ms)
        if not await self._keys.insert(key):
            raise Transient("the random source repeated itself; try again")
        await self._audit.record(REGISTRY, "key.issued", key.id, by=by, at_ms=now_ms, unit=unit)
        return key, secret

    async def page(self, unit: str | None, *, limit: int, cursor: str | None) -> tuple[list[Key], str | None]:
        """Some keys, revoked and expired ones included, and the cursor of what follows."""
        return await self._keys.page(unit, limit=limit, cursor=cursor)

    async def revoke(self, id: str, *, by: str) -> None:
        """Refuse the key from now on. Again is harmless."""
        for _ in range(ATTEMPTS_MAX):
            key = await self._keys.get(id) if id.startswith("key-") else None
            if key is None:
                raise not_found(f"khóa {id}", f"key {id}")
            now_ms = self._clock.now_ms()
            if key.revoked_ms:
                return
            if await self._keys.replace(replace(key, revoked_ms=now_ms)):
                await self._audit.record(REGISTRY, "key.revoked", id, by=by, at_ms=now_ms, unit=key.unit)
                return
        raise Transient(f"{id} is being changed by others; try again")

    async def recognise(self, secret: str) -> Key | None:
        """The key of this secret when it holds now, else None."""
        if not looks_like_key(secret):
            return None
        key = await self._keys.get(id_of(secret))
        now_ms = self._clock.now_ms()
        if key is None or not is_secret_of(key, secret) or not key.holds(now_ms):
            return None
        if now_ms - key.last_used_ms >= USE_NOTED_MS and key.id not in self._noting:
            self._noting[key.id] = asyncio.create_task(self._note_use(key, now_ms))
        return key

    async def aclose(self) -> None:
        """Finish noting what was used."""
        await asyncio.gather(*self._noting.values(), return_exceptions=True)

    async def _note_use(self, key: Key, now_ms: int) -> None:
        """Off the request's path. A key that moves on meanwhile (revoked, noted elsewhere) is left as it is."""
        try:
            await self._keys.replace(replace(key, last_used_ms=now_ms))
        except Transient as error:
            log.warning("key.use_not_noted", key_id=key.id, reason=str(error))
        finally:
            self._noting.pop(key.id, None)
