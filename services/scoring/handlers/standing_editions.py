"""What recomputation asks of editions: whose numbers stand, and which numbers are frozen for a provisional round."""

from __future__ import annotations

import asyncio
from typing import Protocol

from services.scoring.domain.computation import Computation, compute
from services.scoring.domain.earlier import Earlier
from services.scoring.domain.editions.edition import Edition
from services.scoring.domain.editions.texts import Row
from services.scoring.domain.reference import Reference
from services.scoring.domain.sealed import Sealed
from services.scoring.handlers.edition_results import SealedResults

REMEMBERED_MAX = 16
FIRST_YEAR = 1
REPORTED = frozenset({"observed", "estimated"})


class EditionStore(Protocol):
    async def all(self, plan: str, *, first_year: int, last_year: int) -> list[Edition]: ...


class StandingEditions:
    """Of each question the newest edition answers, or the newest that was sealed by `as_of_ms`."""

    def __init__(self, *, editions: EditionStore, results: SealedResults) -> None:
        self._editions = editions
        self._results = results
        self._read: dict[str, Reference] = {}

    async def sealed(self, plan: str, year: int, *, as_of_ms: int | None = None) -> Sealed | None:
        """The edition of the year whose numbers stand."""
        edition = await self._newest(plan, year, year, as_of_ms)
        if edition is None:
            return None
        return Sealed(edition.id, edition.agreed.facts.inputs_sha256, edition.agreed.facts.now_ms)

    async def last_final(self, plan: str, before_year: int, *, as_of_ms: int | None = None) -> Reference | None:
        """The frozen numbers of the last year before this one that was sealed."""
        edition = await self._newest(plan, FIRST_YEAR, before_year - 1, as_of_ms)
        return None if edition is None else await self._reference(edition)

    async def earlier(self, plan: str, before_year: int, *, as_of_ms: int | None = None) -> tuple[Earlier, ...]:
        """What units had reported in the newest edition of each year before this one."""
        found = await self._editions.all(plan, first_year=FIRST_YEAR, last_year=before_year - 1)
        newest = {
            each.agreed.facts.year: each for each in found if as_of_ms is None or each.agreed.sealed_at_ms <= as_of_ms
        }
        rows = [(year, each.id, row) for year, each in newest.items() for row in await self._results.rows(each.agreed)]
        return tuple(Earlier(year, edition, row["unit"], _reported(row)) for year, edition, row in rows)

    async def again(self, plan: str, year: int) -> Computation | None:
        """The newest edition of the year once more, from the inputs that were sealed with it."""
        edition = await self._newest(plan, year, year, None)
        if edition is None:
            return None
        facts = edition.agreed.facts
        document = await self._results.plan(edition.agreed)
        sources = await self._results.sources(edition.agreed)
        return await asyncio.to_thread(
            compute, document, facts.plan_sha256, facts.year, sources, facts.now_ms, phase="SEALED"
        )

    async def _newest(self, plan: str, first: int, last: int, as_of_ms: int | None) -> Edition | None:
        found = await self._editions.all(plan, first_year=first, last_year=last)
        known = [each for each in found if as_of_ms is None or each.agreed.sealed_at_ms <= as_of_ms]
        return known[-1] if known else None

    async def _reference(self, edition: Edition) -> Reference:
        """What is sealed never changes, so it is read once."""
        if edition.sha256 not in self._read:
            if len(self._read) >= REMEMBERED_MAX:
                self._read.pop(next(iter(self._read)))
            self._read[edition.sha256] = await self._results.reference(edition.agreed)
        return self._read[edition.sha256]


def _reported(row: Row) -> dict[str, float]:
    """Indicator -> value, without what was put in place of one."""
    return {
        cell["code"]: cell["value"]
        for cell in row["indicators"]
        if cell["status"] in REPORTED and cell["value"] is not None
    }
