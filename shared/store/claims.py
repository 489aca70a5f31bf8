"""Claims with a lease: who does a piece of work that must not be done twice.

Claim, act, then say done. What a crash costs:
- before the claim is written: nothing, the next one wins it;
- after the claim, before acting: a delay, until the lease runs out and another wins;
- after acting, before `done`: the same delay, and then the act happens again; make it idempotent or accept a repeat;
- after `done`: nothing, the work is never won again.
Boolean claims would lose the work in the second case. Held is not done: come back later.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from shared.clock import Clock
from shared.errors import Misuse
from shared.store.documents import Between, Collection, Document, Documents, Index
from shared.store.validate import is_id

CLAIMS = Collection("claims", indexes=(Index(("state", "at_ms")),))

Outcome = Literal["won", "held", "done"]

_ATTEMPTS_MAX = 5


@dataclass(frozen=True, slots=True)
class Claim:
    """How a claim went. With "won", `token` proves it until `until_ms`; "held" is another's until then."""

    key: str
    outcome: Outcome
    owner: str
    lease_ms: int
    until_ms: int = 0
    token: int = 0


class Claims:
    """The claims of one service, kept in one collection of its store (declare CLAIMS, or one like it)."""

    def __init__(self, store: Documents, clock: Clock, collection: str = CLAIMS.name) -> None:
        self._store = store
        self._clock = clock
        self._collection = collection

    async def claim(self, key: str, *, owner: str, lease_ms: int) -> Claim:
        """Try to win the work named `key` for `lease_ms` milliseconds. Never waits for another holder."""
        if lease_ms <= 0 or not key:
            raise Misuse(f"a claim needs a key and a lease of some milliseconds, not {key!r} and {lease_ms}")
        for _ in range(_ATTEMPTS_MAX):
            now_ms = self._clock.now_ms()
            held = await self._store.get(self._collection, claim_id(key))
            if held is not None and (held["state"] == "done" or held["until_ms"] > now_ms):
                outcome: Outcome = "done" if held["state"] == "done" else "held"
                return Claim(key, outcome, held["owner"], lease_ms, until_ms=held["until_ms"])
            wanted = _document(key, "held", owner, at_ms=now_ms, until_ms=now_ms + lease_ms)
            token = await self._take(wanted, held)
            if token:
                return Claim(key, "won", owner, lease_ms, until_ms=now_ms + lease_ms, token=token)
        return Claim(key, "held", "", lease_ms)  # so contended that others won every time

    async def done(self, claim: Claim) -> bool:
        """The work is done for good. False when another took the claim over meanwhile: it may be done twice."""
        return await self._settle(claim, "done", until_ms=0)

    async def release(self, claim: Claim) -> bool:
        """Give it back undone, so that another can win it at once. False when another took it over already."""
        return await self._settle(claim, "released", until_ms=0)

    async def extend(self, claim: Claim) -> Claim:
        """A claim for another `lease_ms` from now, to be used from here on; "held" when another took it over."""
        until_ms = self._clock.now_ms() + claim.lease_ms
        if await self._settle(claim, "held", until_ms=until_ms):
            return Claim(claim.key, "won", claim.owner, claim.lease_ms, until_ms=until_ms, token=claim.token + 1)
        return Claim(claim.key, "held", "", claim.lease_ms)

    async def forget_done(self, *, before_ms: int, limit: int = 1000) -> int:
        """Delete at most `limit` claims done before this instant, oldest first; how many. Their work can recur."""
        old = Between("at_ms", below=before_ms)
        page = await self._store.find(self._collection, {"state": "done"}, between=old, limit=limit)
        gone = [await self._store.delete(self._collection, held["_id"], rev=held["rev"]) for held in page.documents]
        return sum(gone)

    async def _take(self, wanted: Document, held: Document | None) -> int:
        """The revision under which the claim is ours now, 0 when another was faster."""
        if held is None:
            return int(await self._store.insert(self._collection, wanted))
        taken = await self._store.replace(self._collection, {**wanted, "rev": held["rev"]})
        return held["rev"] + 1 if taken else 0

    async def _settle(self, claim: Claim, state: str, *, until_ms: int) -> bool:
        """A document is never deleted here: revisions would start again, and a late holder could match one."""
        if claim.outcome != "won":
            raise Misuse(f"claim {claim.key!r} was not won but {claim.outcome}")
        now_ms = self._clock.now_ms()
        document = _document(claim.key, state, claim.owner, at_ms=now_ms, until_ms=until_ms)
        return await self._store.replace(self._collection, {**document, "rev": claim.token})


def claim_id(key: str) -> str:
    """The `_id` of a claim; a key that cannot be part of one is kept by its hash."""
    plain = f"claim-{key}"
    return plain if is_id(plain) else f"claim-sha256-{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _document(key: str, state: str, owner: str, *, at_ms: int, until_ms: int) -> Document:
    return {"_id": claim_id(key), "key": key, "state": state, "owner": owner, "at_ms": at_ms, "until_ms": until_ms}
