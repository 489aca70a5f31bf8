"""What recomputation asks of editions: whose numbers stand, and which numbers are frozen for a provisional round."""

from __future__ import annotations

import asyncio
from typing import Protocol, TypeVar

from services.scoring.domain.computation import Computation, compute
from services.scoring.domain.earlier import Earlier
from services.scoring.domain.editions.edition import Edition
from services.scoring.domain.editions.texts import Row
from services.scoring.domain.last_year import Last, last_of
from services.scoring.domain.reference import Reference
from services.scoring.domain.sealed import Sealed
from services.scoring.handlers.edition_results import SealedResults

REMEMBERED_MAX = 16
LAST_YEARS_MAX = 2
"""Whole cohorts that are remembered."""
FIRST_YEAR = 1
REPORTED = frozenset({"observed", "estimated"})


Held = TypeVar("Held")


class EditionStore(Protocol):
    async def all(self, plan: str, *, first_year: int, last_year: int) -> list[Edition]: ...


class StandingEditions:
    """Of each question the newest edition answers, or the newest that was sealed by `as_of_ms`."""

    def __init__(self, *, editions: EditionStore, results: SealedResults) -> None:
        self._editions = editions
        self._results = results
        self._read: dict[str, Reference] = {}
        self._last: dict[str, tuple[Last, ...]] = {}

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
        rows = [(year, each.id, await self._results.all_rows(each.agreed)) for year, each in newest.items()]
        return tuple(Earlier(year, edition, row["unit"], _reported(row)) for year, edition, of in rows for row in of)

    async def last_year(self, plan: str, before_year: int, *, as_of_ms: int | None = None) -> tuple[Last, ...]:
        """Cuts and bands of the last year before this one that was sealed."""
        edition = await self._newest(plan, FIRST_YEAR, before_year - 1, as_of_ms)
        if edition is None:
            return ()
        if edition.sha256 not in self._last:
            plan_of, reference = await self._results.plan(edition.agreed), await self._reference(edition)
            bands = {row["unit"]: row["band"] for row in await self._results.all_rows(edition.agreed)}
            _keep(self._last, edition.sha256, last_of(edition.id, plan_of, reference, bands), most=LAST_YEARS_MAX)
        return self._last[edition.sha256]

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
            _keep(self._read, edition.sha256, await self._results.reference(edition.agreed), most=REMEMBERED_MAX)
        return self._read[edition.sha256]


def _keep(held: dict[str, Held], key: str, found: Held, *, most: int) -> None:
    """Remember it in place of the one that was remembered first."""
    if len(held) >= most:
        held.pop(next(iter(held)))
    held[key] = found


def _reported(row: Row) -> dict[str, float]:
    """Indicator -> value, without what was put in place of one."""
    return {
        cell["code"]: cell["value"]
        for cell in row["indicators"]
        if cell["status"] in REPORTED and cell["value"] is not None
    }
