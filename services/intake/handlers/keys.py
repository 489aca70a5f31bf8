"""Issue, list, rotate and revoke the keys of unit systems, and recognise them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from services.intake.domain.audit import REGISTRY
from services.intake.domain.keys import (
    RANDOM_BYTES,
    Fault,
    Key,
    covered,
    expiry_after_rotation,
    id_of,
    is_secret_of,
    looks_like_key,
    secret_of,
    sha256_of,
)
from services.intake.domain.units import Registered
from shared.audit.log import Audit
from shared.clock import Clock, iso
from shared.errors import Transient
from shared.events.unit import UnitState
from shared.refusal import Refusal, not_found

log = structlog.get_logger(__name__)

USE_NOTED_MS = 60_000
"""`last_used_ms` is brought up to date at most this often: it says "in use", not when exactly."""
TREE_KEPT_MS = 5_000
"""How long the tree of units is believed for keys of a subtree."""
ATTEMPTS_MAX = 8


class KeyStore(Protocol):
    async def get(self, id: str) -> Key | None: ...
    async def insert(self, key: Key) -> bool: ...
    async def replace(self, key: Key) -> bool: ...
    async def page(self, unit: str | None, *, limit: int, cursor: str | None) -> tuple[list[Key], str | None]: ...


class UnitStore(Protocol):
    async def get(self, unit: str) -> Registered | None: ...
    async def all(self) -> list[UnitState]: ...


@dataclass(frozen=True, slots=True)
class Wish:
    """What a new key shall be."""

    unit: str
    label: str
    expires_at_ms: int = 0
    subtree: bool = False
    scopes: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recognised:
    """The key of a secret; `fault` says why it is not accepted, `units` what it reaches when that is a subtree."""

    key: Key
    fault: Fault | None = None
    units: frozenset[str] | None = None


class UnitKeys:
    """The keys of unit systems. No key is cached, so a revoked one is refused by every instance at once."""

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
        self._parents: dict[str, str | None] = {}
        self._parents_ms = -TREE_KEPT_MS
        self._covered: dict[str, frozenset[str]] = {}

    async def issue(self, wish: Wish, *, by: str) -> tuple[Key, str]:
        """A new key of a registered unit and its secret, which is shown this once."""
        now_ms = self._clock.now_ms()
        if await self._units.get(wish.unit) is None:
            raise not_found(f"đơn vị {wish.unit}", f"unit {wish.unit}")
        if wish.expires_at_ms and wish.expires_at_ms <= now_ms:
            raise _past(now_ms)
        secret = secret_of(self._random(RANDOM_BYTES))
        key = Key(
            id=id_of(secret),
            sha256=sha256_of(secret),
            unit=wish.unit,
            label=wish.label,
            created_ms=now_ms,
            created_by=by,
            expires_at_ms=wish.expires_at_ms,
            changed_ms=now_ms,
            subtree=wish.subtree,
            scopes=wish.scopes,
            forms=wish.forms,
            networks=wish.networks,
        )
        await self._insert(key)
        await self._audit.record(REGISTRY, "key.issued", key.id, by=by, at_ms=now_ms, unit=key.unit, revision=1)
        return key, secret

    async def page(self, unit: str | None, *, limit: int, cursor: str | None) -> tuple[list[Key], str | None]:
        """Some keys, revoked and expired ones included, and the cursor of what follows."""
        return await self._keys.page(unit, limit=limit, cursor=cursor)

    async def get(self, id: str) -> Key:
        """The key, refused as not found when there is none."""
        key = await self._keys.get(id) if id.startswith("key-") else None
        if key is None:
            raise not_found(f"khóa {id}", f"key {id}")
        return key

    async def rotate(self, id: str, *, overlap_seconds: int, expires_at_ms: int, by: str) -> tuple[Key, str]:
        """A new key like this one, and its secret; the old one ends after the overlap.

        The new key is written first: a crash between leaves one that nobody has seen beside the old one, unchanged.
        """
        old = await self.get(id)
        now_ms = self._clock.now_ms()
        if fault := replace(old, networks=()).fault(now_ms, ""):
            raise Refusal("state", f"Khóa {id} không còn hiệu lực.", f"Key {id} is {fault}: issue a new one.")
        if expires_at_ms and expires_at_ms <= now_ms:
            raise _past(now_ms)
        secret = secret_of(self._random(RANDOM_BYTES))
        fresh = replace(
            old,
            id=id_of(secret),
            sha256=sha256_of(secret),
            created_ms=now_ms,
            created_by=by,
            changed_ms=now_ms,
            expires_at_ms=expires_at_ms,
            last_used_ms=0,
            last_used_from="",
            replaces=id,
            replaced_by="",
            rev=0,
        )
        await self._insert(fresh)
        ended = await self._change(
            id,
            lambda key: replace(
                key,
                expires_at_ms=expiry_after_rotation(key, now_ms, overlap_seconds),
                replaced_by=fresh.id,
                changed_ms=now_ms,
            ),
        )
        await self._audit.record(
            REGISTRY,
            "key.rotated",
            id,
            by=by,
            at_ms=now_ms,
            unit=old.unit,
            revision=ended.rev + 1,
            new=fresh.id,
            overlap_seconds=overlap_seconds,
        )
        await self._audit.record(
            REGISTRY, "key.issued", fresh.id, by=by, at_ms=now_ms, unit=old.unit, replaces=id, revision=1
        )
        return fresh, secret

    async def revoke(self, id: str, *, by: str) -> None:
        """Refuse the key from now on. Again is harmless."""
        now_ms = self._clock.now_ms()
        if (await self.get(id)).revoked_ms:
            return
        done = await self._change(id, lambda key: replace(key, revoked_ms=now_ms, changed_ms=now_ms))
        await self._audit.record(
            REGISTRY, "key.revoked", id, by=by, at_ms=now_ms, unit=done.unit, revision=done.rev + 1
        )

    async def recognise(self, secret: str, *, address: str = "") -> Recognised | None:
        """The key of this secret, with what speaks against it now; None when the secret is none of ours."""
        if not looks_like_key(secret):
            return None
        key = await self._keys.get(id_of(secret))
        now_ms = self._clock.now_ms()
        if key is None or not is_secret_of(key, secret):
            return None
        if fault := key.fault(now_ms, address):
            return Recognised(key, fault)
        if now_ms - key.last_used_ms >= USE_NOTED_MS and key.id not in self._noting:
            self._noting[key.id] = asyncio.create_task(self._note_use(key, now_ms, address))
        return Recognised(key, None, await self._units_of(key, now_ms) if key.subtree else None)

    async def aclose(self) -> None:
        """Finish noting what was used."""
        await asyncio.gather(*self._noting.values(), return_exceptions=True)

    async def _insert(self, key: Key) -> None:
        if not await self._keys.insert(key):
            raise Transient("the random source repeated itself; try again")

    async def _change(self, id: str, change: Callable[[Key], Key]) -> Key:
        """Change the key as it stands; gives what it was changed to, with the revision that was read."""
        for _ in range(ATTEMPTS_MAX):
            fresh = change(await self.get(id))
            if await self._keys.replace(fresh):
                return fresh
        raise Transient(f"{id} is being changed by others; try again")

    async def _units_of(self, key: Key, now_ms: int) -> frozenset[str]:
        if not 0 <= now_ms - self._parents_ms < TREE_KEPT_MS:
            self._parents = {state.unit: state.parent for state in await self._units.all()}
            self._parents_ms = now_ms
            self._covered.clear()
        if key.unit not in self._covered:
            self._covered[key.unit] = covered(key.unit, self._parents)
        return self._covered[key.unit]

    async def _note_use(self, key: Key, now_ms: int, address: str) -> None:
        """Off the request's path. A key that moves on meanwhile (revoked, noted elsewhere) is left as it is."""
        try:
            await self._keys.replace(replace(key, last_used_ms=now_ms, last_used_from=address))
        except Transient as error:
            log.warning("key.use_not_noted", key_id=key.id, reason=str(error))
        finally:
            self._noting.pop(key.id, None)


def _past(now_ms: int) -> Refusal:
    now = iso(now_ms)
    return Refusal(
        "not_valid", f"expires_at phải sau {now}.", f"expires_at must be after {now}.", pointer="/expires_at"
    )
