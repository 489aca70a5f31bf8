"""What was changed since an instant, and by whom: everything whose change has a line in the audit log; and the versions
that were accepted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import orjson

from services.intake.domain.audit import REGISTRY
from services.intake.domain.entry import SYSTEM
from services.intake.domain.receipts import Accepted
from services.intake.repository.collections import (
    DRAFTS,
    IMPORTS,
    KEPT_FILES,
    KEYS,
    OBLIGATIONS,
    PLANS,
    REPORT_VERSIONS,
    SEALS,
    UNITS,
)
from shared.audit.lines import Changed
from shared.store.documents import Between, Document, Documents, scan

UNKNOWN = "unknown"
_BY_THE_SYSTEM = frozenset({"materialised", "recalculated", "cancelled"})
_PAGE = 200


class ChangedDocuments:
    """The changes in this store."""

    def __init__(self, store: Documents) -> None:
        self._store = store

    async def since(self, at_ms: int) -> AsyncIterator[Changed]:
        """Changes of this instant or later. Of a thing's writes the last one, of its decisions all."""
        async for held in self._scan(PLANS.name, "published_ms", at_ms):
            yield Changed(held["plan"], (held["version"],), 1, UNKNOWN, held["published_ms"], "plan.published")
        async for held in self._scan(UNITS.name, "changed_ms", at_ms):
            ids = (held["unit"], held["_id"])
            yield Changed(REGISTRY, ids, held["revision"], UNKNOWN, held["changed_ms"], "unit.changed")
        async for held in self._scan(KEYS.name, "changed_ms", at_ms):
            by = held["created_by"] if held["changed_ms"] == held["created_ms"] else UNKNOWN
            yield Changed(REGISTRY, (held["_id"],), held["rev"], by, held["changed_ms"], "key.changed")
        async for held in self._scan(OBLIGATIONS.name, "changed_at_ms", at_ms):
            for changed in _of_entry(held, at_ms):
                yield changed
        async for changed in self._files(at_ms):
            yield changed
        async for changed in self._seals_and_drafts(at_ms):
            yield changed

    async def _files(self, at_ms: int) -> AsyncIterator[Changed]:
        async for held in self._scan(IMPORTS.name, "received_ms", at_ms):
            by, received_ms = held["sent"]["by"], held["received_ms"]
            yield Changed(REGISTRY, (held["_id"],), 1, by, received_ms, "import.received")
        async for held in self._scan(KEPT_FILES.name, "uploaded_at_ms", at_ms):
            ids, uploaded_ms = (held["sha256"],), held["uploaded_at_ms"]
            yield Changed(REGISTRY, ids, 1, held["uploaded_by"], uploaded_ms, "evidence.received")

    async def _seals_and_drafts(self, at_ms: int) -> AsyncIterator[Changed]:
        # Seals are a few a plan; one that is still being carried out has its line yet to come.
        async for held in scan(self._store, SEALS.name, {"state": "sealed"}):
            if held["at_ms"] >= at_ms:
                ids = (f"{held['plan']} {held['year']}",)
                yield Changed(held["plan"], ids, held["round"], held["by"], held["at_ms"], "year.sealed")
        async for held in self._scan(DRAFTS.name, "saved_ms", at_ms):
            obligation = str(held["_id"]).removeprefix("draft-")
            entry = await self._store.get(OBLIGATIONS.name, obligation)
            if entry is not None:
                yield Changed(entry["plan"], (obligation,), held["rev"], held["by"], held["saved_ms"], "draft.saved")

    async def accepted_since(self, at_ms: int) -> AsyncIterator[Accepted]:
        """Versions that stand in an entry changed since, and versions replaced since."""
        async for held in self._scan(REPORT_VERSIONS.name, "archived_ms", at_ms):
            yield _accepted(held["content"]["state"])
        async for held in self._scan(OBLIGATIONS.name, "changed_at_ms", at_ms):
            report = _report(held)
            if report is not None:
                yield _accepted(report["state"])

    def _scan(self, collection: str, field: str, at_ms: int) -> AsyncIterator[Document]:
        return scan(self._store, collection, between=Between(field, at_least=at_ms), page_size=_PAGE)


def _report(held: Document) -> Any:
    """The report of a ledger entry as plain values: it stands there as text."""
    report = held["report"]
    return orjson.loads(report) if isinstance(report, str) else report


def _report_id(held: Document) -> str:
    return str(held["_id"]).replace("obligation-", "report-", 1)


def _of_entry(held: Document, from_ms: int) -> Iterator[Changed]:
    """The decisions about an entry and its report since then, and its last change where none of them made it."""
    report = _report(held) or {}
    plan, ids, revision = held["plan"], (_report_id(held), held["_id"]), held["revision"]
    decided = [(told, "report") for told in report.get("decisions", ())]
    decided += [(told, "obligation") for told in held.get("history", ())]
    changed_ms = held["changed_at_ms"]
    for told, noun in decided:
        if told["at_ms"] >= from_ms and told["kind"] not in _WITHOUT_LINE:
            is_last = told["at_ms"] == changed_ms
            what = f"{noun}.{told['kind']}"
            yield Changed(plan, ids, revision if is_last else 0, str(told["by"]), told["at_ms"], what, is_decision=True)
    if all(told["at_ms"] != changed_ms for told, _ in decided):
        yield Changed(plan, ids, revision, _by(held, report), changed_ms, f"obligation.{held['cause']}")


_WITHOUT_LINE = frozenset({"sealed", "expired"})
"""Of a sealed report the seal of its year has the line; what expires does so by itself."""


def _by(held: Document, report: Document) -> str:
    """Who made the last change, when it was no decision, as far as the document says."""
    if held["cause"] in _BY_THE_SYSTEM:
        return SYSTEM
    state = report.get("state", {})
    return str(state["submitted_by"]) if state.get("received_at_ms") == held["changed_at_ms"] else UNKNOWN


def _accepted(state: Document) -> Accepted:
    return Accepted(state["plan"], state["report"], state["version"], state["sha256"], state["received_at_ms"])
