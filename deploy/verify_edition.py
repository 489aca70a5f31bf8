"""`tiendo verify edition-PLAN-YEAR-NUMBER`: what the platform proves of an edition, and what is proved here without it.

Here: the entry gives the edition's SHA-256, and every sealed file gives the hash that the entry names. The platform
walks the chain and computes the results once more from the sealed inputs.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
import orjson

from deploy.client import Refused

EDITION = re.compile(r"edition-(?P<plan>[A-Za-z0-9][A-Za-z0-9_.-]*)-(?P<year>\d{4})-(?P<number>\d{1,4})")
EXIT_RIGHT, EXIT_WRONG, EXIT_UNKNOWN = 0, 3, 4


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found. `proof` is the platform's answer, None when it does not know the edition."""

    edition: str
    proof: dict[str, Any] | None
    faults: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        if self.proof is None:
            return EXIT_UNKNOWN
        return EXIT_WRONG if self.faults or self.proof["verdict"] == "wrong" else EXIT_RIGHT

    def lines(self) -> list[str]:
        """The answer in words."""
        if self.proof is None:
            return [f"UNKNOWN  {self.edition}", "The platform has no such edition."]
        told = [f"{'RIGHT' if self.exit_code == EXIT_RIGHT else 'WRONG'}  {self.edition}  {self.proof['sha256']}"]
        for check in self.proof["checks"]:
            told += [
                f"{check['outcome']:12} {check['what']}: {check['says']}",
                *(f"  {each}" for each in check["faults"]),
            ]
        here = "; ".join(self.faults) or "the entry and every file give the hashes that were sealed"
        return [*told, f"{'wrong' if self.faults else 'right':12} hashed here: {here}"]


class Caller(Protocol):
    async def call(self, method: str, path: str) -> httpx.Response: ...


async def verify_edition(client: Caller, named: str) -> Proof:
    """Ask the platform, and hash here what it hands out."""
    found = EDITION.fullmatch(named)
    if found is None:
        return Proof(named, None)
    address = f"/v1/editions/{found['plan']}/{found['year']}/{found['number']}"
    try:
        proof = (await client.call("GET", f"{address}/verify")).json()
    except Refused as refusal:
        if refusal.status != 404:
            raise
        return Proof(named, None)
    entry = (await client.call("GET", f"{address}/entry")).content
    faults = (
        [] if hashlib.sha256(entry).hexdigest() == proof["sha256"] else ["the entry does not give the edition's hash"]
    )
    for file in orjson.loads(entry)["entry"]["files"]:
        text = (await client.call("GET", f"{address}/files/{file['kind']}")).content
        if hashlib.sha256(text).hexdigest() != file["sha256"]:
            faults.append(f"{file['kind']} does not give its hash")
    return Proof(named, proof, tuple(faults))
