"""Prove an edition: its files, its digest, its two identities, its place in the chain, and its results once more."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from services.scoring.domain.computation import Computation, compute
from services.scoring.domain.editions.edition import Edition, agreed_of
from services.scoring.domain.editions.files import File
from services.scoring.domain.editions.verify import (
    Check,
    Texts,
    Walked,
    check_chain,
    check_digest,
    check_files,
    check_identities,
    check_recomputed,
    check_store,
)
from services.scoring.handlers.publish_editions import no_edition

AT_ONCE = 1
"""Editions proved at one time: each is computed whole again."""


class EditionStore(Protocol):
    async def get(self, plan: str, year: int, number: int) -> Edition | None: ...

    async def verify(self, plan: str, *, anchor: str) -> Walked: ...


class Parts(Protocol):
    async def texts(self, folder: str, file: File) -> list[str | None]: ...


class Computing(Protocol):
    async def with_inputs_at(self, plan: str, year: int, at_ms: int) -> Computation | None: ...


class VerifyEditions:
    """Says what was checked and what was found. Nothing here is believed that can be computed."""

    def __init__(self, *, editions: EditionStore, parts: Parts, computing: Computing, code_version: str) -> None:
        self._editions = editions
        self._parts = parts
        self._computing = computing
        self._code_version = code_version
        self._free = asyncio.Semaphore(AT_ONCE)

    async def verify(self, plan: str, year: int, number: int) -> dict[str, Any]:
        """The checks of an edition, and `verdict`: `wrong` when one of them found something wrong."""
        edition = await self._editions.get(plan, year, number)
        if edition is None:
            raise no_edition(plan, year, number)
        async with self._free:
            checks = await self._checks(edition)
        wrong = any(check.outcome == "wrong" for check in checks)
        return {
            "edition": edition.id,
            "sha256": edition.sha256,
            "previous_sha256": edition.previous_sha256,
            "digest": edition.agreed.digest,
            "verdict": "wrong" if wrong else "right",
            "code_version": self._code_version,
            "checks": [check.shown() for check in checks],
        }

    async def _checks(self, edition: Edition) -> list[Check]:
        agreed = agreed_of(edition.document["entry"])
        facts = agreed.facts
        texts: Texts = {
            kind: await self._parts.texts(agreed.folder, file) for kind, file in sorted(agreed.files.items())
        }
        files = await asyncio.to_thread(check_files, agreed, texts)
        again = Check("recomputed", "not_checked", "the sealed files are not whole")
        if files.outcome == "right":
            again = await asyncio.to_thread(check_recomputed, agreed, texts, compute, self._code_version)
        chain = check_chain(edition, await self._editions.verify(facts.plan, anchor=edition.sha256))
        held = await self._computing.with_inputs_at(facts.plan, facts.year, facts.now_ms)
        store = check_store(agreed, None if held is None else held.inputs_sha256)
        return [files, check_digest(agreed), check_identities(agreed), chain, again, store]
