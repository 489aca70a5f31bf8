"""Show editions: which there are, what each holds, what it changed. What is sealed is answered as it was sealed.

Names of units are not part of an answer: they may change, and an edition must not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any, Protocol

from services.scoring.domain.editions.edition import Edition
from services.scoring.domain.editions.files import File
from services.scoring.domain.editions.proposal import Proposal
from services.scoring.domain.editions.snapshot import Snapshot
from services.scoring.handlers.edition_results import Filed, SealedResults
from services.scoring.handlers.publish_editions import no_edition
from shared.canonical import canonical
from shared.errors import Permanent
from shared.refusal import Refusal, not_found

Answer = dict[str, Any]


class EditionStore(Protocol):
    async def get(self, plan: str, year: int, number: int) -> Edition | None: ...

    async def page(self, *, plan: str | None, limit: int, cursor: str | None) -> tuple[list[Edition], str | None]: ...


class Snapshots(Protocol):
    async def of(self, plan: str, year: int) -> list[Snapshot]: ...


class Parts(Protocol):
    def each(self, folder: str, file: File, *, first: int = 0) -> AsyncIterator[str | None]: ...


class AskEditions:
    """Questions about editions; refused as not found where there is no such thing."""

    def __init__(self, *, editions: EditionStore, snapshots: Snapshots, results: SealedResults, parts: Parts) -> None:
        self._editions = editions
        self._snapshots = snapshots
        self._results = results
        self._parts = parts

    async def edition(self, plan: str, year: int, number: int) -> Edition:
        found = await self._editions.get(plan, year, number)
        if found is None:
            raise no_edition(plan, year, number)
        return found

    async def page(self, *, plan: str | None, limit: int, cursor: str | None) -> Answer:
        """Editions, without their results."""
        found, after = await self._editions.page(plan=plan, limit=limit, cursor=cursor)
        return {"items": [head(edition) for edition in found], "next_cursor": after}

    async def whole(self, plan: str, year: int, number: int, *, limit: int, cursor: str | None) -> Answer:
        """The edition with a page of its units by peer group, rank, code."""
        edition = await self.edition(plan, year, number)
        page = await self._units(edition.agreed, edition.agreed.facts.units, limit, cursor)
        return {**head(edition), "summary": await self._results.summary(edition.agreed), **page}

    async def unit(self, plan: str, year: int, number: int, unit: str) -> Answer:
        """One unit in the edition."""
        edition = await self.edition(plan, year, number)
        row = await self._results.unit(edition.agreed, unit)
        if row is None:
            raise not_found(f"đơn vị {unit} trong {edition.id}", f"unit {unit} in {edition.id}")
        return {"edition": edition.id, "sha256": edition.sha256, **row}

    async def diff(self, plan: str, year: int, number: int, *, limit: int, cursor: str | None) -> Answer:
        """What the edition changed against the one before; nothing for a first edition."""
        edition = await self.edition(plan, year, number)
        before = f"edition-{plan}-{year}-{number - 1}" if number > 1 else None
        correction = edition.agreed.correction
        return {
            "edition": edition.id,
            "before": before,
            "correction": asdict(correction) if correction else None,
            **await self._changes(edition.agreed, edition.agreed.counts.get("changed", 0), limit, cursor),
            "counts": dict(edition.agreed.counts),
        }

    async def statistics(self, plan: str, year: int, number: int) -> Answer:
        """How far each provisional result was from this one."""
        edition = await self.edition(plan, year, number)
        return {"edition": edition.id, "provisional": await self._results.statistics(edition.agreed)}

    async def entry(self, plan: str, year: int, number: int) -> bytes:
        """The canonical JSON whose SHA-256 is the edition's `sha256`."""
        edition = await self.edition(plan, year, number)
        link = {"chain": plan, "seq": edition.seq, "previous": edition.previous_sha256}
        held = edition.document
        return canonical({**link, "at_ms": held["at_ms"], "entry": held["entry"]})

    async def file(self, plan: str, year: int, number: int, kind: str) -> tuple[File, AsyncIterator[bytes]]:
        """A file of the edition, and its bytes as they were hashed."""
        edition = await self.edition(plan, year, number)
        file = edition.agreed.files.get(kind)
        if file is None:
            raise not_found(f"tệp {kind} trong {edition.id}", f"file {kind} in {edition.id}")
        return file, self._bytes(edition.agreed.folder, file)

    async def proposed(self, proposal: Proposal, *, limit: int, cursor: str | None) -> Answer:
        """A proposal with a page of the units that it would seal; without them once it is void."""
        told = shown_proposal(proposal)
        if proposal.state == "void":
            return {**told, "items": [], "next_cursor": None}
        return {**told, **await self._units(proposal, proposal.facts.units, limit, cursor)}

    async def proposed_diff(self, proposal: Proposal, *, limit: int, cursor: str | None) -> Answer:
        """What sealing it would change against the last edition."""
        if proposal.state == "void":
            return {"digest": proposal.digest, "counts": {}, "items": [], "next_cursor": None}
        page = await self._changes(proposal, proposal.counts.get("changed", 0), limit, cursor)
        return {"digest": proposal.digest, "counts": dict(proposal.counts), **page}

    async def provisionals(self, plan: str, year: int) -> Answer:
        """The snapshots of the year, without their results."""
        return {"items": [shown_snapshot(each) for each in await self._snapshots.of(plan, year)], "next_cursor": None}

    async def provisional(self, plan: str, year: int, number: int, *, limit: int, cursor: str | None) -> Answer:
        """One snapshot with a page of its units."""
        held = next((each for each in await self._snapshots.of(plan, year) if each.number == number), None)
        if held is None:
            raise not_found(f"kết quả tạm thời lần {number}", f"provisional result {number}")
        return {**shown_snapshot(held), **await self._units(held, held.units, limit, cursor)}

    async def _units(self, filed: Filed, units: int, limit: int, cursor: str | None) -> Answer:
        first = _first(cursor)
        rows = await self._results.rows(filed, first=first, limit=limit)
        return {"items": rows, "next_cursor": _after(first, limit, units)}

    async def _changes(self, filed: Filed, changed: int, limit: int, cursor: str | None) -> Answer:
        first = _first(cursor)
        items = await self._results.changes(filed, first=first, limit=limit)
        return {"items": items, "next_cursor": _after(first, limit, changed)}

    async def _bytes(self, folder: str, file: File) -> AsyncIterator[bytes]:
        async for text in self._parts.each(folder, file):
            if text is None:
                raise Permanent(f"a part of {file.kind} in {folder} is missing; verify the edition")
            yield text.encode()


def head(edition: Edition) -> Answer:
    """An edition without its results."""
    agreed = edition.agreed
    return {
        "edition": edition.id,
        **asdict(agreed.facts),
        "number": agreed.number,
        "status": edition.status,
        "sha256": edition.sha256,
        "previous_sha256": edition.previous_sha256,
        "digest": agreed.digest,
        "population": agreed.facts.units,
        "n_ranked": agreed.facts.ranked,
        "proposed_by": agreed.proposed_by,
        "proposed_at_ms": agreed.proposed_at_ms,
        "confirmed_by": agreed.confirmed_by,
        "sealed_at_ms": agreed.sealed_at_ms,
        "published_by": edition.published_by or None,
        "published_at_ms": edition.published_at_ms or None,
        "correction": asdict(agreed.correction) if agreed.correction else None,
        "counts": dict(agreed.counts),
        "files": [_shown_file(agreed.files[kind]) for kind in sorted(agreed.files)],
    }


def shown_proposal(proposal: Proposal) -> Answer:
    """A proposal without its results."""
    return {
        **asdict(proposal.facts),
        "number": proposal.number,
        "state": proposal.state,
        "digest": proposal.digest,
        "proposed_by": proposal.proposed_by,
        "proposed_at_ms": proposal.proposed_at_ms,
        "confirmed_by": proposal.confirmed_by or None,
        "correction": asdict(proposal.correction) if proposal.correction else None,
        "counts": dict(proposal.counts),
        "changes": list(proposal.changes),
        "files": [_shown_file(proposal.files[kind]) for kind in sorted(proposal.files)],
    }


def shown_snapshot(snapshot: Snapshot) -> Answer:
    """A snapshot without its results."""
    held = asdict(snapshot)
    return {**held, "files": [_shown_file(snapshot.files[kind]) for kind in sorted(snapshot.files)]}


def _shown_file(file: File) -> Answer:
    return {"kind": file.kind, "sha256": file.sha256, "lines": file.lines, "bytes": file.bytes}


def _first(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 9:
        raise Refusal("not_valid", "Con trỏ trang không hợp lệ.", "This is not a cursor of this list.")
    return int(cursor)


def _after(first: int, limit: int, count: int) -> str | None:
    return str(first + limit) if first + limit < count else None
