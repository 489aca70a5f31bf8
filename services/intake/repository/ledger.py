"""The ledger: one document holds an obligation and the report that stands for it.

So report, obligation and both their events are one write. The fields of the obligation are at the top of the
document, where they are indexed; the report is JSON text under `report`, because most readers of an entry need only a
part of it, and nothing is queried inside.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace

from services.intake.domain.entry import Entry, Line, Report
from services.intake.domain.limits import NEVER_MS, ends_ms
from services.intake.repository.collections import OBLIGATIONS
from shared.events.base import State
from shared.events.obligation import ObligationState
from shared.events.report import ReportState
from shared.store.announce import unsent_of, with_events
from shared.store.documents import Between, Document, Documents, Scalar, scan

INSERT_BATCH = 500
PARSED_MAX = 1000
"""Entries that are remembered as parsed, some 15 KB each: a unit's report is held against its last one."""
LOOKS_MAX = 40
"""Reads of one page at most: a rare filter then gives a short page and a cursor, not a slow answer."""


class Ledger:
    """The entries of this store."""

    def __init__(self, store: Documents, accepted: Callable[[ReportState], None] = lambda _: None) -> None:
        """`accepted` is told of every version that was written, right after the write."""
        self._store = store
        self._accepted = accepted
        self._parsed: dict[tuple[str, int], Entry] = {}
        """Entries as this process read or wrote them last, by id and revision: the same revision is the same entry."""

    async def get(self, id: str) -> Entry | None:
        document = await self._store.get(OBLIGATIONS.name, id)
        return None if document is None else self._read(document)

    async def get_many(self, ids: Sequence[str]) -> list[Entry]:
        """Those of the entries that exist."""
        return [self._read(document) for document in await self._store.get_many(OBLIGATIONS.name, ids)]

    async def insert_many(self, obligations: Sequence[ObligationState], *, now_ms: int) -> int:
        """Write each with its event unless it is there already; gives how many were new."""
        written = 0
        for start in range(0, len(obligations), INSERT_BATCH):
            batch = [_fresh(held, now_ms) for held in obligations[start : start + INSERT_BATCH]]
            written += sum(await self._store.insert_many(OBLIGATIONS.name, batch))
        return written

    async def replace(self, held: Entry, fresh: Entry, *, now_ms: int) -> bool:
        """Write `fresh` over what was read, with the events of what changed. False when the entry has moved on."""
        states: list[State] = []
        if fresh.report is not None and (held.report is None or held.report.state != fresh.report.state):
            states.append(fresh.report.state)
        states.append(fresh.obligation)
        document = with_events({**_document(fresh), "rev": held.rev}, states, unsent=held.unsent, now_ms=now_ms)
        written = await self._store.replace(OBLIGATIONS.name, document)
        if written:
            self._remember((fresh.id, held.rev + 1), fresh)
        if written and fresh.report is not None and fresh.version > held.version:
            self._accepted(fresh.report.state)
        return written

    async def of_unit(self, plan: str, unit: str) -> dict[str, Entry]:
        """Every entry of the unit under the plan, by id."""
        return {entry.id: entry async for entry in self._scan({"plan": plan, "unit": unit})}

    async def of_year(self, plan: str, year: int, form: str | None = None) -> AsyncIterator[Entry]:
        """Every entry of the plan's year, or of one form in it."""
        equals: dict[str, Scalar] = {"plan": plan, "year": year, **({"form": form} if form else {})}
        async for entry in self._scan(equals):
            yield entry

    async def page(
        self,
        filters: Mapping[str, Scalar],
        *,
        limit: int,
        cursor: str | None,
        only: Callable[[Entry], bool] = lambda _: True,
    ) -> tuple[list[Entry], str | None]:
        """At most `limit` entries by id, and the cursor of what follows.

        One index leads; what it does not cover, and `only`, is looked at here. A page may therefore hold fewer
        entries than `limit` although more follow: the cursor alone says where the end is.
        """
        leading = _leading(filters)
        rest = {name: value for name, value in filters.items() if name not in leading}
        found: list[Entry] = []
        for _ in range(LOOKS_MAX):
            equals = {name: filters[name] for name in leading}
            page = await self._store.find(OBLIGATIONS.name, equals, limit=limit - len(found), cursor=cursor)
            matching = (doc for doc in page.documents if all(doc[name] == value for name, value in rest.items()))
            found += [entry for entry in map(_entry, matching) if only(entry)]
            cursor = page.cursor
            if cursor is None or len(found) >= limit:
                break
        return found, cursor

    async def with_ended_relief(self, now_ms: int, *, limit: int) -> list[Entry]:
        """Entries with a relief that no longer holds, longest ended first."""
        ended = Between("relief_ends_ms", below=now_ms + 1)
        page = await self._store.find(OBLIGATIONS.name, between=ended, limit=limit)
        return [_entry(document) for document in page.documents]

    async def waiting(
        self, *, due_before_ms: int | None, limit: int, cursor: str | None, only: Callable[[Entry], bool]
    ) -> tuple[list[Entry], str | None]:
        """Entries whose report waits for reviewers, those with the earliest limit first; a page may be short."""
        between = Between("review_due_ms", below=NEVER_MS if due_before_ms is None else due_before_ms)
        found: list[Entry] = []
        for _ in range(LOOKS_MAX):
            page = await self._store.find(OBLIGATIONS.name, between=between, limit=limit - len(found), cursor=cursor)
            found += [entry for entry in map(_entry, page.documents) if only(entry)]
            cursor = page.cursor
            if cursor is None or len(found) >= limit:
                break
        return found, cursor

    async def by_receipt(self, sha256: str) -> Entry | None:
        """The entry whose current report has this receipt."""
        page = await self._store.find(OBLIGATIONS.name, {"report_sha256": sha256}, limit=1)
        return _entry(page.documents[0]) if page.documents else None

    def _read(self, document: Document) -> Entry:
        key = (document["_id"], document["rev"])
        known = self._parsed.get(key)
        if known is None:
            known = _entry(document)
            self._remember(key, known)
        # What waits to be published changes without a revision.
        return replace(known, rev=document["rev"], unsent=unsent_of(document))

    def _remember(self, key: tuple[str, int], entry: Entry) -> None:
        if len(self._parsed) >= PARSED_MAX:
            self._parsed.pop(next(iter(self._parsed)))
        self._parsed[key] = entry

    async def _scan(self, equals: Mapping[str, Scalar]) -> AsyncIterator[Entry]:
        async for document in scan(self._store, OBLIGATIONS.name, equals):
            yield _entry(document)


def _leading(filters: Mapping[str, Scalar]) -> tuple[str, ...]:
    """The fields of the longest start of an index that the filters fill."""
    best: tuple[str, ...] = ()
    for index in OBLIGATIONS.indexes:
        length = 0
        while length < len(index.fields) and index.fields[length] in filters:
            length += 1
        if length > len(best):
            best = index.fields[:length]
    return best


def _fresh(obligation: ObligationState, now_ms: int) -> Document:
    return with_events(_document(Entry(obligation)), [obligation], now_ms=now_ms)


def _document(entry: Entry) -> Document:
    report = entry.report
    return {
        "_id": entry.id,
        **entry.obligation.model_dump(mode="json"),
        "has_report": report is not None,
        "phase": report.state.phase if report else "",
        "report_sha256": report.state.sha256 if report else "",
        "report": report.model_dump_json() if report else None,
        "history": [line.model_dump(mode="json") for line in entry.history],
        "relief_ends_ms": ends_ms(entry.obligation),
        "review_due_ms": _review_due_ms(report),
    }


def _review_due_ms(report: Report | None) -> int:
    """What waits for reviewers sorts by this: by its limit, then what has none; NEVER_MS while nothing waits."""
    if report is None or report.state.phase != "SUBMITTED":
        return NEVER_MS
    due_ms = report.state.review_due_at_ms
    return NEVER_MS - 1 if due_ms is None else due_ms


def _entry(document: Document) -> Entry:
    return Entry(
        obligation=ObligationState.model_validate(document),
        report=report_of(document),
        history=tuple(Line.model_validate(line) for line in document.get("history", ())),
        rev=document["rev"],
        unsent=unsent_of(document),
    )


def report_of(document: Document) -> Report | None:
    """The report that stands in a document of the ledger. Until 0.2 it was kept as a sub-document."""
    held = document["report"]
    if held is None:
        return None
    return Report.model_validate_json(held) if isinstance(held, str) else Report.model_validate(held)
